#include "jinja/value.h"

#include <algorithm>

#include "base/utf8.h"
#include "jinja/operations.h"

namespace vlrm::jinja {

Text::Text(std::string utf8) : bytes(std::move(utf8)) {
  length = utf8::count(bytes);
}

size_t Text::byte_offset(size_t index) const {
  return ascii() ? std::min(index, length) : utf8::offset_of(bytes, index);
}

const std::vector<Value>& Value::as_items() const {
  return list_->items;
}

bool Value::same_as(const Value& other) const {
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case Kind::none:
      return true;
    case Kind::boolean:
    case Kind::integer:
      return integer_ == other.integer_;
    case Kind::text:
      return text_ == other.text_ || text_->bytes == other.text_->bytes;
    default:
      return object_ == other.object_;
  }
}

template <class Equal>
std::optional<size_t> Dict::position(size_t hash, const Equal& equal) const {
  if (positions_.empty()) {
    for (size_t i = 0; i < entries_.size(); ++i)
      if (hashes_[i] == hash && equal(entries_[i].first)) return i;
    return std::nullopt;
  }
  const auto [begin, end] = positions_.equal_range(hash);
  for (auto i = begin; i != end; ++i)
    if (equal(entries_[i->second].first)) return i->second;
  return std::nullopt;
}

void Dict::set(Workspace& workspace, const Value& key, const Value& value) {
  const size_t hashed = hash(workspace, key);
  const auto found = position(hashed, [&](const Value& other) { return equal(workspace, key, other); });
  if (found) {
    entries_[*found].second = value;
    return;
  }
  workspace.take(4 * sizeof(Value));
  entries_.emplace_back(key, value);
  hashes_.push_back(hashed);
  if (entries_.size() > kScanned)
    for (size_t i = positions_.empty() ? 0 : entries_.size() - 1; i < entries_.size(); ++i)
      positions_.emplace(hashes_[i], i);
}

const Value* Dict::find(Workspace& workspace, const Value& key) const {
  workspace.step();
  const auto found = position(hash(workspace, key), [&](const Value& other) { return equal(workspace, key, other); });
  return found ? &entries_[*found].second : nullptr;
}

const Value* Dict::find(std::string_view key) const {
  const auto found = position(hash(key), [&](const Value& other) { return other.is_text() && other.bytes() == key; });
  return found ? &entries_[*found].second : nullptr;
}

std::string Object::representation(Workspace&, int) const {
  return fmt::format("<{} object>", type_name());
}
Value Object::call(Rendering&, const Arguments&) {
  raise("'{}' object is not callable", type_name());
}
std::optional<Value> Object::attribute(Workspace&, std::string_view) {
  return std::nullopt;
}
std::optional<Value> Object::item(Workspace&, const Value&) {
  return std::nullopt;
}
std::optional<Value> Object::slice(Workspace&, const Slice&) {
  return std::nullopt;
}
std::optional<int64_t> Object::length() {
  return std::nullopt;
}
Iterator* Object::iterate(Workspace&) {
  return nullptr;
}
std::optional<bool> Object::contains(Workspace&, const Value&) {
  return std::nullopt;
}
std::optional<bool> Object::equals(Workspace&, const Object&) const {
  return std::nullopt;
}

}  // namespace vlrm::jinja
