#include "jinja/range.h"

#include "jinja/rendering.h"

namespace vlrm::jinja {
namespace {

class Range : public Object {
 public:
  static constexpr int64_t kLongest = 100'000;  // jinja2's sandbox has the same limit

  Range(int64_t start, int64_t stop, int64_t step) : start_(start), stop_(stop), step_(step) {
    if (step == 0) raise("range() arg 3 must not be zero");
    const auto low = static_cast<uint64_t>(step > 0 ? start : stop),
               high = static_cast<uint64_t>(step > 0 ? stop : start);
    const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
    const bool empty = step > 0 ? start >= stop : start <= stop;
    const uint64_t count = empty ? 0 : (high - low - 1) / stride + 1;
    if (count > static_cast<uint64_t>(kLongest))
      raise("range too big: the sandbox blocks ranges larger than {}", kLongest);
    count_ = static_cast<int64_t>(count);
  }
  std::string type_name() const override { return "range"; }
  std::string representation(Workspace&, int) const override {
    return step_ == 1 ? fmt::format("range({}, {})", start_, stop_)
                      : fmt::format("range({}, {}, {})", start_, stop_, step_);
  }
  bool is_truthy() const override { return count_ > 0; }
  std::optional<int64_t> length() override { return count_; }
  std::optional<Value> item(Workspace&, const Value& key) override {
    if (!key.is_integral()) return std::nullopt;
    const int64_t index = key.as_integer() < 0 ? key.as_integer() + count_ : key.as_integer();
    return index >= 0 && index < count_ ? std::optional(at(index)) : std::nullopt;
  }
  std::optional<Value> slice(Workspace& workspace, const Slice& slice) override {
    const auto [start, stop, step] = bounds_of(slice, static_cast<size_t>(count_));
    int64_t stride = 0;
    if (__builtin_mul_overflow(step, step_, &stride)) raise("the step of a range is too large");
    return Value(&workspace.object<Range>(start_ + start * step_, start_ + stop * step_, stride));
  }
  Iterator* iterate(Workspace& workspace) override {
    return &generate(workspace, [this, next = int64_t{0}]() mutable -> std::optional<Value> {
      return next < count_ ? std::optional(at(next++)) : std::nullopt;
    });
  }
  std::optional<Value> attribute(Workspace& workspace, std::string_view name) override {
    if (name == "start") return Value::integer(start_);
    if (name == "stop") return Value::integer(stop_);
    if (name == "step") return Value::integer(step_);
    if (name == "count") return Value(&workspace.object<BoundFunction>("count", &Range::count, Value(this)));
    if (name == "index") return Value(&workspace.object<BoundFunction>("index", &Range::index, Value(this)));
    return std::nullopt;
  }
  std::optional<bool> equals(Workspace&, const Object& other) const override {
    const auto* range = dynamic_cast<const Range*>(&other);
    if (!range || range->count_ != count_) return range ? std::optional(false) : std::nullopt;
    return count_ == 0 || (range->start_ == start_ && (count_ == 1 || range->step_ == step_));
  }

 private:
  std::optional<int64_t> find(Workspace& workspace, const Value& wanted) const {
    for (int64_t i = 0; i < count_; ++i)
      if (equal(workspace, at(i), wanted)) return i;
    return std::nullopt;
  }
  static Value count(Rendering& rendering, const Value& self, const Arguments& arguments) {
    const Parameters parameters("count", arguments, {"/value"}, 1);
    const auto& range = static_cast<const Range&>(self.as_object());
    return Value::integer(range.find(rendering.workspace, parameters.value(0)) ? 1 : 0);
  }
  static Value index(Rendering& rendering, const Value& self, const Arguments& arguments) {
    const Parameters parameters("index", arguments, {"/value"}, 1);
    const auto found = static_cast<const Range&>(self.as_object()).find(rendering.workspace, parameters.value(0));
    if (!found) raise("{} is not in range", representation_of(rendering.workspace, parameters.value(0)));
    return Value::integer(*found);
  }
  Value at(int64_t i) const { return Value::integer(start_ + i * step_); }
  const int64_t start_, stop_, step_;
  int64_t count_;
};

class DictView : public Object {
 public:
  DictView(const Dict& dict, DictPart part) : dict_(dict), part_(part) {}
  std::string type_name() const override {
    return part_ == DictPart::keys ? "dict_keys" : part_ == DictPart::values ? "dict_values" : "dict_items";
  }
  std::string representation(Workspace& workspace, int depth) const override {
    std::string out = type_name() + "([";
    for (size_t i = 0; i < dict_.entries().size(); ++i) {
      if (i > 0) out += ", ";
      append_representation(workspace, out, entry(workspace, i), depth + 1);
    }
    return out + "])";
  }
  bool is_truthy() const override { return !dict_.entries().empty(); }
  std::optional<int64_t> length() override { return static_cast<int64_t>(dict_.entries().size()); }
  Iterator* iterate(Workspace& workspace) override {
    return &generate(workspace, [this, &workspace, next = size_t{0}]() mutable -> std::optional<Value> {
      return next < dict_.entries().size() ? std::optional(entry(workspace, next++)) : std::nullopt;
    });
  }
  std::optional<bool> contains(Workspace& workspace, const Value& value) override {
    if (part_ == DictPart::keys) return dict_.find(workspace, value) != nullptr;
    return std::nullopt;
  }

 private:
  Value entry(Workspace& workspace, size_t i) const {
    const auto& [key, value] = dict_.entries()[i];
    if (part_ == DictPart::items) return workspace.tuple({key, value});
    return part_ == DictPart::keys ? key : value;
  }
  const Dict& dict_;
  const DictPart part_;
};

}  // namespace

Value make_range(Rendering& rendering, const Value&, const Arguments& arguments) {
  const Parameters parameters("range", arguments, {"/start", "/stop", "/step"}, 1);
  const int64_t first = parameters.integer(0, 0);
  return Value(&rendering.workspace.object<Range>(parameters.has(1) ? first : 0, parameters.integer(1, first),
                                                  parameters.integer(2, 1)));
}

Value view_of(Workspace& workspace, const Dict& dict, DictPart part) {
  return Value(&workspace.object<DictView>(dict, part));
}

}  // namespace vlrm::jinja
