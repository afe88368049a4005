// The values that templates compute with: Python's, as far as JSON and Jinja know them.
//
// Values are small handles. What they refer to is never changed after it was made (the sandbox refuses it) and belongs
// to the rendering's workspace, or to the template for its literals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jinja/problem.h"

namespace vlrm::jinja {

class Dict;
class Iterator;
class Object;
class Rendering;
class Scope;
class Value;
class Workspace;
struct Arguments;
struct Slice;

struct Text {
  explicit Text(std::string utf8);
  std::string bytes;    // well-formed UTF-8
  size_t length;        // code points
  bool markup = false;  // marked as safe: what is added to it is escaped as HTML
  bool ascii() const { return length == bytes.size(); }
  size_t byte_offset(size_t index) const;  // where the code point with that index starts; else the end
};

struct List;

// The message for when it is used.
struct Undefined {
  std::string message;
};

class Value {
 public:
  enum class Kind : uint8_t { undefined, none, boolean, integer, real, text, list, tuple, dict, object };

  Value() : kind_(Kind::none), integer_(0) {}
  static Value boolean(bool value) { return Value(Kind::boolean, value ? 1 : 0); }
  static Value integer(int64_t value) { return Value(Kind::integer, value); }
  static Value real(double value) {
    Value result;
    result.kind_ = Kind::real;
    result.real_ = value;
    return result;
  }
  explicit Value(const Undefined* undefined) : kind_(Kind::undefined), undefined_(undefined) {}
  explicit Value(const Text* text) : kind_(Kind::text), text_(text) {}
  explicit Value(const Dict* dict) : kind_(Kind::dict), dict_(dict) {}
  explicit Value(Object* object) : kind_(Kind::object), object_(object) {}
  static Value list(const List* list) { return Value(Kind::list, list); }
  static Value tuple(const List* list) { return Value(Kind::tuple, list); }

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return kind_ == Kind::undefined; }
  bool is_none() const { return kind_ == Kind::none; }
  bool is_text() const { return kind_ == Kind::text; }
  bool is_sequence() const { return kind_ == Kind::list || kind_ == Kind::tuple; }
  bool is_integral() const { return kind_ == Kind::integer || kind_ == Kind::boolean; }
  bool is_number() const { return is_integral() || kind_ == Kind::real; }

  // Each only for a value of its kind; as_integer also for booleans, as_items for lists and tuples.
  bool as_boolean() const { return integer_ != 0; }
  int64_t as_integer() const { return integer_; }
  double as_real() const { return real_; }
  double as_number() const { return kind_ == Kind::real ? real_ : static_cast<double>(integer_); }
  const Text& as_text() const { return *text_; }
  const std::string& bytes() const { return text_->bytes; }
  const std::vector<Value>& as_items() const;
  const Dict& as_dict() const { return *dict_; }
  Object& as_object() const { return *object_; }
  const Undefined& as_undefined() const { return *undefined_; }

  // Python's `is`.
  bool same_as(const Value& other) const;

 private:
  Value(Kind kind, int64_t integer) : kind_(kind), integer_(integer) {}
  Value(Kind kind, const List* list) : kind_(kind), list_(list) {}
  Kind kind_;
  union {
    int64_t integer_;
    double real_;
    const Undefined* undefined_;
    const Text* text_;
    const List* list_;
    const Dict* dict_;
    Object* object_;
  };
};

struct List {
  std::vector<Value> items;
};

// Keeps the order of insertion, as Python's.
class Dict {
 public:
  // Both raise where the key cannot be one ("unhashable type: 'list'").
  void set(Workspace& workspace, const Value& key, const Value& value);
  const Value* find(Workspace& workspace, const Value& key) const;
  const Value* find(std::string_view key) const;
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }

 private:
  static constexpr size_t kScanned = 8;  // up to so many entries are searched one by one
  template <class Equal>
  std::optional<size_t> position(size_t hash, const Equal& equal) const;
  std::vector<std::pair<Value, Value>> entries_;
  std::vector<size_t> hashes_;
  std::unordered_multimap<size_t, size_t> positions_;  // by hash, once there are more
};

// What is neither data nor text: functions, macros, loops, namespaces, iterators, ranges, …
class Object {
 public:
  virtual ~Object() = default;
  virtual std::string type_name() const = 0;
  virtual std::string representation(Workspace& workspace, int depth) const;
  virtual bool is_truthy() const { return true; }
  virtual bool callable() const { return false; }
  virtual Value call(Rendering& rendering, const Arguments& arguments);
  virtual std::optional<Value> attribute(Workspace& workspace, std::string_view name);
  virtual std::optional<Value> item(Workspace& workspace, const Value& key);
  virtual std::optional<Value> slice(Workspace& workspace, const Slice& slice);
  virtual std::optional<int64_t> length();
  virtual Iterator* iterate(Workspace& workspace);  // null: not iterable
  virtual std::optional<bool> contains(Workspace& workspace, const Value& value);
  virtual std::optional<bool> equals(Workspace& workspace, const Object& other) const;
};

// Of one use, like Python's generators.
class Iterator : public Object {
 public:
  std::string type_name() const override { return "generator"; }
  Iterator* iterate(Workspace&) override { return this; }
  virtual std::optional<Value> next() = 0;
};

}  // namespace vlrm::jinja
