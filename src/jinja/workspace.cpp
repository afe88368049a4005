#include "jinja/workspace.h"

namespace vlrm::jinja {

void Workspace::take(uint64_t bytes) {
  expect(bytes);
  bytes_ += bytes;
}

void Workspace::expect(uint64_t bytes) const {
  if (bytes > kBytes - bytes_) raise("needs too much memory: more than {} MiB", kBytes >> 20);
}

Value Workspace::text(std::string bytes) {
  take(bytes.size() + sizeof(Text));
  step(1 + bytes.size() / 64);
  return Value(&texts_.emplace_back(std::move(bytes)));
}

Value Workspace::markup(std::string bytes) {
  const Value made = text(std::move(bytes));
  texts_.back().markup = true;
  return made;
}

Value Workspace::list(std::vector<Value> items) {
  take(items.size() * sizeof(Value) + sizeof(List));
  return Value::list(&lists_.emplace_back(List{std::move(items)}));
}

Value Workspace::tuple(std::vector<Value> items) {
  take(items.size() * sizeof(Value) + sizeof(List));
  return Value::tuple(&lists_.emplace_back(List{std::move(items)}));
}

Value Workspace::undefined(std::string message) {
  take(message.size() + sizeof(Undefined));
  return Value(&undefineds_.emplace_back(Undefined{std::move(message)}));
}

Dict& Workspace::dict() {
  take(sizeof(Dict));
  return dicts_.emplace_back();
}

}  // namespace vlrm::jinja
