// Regular expressions of a tokenizer.json: Oniguruma's (Ruby's) syntax, matched by PCRE2 within budgets.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vlrm {

struct Match {
  size_t begin, end;  // bytes
};

class RegularExpression {
 public:
  // Throws Error naming `source` for what is malformed or not supported.
  RegularExpression(std::string_view oniguruma_pattern, const std::string& source);
  // Matches exactly this text, which may be anything but empty.
  static RegularExpression literal(std::string_view text, const std::string& source);
  // description["pattern"]: {"Regex": …} or {"String": …}.
  static RegularExpression from_json(const Json& description, const std::string& source);

  // Replaces `matches` by all that do not overlap, from left to right; an empty one right after another is none.
  // `text`: well-formed UTF-8. Throws Error where it takes more steps, memory or time than its budget. Thread-safe.
  void find_all(std::string_view text, std::vector<Match>& matches) const;

 private:
  struct Compiled;
  RegularExpression(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  [[noreturn]] void give_up(std::string_view why) const;
  std::shared_ptr<const Compiled> compiled_;
};

// The same expression in PCRE2's syntax (options UTF, UCP and MULTILINE, newline LF); groups capture only where the
// pattern refers to one. What the two engines disagree on is spelled out: \s, \w, \d, \h, \b, scripts, "{,n}",
// "{n,m}+", inline options, classes within classes and their intersections, POSIX brackets, numbers and names of
// groups. Throws Error naming `source` for what has no counterpart here.
std::string pcre2_from_oniguruma(std::string_view pattern, const std::string& source);

}  // namespace vlrm
