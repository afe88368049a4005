#include "jinja/globals.h"

#include "jinja/range.h"
#include "jinja/rendering.h"

namespace vlrm::jinja {
namespace {

constexpr uint64_t kStepsOfADate = 1000;  // a format of few bytes may write many

// dict(mapping or pairs, name=value, …)
Dict& dict_from(Rendering& rendering, const Arguments& arguments) {
  Workspace& workspace = rendering.workspace;
  Dict& dict = workspace.dict();
  if (arguments.positional.size() > 1) raise("dict expected at most 1 argument, got {}", arguments.positional.size());
  for (const Value& source : arguments.positional) {
    if (source.is(Value::Kind::dict)) {
      for (const auto& [key, value] : source.as_dict().entries()) dict.set(workspace, key, value);
      continue;
    }
    for (const Value& pair : items_of(workspace, source)) {
      const std::vector<Value> items = items_of(workspace, pair);
      if (items.size() != 2) raise("dictionary update sequence element has length {}; 2 is required", items.size());
      dict.set(workspace, items[0], items[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) dict.set(workspace, workspace.text(name), value);
  return dict;
}

Value make_dict(Rendering& rendering, const Value&, const Arguments& arguments) {
  return Value(&dict_from(rendering, arguments));
}

Value make_namespace(Rendering& rendering, const Value&, const Arguments& arguments) {
  auto& made = rendering.workspace.object<Namespace>();
  for (const auto& [key, value] : dict_from(rendering, arguments).entries())
    made.set(rendering.workspace, key.is_text() ? key.bytes() : representation_of(rendering.workspace, key), value);
  return Value(&made);
}

Value raise_exception(Rendering& rendering, const Value&, const Arguments& arguments) {
  const Parameters parameters("raise_exception", arguments, {"message"}, 1);
  raise("{}", string_of(rendering.workspace, parameters.value(0)));
}

Value strftime_now(Rendering& rendering, const Value&, const Arguments& arguments) {
  const Parameters parameters("strftime_now", arguments, {"format"}, 1);
  rendering.workspace.step(kStepsOfADate);
  return rendering.workspace.text(rendering.clock()->format(parameters.text(0).bytes));
}

class Cycler : public Object {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {}
  std::string type_name() const override { return "Cycler"; }
  std::optional<Value> attribute(Workspace& workspace, std::string_view name) override {
    const auto bound = [&](std::string_view called, Function function) {
      return Value(&workspace.object<BoundFunction>(called, function, Value(this)));
    };
    if (name == "current") return items_[at_];
    if (name == "items") return workspace.tuple(items_);
    if (name == "pos") return Value::integer(static_cast<int64_t>(at_));
    if (name == "next") return bound("next", &Cycler::next);
    if (name == "reset") return bound("reset", &Cycler::reset);
    return std::nullopt;
  }

 private:
  static Value next(Rendering&, const Value& self, const Arguments&) {
    auto& cycler = static_cast<Cycler&>(self.as_object());
    const Value current = cycler.items_[cycler.at_];
    cycler.at_ = (cycler.at_ + 1) % cycler.items_.size();
    return current;
  }
  static Value reset(Rendering&, const Value& self, const Arguments&) {
    static_cast<Cycler&>(self.as_object()).at_ = 0;
    return {};
  }
  const std::vector<Value> items_;
  size_t at_ = 0;
};

Value make_cycler(Rendering& rendering, const Value&, const Arguments& arguments) {
  if (arguments.positional.empty()) raise("at least one item has to be provided");
  return Value(&rendering.workspace.object<Cycler>(arguments.positional));
}

class Joiner : public Object {
 public:
  explicit Joiner(Value separator) : separator_(separator) {}
  std::string type_name() const override { return "Joiner"; }
  bool callable() const override { return true; }
  Value call(Rendering& rendering, const Arguments&) override {
    if (used_) return separator_;
    used_ = true;
    return rendering.workspace.text("");
  }

 private:
  const Value separator_;
  bool used_ = false;
};

Value make_joiner(Rendering& rendering, const Value&, const Arguments& arguments) {
  const Parameters parameters("joiner", arguments, {"sep"});
  const Value separator = parameters.has(0) ? parameters.value(0) : rendering.workspace.text(", ");
  return Value(&rendering.workspace.object<Joiner>(separator));
}

constexpr NamedFunction kGlobals[] = {
    {"cycler", make_cycler},
    {"dict", make_dict},
    {"joiner", make_joiner},
    {"namespace", make_namespace},
    {"raise_exception", raise_exception},
    {"range", make_range},
    {"strftime_now", strftime_now},
};

}  // namespace

std::string Namespace::representation(Workspace& workspace, int depth) const {
  std::string out = "<Namespace ";
  append_representation(workspace, out, Value(&values_), depth + 1);
  return out + ">";
}

std::optional<Value> Namespace::attribute(Workspace&, std::string_view name) {
  const Value* found = values_.find(name);
  return found ? std::optional(*found) : std::nullopt;
}

void Namespace::set(Workspace& workspace, const std::string& name, const Value& value) {
  values_.set(workspace, workspace.text(name), value);
}

Namespace& namespace_of(const Value& value) {
  auto* found = value.is(Value::Kind::object) ? dynamic_cast<Namespace*>(&value.as_object()) : nullptr;
  if (!found) raise("cannot assign attribute on non-namespace object");
  return *found;
}

std::span<const NamedFunction> globals() {
  return kGlobals;
}

}  // namespace vlrm::jinja
