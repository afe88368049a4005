#include "jinja/loop.h"

#include "jinja/rendering.h"

namespace vlrm::jinja {

// The variable `loop`.
class Loop : public Object {
 public:
  struct Origin {
    const For* statement;
    Scope* outer;
    bool recursive;
    int depth;
  };
  Loop(Workspace& workspace, Iterator& items, std::optional<int64_t> length, Origin origin)
      : workspace_(workspace), items_(&items), length_(length), origin_(origin) {}

  std::string type_name() const override { return "LoopContext"; }
  bool callable() const override { return true; }
  std::optional<int64_t> length() override;
  std::optional<Value> attribute(Workspace& workspace, std::string_view name) override;
  Value call(Rendering& rendering, const Arguments& arguments) override;

  // The next item, which becomes the current one.
  std::optional<Value> advance();

 private:
  static Value cycle(Rendering& rendering, const Value& self, const Arguments& arguments);
  static Value changed(Rendering& rendering, const Value& self, const Arguments& arguments);
  const std::optional<Value>& peek();

  Workspace& workspace_;
  Iterator* items_;
  std::optional<int64_t> length_;
  const Origin origin_;
  int64_t index_ = -1;
  std::optional<Value> before_, current_, after_;
  std::optional<Value> last_changed_;
};

std::optional<Value> Loop::advance() {
  workspace_.step();
  auto item = after_ ? after_ : items_->next();
  after_.reset();
  if (!item) return item;
  ++index_;
  before_ = current_;
  current_ = item;
  return item;
}

const std::optional<Value>& Loop::peek() {
  if (!after_) after_ = items_->next();
  return after_;
}

// Of items without a length the rest is read.
std::optional<int64_t> Loop::length() {
  if (!length_) {
    const Value rest = workspace_.list(items_of(workspace_, Value(items_)));
    items_ = &jinja::iterate(workspace_, rest);
    length_ = static_cast<int64_t>(rest.as_items().size()) + index_ + 1 + (after_ ? 1 : 0);
  }
  return length_;
}

std::optional<Value> Loop::attribute(Workspace& workspace, std::string_view name) {
  if (name == "index") return Value::integer(index_ + 1);
  if (name == "index0") return Value::integer(index_);
  if (name == "first") return Value::boolean(index_ == 0);
  if (name == "last") return Value::boolean(!peek());
  if (name == "length") return Value::integer(*length());
  if (name == "revindex") return Value::integer(*length() - index_);
  if (name == "revindex0") return Value::integer(*length() - index_ - 1);
  if (name == "depth") return Value::integer(origin_.depth + 1);
  if (name == "depth0") return Value::integer(origin_.depth);
  if (name == "previtem") return index_ == 0 ? workspace.undefined("there is no previous item") : *before_;
  if (name == "nextitem") return peek() ? *peek() : workspace.undefined("there is no next item");
  if (name == "cycle") return Value(&workspace.object<BoundFunction>("cycle", &Loop::cycle, Value(this)));
  if (name == "changed") return Value(&workspace.object<BoundFunction>("changed", &Loop::changed, Value(this)));
  return std::nullopt;
}

Value Loop::cycle(Rendering&, const Value& self, const Arguments& arguments) {
  const auto& loop = static_cast<const Loop&>(self.as_object());
  if (arguments.positional.empty()) raise("no items for cycling given");
  return arguments.positional[static_cast<size_t>(loop.index_) % arguments.positional.size()];
}

Value Loop::changed(Rendering& rendering, const Value& self, const Arguments& arguments) {
  auto& loop = static_cast<Loop&>(self.as_object());
  const Value now = rendering.workspace.tuple(arguments.positional);
  if (loop.last_changed_ && equal(rendering.workspace, *loop.last_changed_, now)) return Value::boolean(false);
  loop.last_changed_ = now;
  return Value::boolean(true);
}

Value Loop::call(Rendering& rendering, const Arguments& arguments) {
  const Parameters parameters("loop", arguments, {"iterable"}, 1);
  if (!origin_.recursive) raise("the loop must have the 'recursive' marker to be called recursively");
  return origin_.statement->recurse(rendering, parameters.value(0), origin_.outer, origin_.depth + 1);
}

Flow For::execute(Rendering& rendering) const {
  const Value items = rendering.evaluate(*parts_.items);
  rendering.at_line(line());
  if (!parts_.recursive) return run(rendering, items, 0);
  const std::string text = rendering.capture([&] { run(rendering, items, 0); });
  rendering.write(text);
  return Flow::next;
}

Value For::recurse(Rendering& rendering, const Value& items, Scope* outer, int depth) const {
  return rendering.within(
      *outer, [&] { return rendering.workspace.text(rendering.capture([&] { run(rendering, items, depth); })); });
}

Iterator& For::chosen(Rendering& rendering, const Value& items) const {
  Iterator& all = iterate(rendering.workspace, items);
  if (!parts_.condition) return all;
  Scope& scope = rendering.new_scope(condition_layout_);
  return generate(rendering.workspace, [this, &rendering, &all, &scope]() -> std::optional<Value> {
    while (auto item = all.next()) {
      rendering.workspace.step();
      const bool taken = rendering.within(scope, [&] {
        parts_.target.assign(rendering, *item);
        return is_truthy(rendering.evaluate(*parts_.condition));
      });
      if (taken) return item;
    }
    return std::nullopt;
  });
}

Flow For::run(Rendering& rendering, const Value& items, int depth) const {
  const bool has_length = !parts_.condition && (!items.is(Value::Kind::object) || items.as_object().length());
  Iterator& chosen_items = chosen(rendering, items);
  Loop& loop = rendering.workspace.object<Loop>(rendering.workspace, chosen_items,
                                                has_length ? std::optional(length(items)) : std::nullopt,
                                                Loop::Origin{this, rendering.scope(), parts_.recursive, depth});
  return run_items(rendering, loop);
}

// An item that `break` or `continue` ended does not count as one for `else`, as in jinja2.
Flow For::run_items(Rendering& rendering, Loop& loop) const {
  Scope& scope = rendering.new_scope(layout_);
  bool any = false;
  while (const auto item = loop.advance()) {
    rendering.at_line(line());
    const Flow flow = rendering.within(scope, [&] {
      scope.clear();
      scope.set(parts_.loop, Value(&loop));
      parts_.target.assign(rendering, *item);
      return rendering.execute(parts_.body);
    });
    any = any || flow == Flow::next;
    if (flow == Flow::leave_loop) break;
  }
  scope.clear();
  if (any || parts_.otherwise.empty()) return Flow::next;
  Scope& other = rendering.new_scope(otherwise_layout_);
  return rendering.within(other, [&] { return rendering.execute(parts_.otherwise); });
}

void For::settle(const Symbols& symbols, bool conditional) {
  parts_.items->check(conditional);
  Symbols inner(&symbols);
  inner.declare(parts_.loop);
  parts_.target.declare_in(inner);
  layout_ = settle_scope(parts_.body, inner);
  Symbols other(&symbols);
  otherwise_layout_ = settle_scope(parts_.otherwise, other);
  if (parts_.condition) parts_.condition->check(false);
}

}  // namespace vlrm::jinja
