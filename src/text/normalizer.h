// Normalizers: what happens to text before it is split.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "text/regular_expression.h"
#include "text/text_effort.h"

namespace vlrm {

class Normalizer {
 public:
  // The "normalizer" of a tokenizer.json; null changes nothing. Throws Error naming `source`.
  Normalizer(const Json& description, const std::string& source);

  bool changes_nothing() const { return steps_.empty(); }

  // Whether the first characters of a text may be missing afterwards.
  bool may_drop_start() const;

  // `text`: well-formed UTF-8, and so is the result. Throws Error where it grows, or its
  // steps cost, out of all proportion. Thread-safe.
  std::string normalize(std::string_view text) const;

 private:
  struct Compose {  // one of Unicode's four normal forms
    int options;    // of utf8proc
  };
  struct Prepend {
    std::string prefix;
  };
  struct Replace {
    RegularExpression pattern;
    std::string by;
  };
  struct Strip {
    bool left, right;
  };
  struct Lowercase {};
  struct ByteCharacters {};
  using Step = std::variant<Compose, Prepend, Replace, Strip, Lowercase, ByteCharacters>;

  void add(const Json& description, const std::string& source);
  static std::string apply(const Compose& step, const std::string& text, TextEffort& effort);
  static std::string apply(const Prepend& step, const std::string& text, TextEffort& effort);
  static std::string apply(const Replace& step, const std::string& text, TextEffort& effort);
  static std::string apply(const Strip& step, const std::string& text, TextEffort& effort);
  static std::string apply(const Lowercase& step, const std::string& text, TextEffort& effort);
  static std::string apply(const ByteCharacters& step, const std::string& text, TextEffort& effort);

  std::vector<Step> steps_;
  std::string source_;
};

// `text` with every match replaced. Throws Error where it grows more than `effort` allows.
std::string replace_all(const RegularExpression& pattern, std::string_view text, std::string_view by,
                        const TextEffort& effort);

}  // namespace vlrm
