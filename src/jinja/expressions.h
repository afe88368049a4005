// Expressions of a template, as parsed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jinja/function.h"
#include "jinja/symbols.h"

namespace vlrm::jinja {

class Expression {
 public:
  using Visit = std::function<void(const Expression&)>;

  explicit Expression(int line) : line_(line) {}
  virtual ~Expression() = default;
  virtual Value evaluate(Rendering& rendering) const = 0;
  virtual void for_each_child(const Visit& visit) const { static_cast<void>(visit); }
  // Tells the names that it reads.
  virtual void collect(Symbols& symbols) const;
  // Throws Problem for a filter or test that does not exist, unless only some condition would use it.
  virtual void check(bool conditional) const;
  int line() const { return line_; }
  int height() const { return height_; }  // of the tree below it

  // Makes a node. Throws Problem where the tree becomes too high to walk through.
  template <class Node, class... Args>
  static std::unique_ptr<Node> make(int line, Args&&... args) {
    auto node = std::make_unique<Node>(line, std::forward<Args>(args)...);
    node->measure();
    return node;
  }

 private:
  static constexpr int kHeight = 200;  // about as much as Python, which jinja2 compiles to, allows
  void measure();
  const int line_;
  int height_ = 1;
};

using ExpressionPtr = std::unique_ptr<const Expression>;
using Expressions = std::vector<ExpressionPtr>;

class Constant : public Expression {
 public:
  Constant(int line, Value value) : Expression(line), value_(value) {}
  Constant(int line, std::string text)
      : Expression(line), text_(std::make_unique<Text>(std::move(text))), value_(text_.get()) {}
  Value evaluate(Rendering&) const override { return value_; }

 private:
  std::unique_ptr<const Text> text_;
  const Value value_;
};

class Name : public Expression {
 public:
  Name(int line, NameId name) : Expression(line), name_(name) {}
  Value evaluate(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override { symbols.read(name_); }
  NameId name() const { return name_; }

 private:
  const NameId name_;
};

// The text that a filter block or a block set has captured.
class Captured : public Expression {
 public:
  using Expression::Expression;
  Value evaluate(Rendering& rendering) const override;
};

class SequenceLiteral : public Expression {
 public:
  SequenceLiteral(int line, Value::Kind kind, Expressions items)
      : Expression(line), kind_(kind), items_(std::move(items)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;
  const Expressions& items() const { return items_; }
  bool is_tuple() const { return kind_ == Value::Kind::tuple; }

 private:
  const Value::Kind kind_;
  const Expressions items_;
};

class DictLiteral : public Expression {
 public:
  DictLiteral(int line, std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries)
      : Expression(line), entries_(std::move(entries)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;

 private:
  const std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries_;
};

class Binary : public Expression {
 public:
  Binary(int line, Operator op, ExpressionPtr left, ExpressionPtr right)
      : Expression(line), op_(op), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;

 private:
  const Operator op_;
  const ExpressionPtr left_, right_;
};

class Logical : public Expression {
 public:
  Logical(int line, bool is_and, ExpressionPtr left, ExpressionPtr right)
      : Expression(line), is_and_(is_and), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;

 private:
  const bool is_and_;
  const ExpressionPtr left_, right_;
};

class Unary : public Expression {
 public:
  enum class Kind { minus, plus, negation };
  Unary(int line, Kind kind, ExpressionPtr operand) : Expression(line), kind_(kind), operand_(std::move(operand)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override { visit(*operand_); }

 private:
  const Kind kind_;
  const ExpressionPtr operand_;
};

// a < b <= c: each operand is evaluated once, and only as far as needed.
class Comparison : public Expression {
 public:
  enum class Kind { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };
  using Rest = std::vector<std::pair<Kind, ExpressionPtr>>;
  Comparison(int line, ExpressionPtr first, Rest rest)
      : Expression(line), first_(std::move(first)), rest_(std::move(rest)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;

 private:
  const ExpressionPtr first_;
  const Rest rest_;
};

// a ~ b
class Concatenation : public Expression {
 public:
  Concatenation(int line, Expressions parts) : Expression(line), parts_(std::move(parts)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;

 private:
  const Expressions parts_;
};

class Conditional : public Expression {
 public:
  Conditional(int line, ExpressionPtr condition, ExpressionPtr yes, ExpressionPtr no)
      : Expression(line), condition_(std::move(condition)), yes_(std::move(yes)), no_(std::move(no)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;
  void check(bool conditional) const override;

 private:
  const ExpressionPtr condition_, yes_, no_;  // `no` may be null
};

class GetAttribute : public Expression {
 public:
  GetAttribute(int line, ExpressionPtr object, std::string name)
      : Expression(line), object_(std::move(object)), name_(std::move(name)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override { visit(*object_); }

 private:
  const ExpressionPtr object_;
  const std::string name_;
};

class GetItem : public Expression {
 public:
  GetItem(int line, ExpressionPtr object, ExpressionPtr key)
      : Expression(line), object_(std::move(object)), key_(std::move(key)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;

 private:
  const ExpressionPtr object_, key_;
};

class GetSlice : public Expression {
 public:
  struct Bounds {
    ExpressionPtr start, stop, step;  // each may be null
  };
  GetSlice(int line, ExpressionPtr object, Bounds bounds)
      : Expression(line), object_(std::move(object)), bounds_(std::move(bounds)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;

 private:
  const ExpressionPtr object_;
  const Bounds bounds_;
};

// (a, b, c=d, *e, **f)
struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr more_positional, more_named;  // each may be null
  Arguments evaluate(Rendering& rendering) const;
  void for_each_child(const Expression::Visit& visit) const;
};

class Call : public Expression {
 public:
  Call(int line, ExpressionPtr function, CallArguments arguments)
      : Expression(line), function_(std::move(function)), arguments_(std::move(arguments)) {}
  Value evaluate(Rendering& rendering) const override { return evaluate_with(rendering, nullptr); }
  Value evaluate_with(Rendering& rendering, const Value* caller) const;  // of a call block
  void for_each_child(const Visit& visit) const override;

 private:
  const ExpressionPtr function_;
  const CallArguments arguments_;
};

class FilterOrTest : public Expression {
 public:
  FilterOrTest(int line, ExpressionPtr value, const std::string& name, const NamedFunction* function,
               CallArguments arguments)
      : Expression(line),
        value_(std::move(value)),
        name_(name),
        function_(function),
        arguments_(std::move(arguments)) {}
  Value evaluate(Rendering& rendering) const override;
  void for_each_child(const Visit& visit) const override;

 protected:
  virtual const char* what() const = 0;
  void check(bool conditional) const override;

 private:
  const ExpressionPtr value_;
  const std::string name_;
  const NamedFunction* const function_;  // null: there is none of that name
  const CallArguments arguments_;
};

class Filter : public FilterOrTest {
 public:
  Filter(int line, ExpressionPtr value, const std::string& name, CallArguments arguments)
      : FilterOrTest(line, std::move(value), name, find_function(filters(), name), std::move(arguments)) {}

 protected:
  const char* what() const override { return "filter"; }
};

class Test : public FilterOrTest {
 public:
  Test(int line, ExpressionPtr value, const std::string& name, CallArguments arguments)
      : FilterOrTest(line, std::move(value), name, find_function(tests(), name), std::move(arguments)) {}

 protected:
  const char* what() const override { return "test"; }
};

}  // namespace vlrm::jinja
