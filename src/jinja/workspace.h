// What one rendering may use. The workspace owns every value made on the way (they may refer to each other in circles)
// and counts steps and bytes, so that no template runs for ever or fills the memory.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "jinja/value.h"

namespace vlrm::jinja {

class Workspace {
 public:
  static constexpr uint64_t kSteps = 20'000'000;
  static constexpr uint64_t kBytes = uint64_t{128} << 20;
  static constexpr int kDepth = 1000;   // of nodes within nodes, through macros that call each other
  static constexpr int kNesting = 100;  // of values in values, as far as anything walks through them

  // Raise where a budget is spent. A step is one node evaluated, one item visited, 64 bytes looked at or 2 bytes whose
  // characters are.
  void step(uint64_t count = 1) {
    steps_ += count;
    if (steps_ > kSteps) raise("runs too long: more than {} steps", kSteps);
  }
  void look_at(const Text& text) { step(1 + text.bytes.size() / 64); }
  void look_at_characters(std::string_view text) { step(1 + text.size() / 2); }
  void take(uint64_t bytes);
  void expect(uint64_t bytes) const;  // what would be taken soon

  Value text(std::string bytes);
  Value markup(std::string bytes);
  Value character(std::string_view bytes) { return text(std::string(bytes)); }
  Value list(std::vector<Value> items);
  Value tuple(std::vector<Value> items);
  Value undefined(std::string message);
  Dict& dict();
  template <class T, class... Args>
  T& object(Args&&... args) {
    take(sizeof(T) + 32);
    auto owned = std::make_unique<T>(std::forward<Args>(args)...);
    T& object = *owned;
    objects_.push_back(std::move(owned));
    return object;
  }

 private:
  friend class Deeper;
  uint64_t steps_ = 0, bytes_ = 0;
  int depth_ = 0;
  std::deque<Text> texts_;
  std::deque<List> lists_;
  std::deque<Dict> dicts_;
  std::deque<Undefined> undefineds_;
  std::vector<std::unique_ptr<Object>> objects_;
};

// A guard for what may call itself on a template's behalf.
class Deeper {
 public:
  explicit Deeper(Workspace& workspace) : depth_(workspace.depth_) {
    if (depth_ >= Workspace::kDepth)
      raise("is nested too deep: more than {} levels (a macro that calls itself for ever?)", Workspace::kDepth);
    ++depth_;
  }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  ~Deeper() { --depth_; }

 private:
  int& depth_;
};

// A guard for functions that walk through values in values.
class Nesting {
 public:
  explicit Nesting(int depth) {
    if (depth > Workspace::kNesting) raise("values are nested more than {} deep", Workspace::kNesting);
  }
};

}  // namespace vlrm::jinja
