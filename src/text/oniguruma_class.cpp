// Classes of characters as Oniguruma has them, with classes, POSIX brackets and intersections within.
#include "text/oniguruma_class.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

namespace vlrm {
namespace {

constexpr int kDeepestClass = 100;

// Of characters: those of a class of PCRE2, and those that any of some patterns matches.
struct Union {
  std::string inside;
  std::vector<std::string> patterns = {};
  bool negated = false;

  bool is_one_class() const { return patterns.empty() && !inside.empty(); }
  std::string as_pattern() const {
    if (is_one_class()) return fmt::format("[{}{}]", negated ? "^" : "", inside);
    std::string either = inside.empty() ? "" : fmt::format("[{}]", inside);
    for (const std::string& pattern : patterns) either += (either.empty() ? "" : "|") + pattern;
    if (either.empty()) return negated ? std::string(kAnyCharacter) : "(?!)";
    return negated ? fmt::format("(?:(?!{}){})", either, kAnyCharacter) : fmt::format("(?:{})", either);
  }
};

class ClassReader {
 public:
  ClassReader(PatternReader& in, bool ignore_case) : in_(in), ignore_case_(ignore_case) {}

  // After the "[". What stands between "&&" is a union; all of them hold.
  Union character_class(int depth) {
    if (depth > kDeepestClass) in_.refuse("too deep a nesting");
    const size_t start = in_.at();
    const bool negated = in_.accept("^");
    std::vector<Union> parts(1);
    for (bool first = true; first || !in_.accept("]"); first = false) {
      if (in_.at_end()) in_.refuse("a class without its \"]\"");
      if (in_.accept("&&")) {
        parts.emplace_back();
      } else {
        class_item(parts.back(), depth);
      }
    }
    if (parts.size() > 1) {
      if (ignore_case_) in_.refuse_at(start, "an intersection of classes under the option i");
      std::string all = "(?:";
      for (size_t i = 0; i + 1 < parts.size(); ++i) all += fmt::format("(?={})", parts[i].as_pattern());
      all += parts.back().as_pattern() + ")";
      parts = {Union{"", {all}}};
    }
    parts.front().negated = negated;
    return std::move(parts.front());
  }

 private:
  void class_item(Union& part, int depth) {
    if (in_.accept("[:")) {
      if (const auto set = posix_bracket()) return add(part, *set);
      in_.go_to(in_.at() - 1);  // a class that begins with ":"
      return add_class(part, depth);
    }
    if (in_.accept("[")) return add_class(part, depth);
    const auto low = class_character(part);
    if (!low) return;
    part.inside += hexadecimal(*low);
    const std::string_view rest = in_.rest();
    if (!rest.starts_with("-") || rest.starts_with("-]") || rest.starts_with("-&&")) return;
    in_.accept("-");
    if (in_.rest().starts_with("[")) in_.refuse("a range that ends in a class");
    const auto high = class_character(part);
    if (!high || *high < *low) in_.refuse("a range without its end");
    (part.inside += '-') += hexadecimal(*high);
  }

  // A character, or nothing where a set was read and added.
  std::optional<char32_t> class_character(Union& part) {
    if (!in_.accept("\\")) return in_.take();
    if (in_.accept("b")) return '\b';
    if (const auto set = in_.named_set()) return add(part, *set), std::nullopt;
    return in_.escaped_character();
  }

  void add(Union& part, const CharacterSet& set) {
    if (set.by_case && ignore_case_) in_.refuse("capitals or small letters within a class under the option i");
    if (!set.negated || !set.complement.empty()) {
      part.inside += set.negated ? set.complement : set.inside;
    } else {
      part.patterns.push_back(set.as_class());
    }
  }

  void add_class(Union& part, int depth) {
    const Union inner = character_class(depth + 1);
    if (inner.is_one_class() && !inner.negated) {
      part.inside += inner.inside;
      return;
    }
    if (inner.negated && ignore_case_) in_.refuse("a negated class within a class under the option i");
    part.patterns.push_back(inner.as_pattern());
  }

  // After "[:": the set up to ":]". Nothing, and nothing is read, where that does not follow.
  std::optional<CharacterSet> posix_bracket() {
    const size_t end = in_.rest().find(']');
    if (end == std::string_view::npos || end == 0 || in_.rest()[end - 1] != ':') return std::nullopt;
    const size_t after = in_.at() + end + 1;
    const bool negated = in_.accept("^");
    auto set = posix_set(in_.rest().substr(0, after - in_.at() - 2));
    if (!set) in_.refuse("a POSIX bracket of an unknown name");
    in_.go_to(after);
    set->negated = negated;
    return set;
  }

  PatternReader& in_;
  const bool ignore_case_;
};

}  // namespace

std::string translated_class(PatternReader& in, bool ignore_case) {
  return ClassReader(in, ignore_case).character_class(0).as_pattern();
}

}  // namespace vlrm
