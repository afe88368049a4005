// The translation of Oniguruma's syntax (doc/RE of Oniguruma, "Ruby") to PCRE2's: a recursive descent that writes PCRE2
// as it reads.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "text/oniguruma_class.h"
#include "text/pattern_reader.h"
#include "text/regular_expression.h"

namespace vlrm {
namespace {

constexpr int kDeepest = 100;

// The groups of a pattern, which are counted while it is read and needed before that.
struct Groups {
  bool are_referred_to = false;
  int count = 0;                                  // of those that capture
  std::map<std::string, std::vector<int>> named;  // their numbers; then groups without a name do not capture
};

class Translator : private PatternReader {
 public:
  // `groups`: those of the pattern, where it refers to them; else none captures.
  Translator(std::string_view pattern, const std::string& source, const Groups* groups = nullptr)
      : PatternReader(pattern, source), known_(groups) {}

  std::string translate() {
    alternatives(0);
    if (!at_end()) refuse("an unmatched \")\"");
    return std::move(out_);
  }
  const Groups& groups() const { return found_; }

 private:
  // Up to the ")" that ends the group, which is left, or the end.
  void alternatives(int depth) {
    if (depth > kDeepest) refuse("too deep a nesting");
    while (skip_comments(), !at_end() && pattern_[at_] != ')') {
      if (accept("|")) {
        out_ += '|';
        continue;
      }
      const size_t start = out_.size();
      if (atom(depth)) quantifiers(start);
    }
  }

  // White space and what follows a "#", where the option x is on.
  void skip_comments() {
    while (options_.extended && !at_end()) {
      if (pattern_[at_] == '#') {
        at_ = std::min(pattern_.find('\n', at_), pattern_.size());
      } else if (std::string_view(" \t\n\r\f\v").find(pattern_[at_]) == std::string_view::npos) {
        return;
      } else {
        ++at_;
      }
    }
  }

  // False where what was read cannot be repeated.
  bool atom(int depth) {
    if (accept("(")) return group(depth);
    if (accept("[")) return out_ += translated_class(*this, options_.ignore_case), true;
    if (accept("\\")) return escape();
    if (accept(".")) return out_ += '.', true;
    if (accept("^")) return out_ += '^', false;
    if (accept("$")) return out_ += '$', false;
    if (pattern_[at_] == '*' || pattern_[at_] == '+' || pattern_[at_] == '?') refuse("a repetition of nothing");
    literal(take());
    return true;
  }

  void literal(char32_t code_point) {
    if (is_ascii_letter_or_digit(code_point)) {
      out_ += static_cast<char>(code_point);
    } else {
      out_ += hexadecimal(code_point);
    }
  }

  bool group(int depth) {
    if (accept("?#")) {
      take_until(')');
      return false;
    }
    bool repeatable = true;
    std::string opening = "(?:";
    for (const std::string_view look : {"?=", "?!", "?<=", "?<!"}) {
      if (accept(look)) {
        opening = fmt::format("({}", look);
        repeatable = false;
        break;
      }
    }
    if (repeatable && accept("?>")) {
      opening = "(?>";
    } else if (repeatable && (accept("?<") || accept("?'"))) {
      const std::string name(take_until(pattern_[at_ - 1] == '<' ? '>' : '\''));
      found_.named[name].push_back(++found_.count);
      if (known_) opening = "(";
    } else if (repeatable && !accept("?:")) {
      if (accept("?")) return options(depth);
      const bool captures = !known_ || known_->named.empty();
      if (captures) ++found_.count;
      if (captures && known_) opening = "(";
    }
    out_ += opening;
    group_body(depth);
    return repeatable;
  }

  void group_body(int depth) {
    const Options outside = options_;
    alternatives(depth + 1);
    options_ = outside;
    if (!accept(")")) refuse("a group without its \")\"");
    out_ += ')';
  }

  // "(?i:…)" and "(?i)", which there holds to the end of the enclosing group, over its alternatives too.
  bool options(int depth) {
    const Options outside = options_;
    std::string letters;
    bool on = true;
    while (!at_end() && pattern_[at_] != ':' && pattern_[at_] != ')') {
      const char32_t option = take();
      if (option == '-') {
        on = false;
        letters += '-';
      } else if (option == 'x') {
        options_.extended = on;
      } else if (option == 'i') {
        options_.ignore_case = on;
        letters += 'i';
      } else if (option == 'm') {
        letters += 's';  // Ruby's m lets "." match a line feed
      } else {
        refuse("an option other than i, m and x");
      }
    }
    out_ += fmt::format("(?{}:", letters);
    const bool has_body = accept(":");
    if (has_body) {
      group_body(depth);
    } else {
      take();
      alternatives(depth + 1);
      out_ += ')';
    }
    options_ = outside;
    return has_body;
  }

  void quantifiers(size_t start) {
    for (bool first = true;; first = false) {
      const auto quantifier = take_quantifier();
      if (!quantifier) return;
      if (!first) enclose(start);
      out_ += *quantifier;
      const bool interval = quantifier->front() == '{';
      if (interval && quantifier->find(',') == std::string::npos && accept("?")) {
        enclose(start);  // "{n}?" is an optional "{n}"
        out_ += '?';
      } else if (accept("?")) {
        out_ += '?';
      } else if (!interval && accept("+")) {
        out_ += '+';
      }
    }
  }

  void enclose(size_t start) {
    out_.insert(start, "(?:");
    out_ += ')';
  }

  std::optional<std::string> take_quantifier() {
    skip_comments();
    for (const std::string_view simple : {"*", "+", "?"})
      if (accept(simple)) return std::string(simple);
    if (at_end() || pattern_[at_] != '{') return std::nullopt;
    const size_t end = pattern_.find('}', at_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view inside = pattern_.substr(at_ + 1, end - at_ - 1);
    const size_t comma = inside.find(',');
    const std::string_view low = inside.substr(0, comma);
    const std::string_view high = comma == std::string_view::npos ? std::string_view() : inside.substr(comma + 1);
    const auto is_number = [](std::string_view digits) {
      return std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (!is_number(low) || !is_number(high) || (low.empty() && high.empty())) return std::nullopt;  // a literal "{"
    at_ = end + 1;
    return fmt::format("{{{}{}{}}}", low.empty() ? "0" : low, comma == std::string_view::npos ? "" : ",", high);
  }

  // After the backslash, outside a class. False where what was read cannot be repeated.
  bool escape() {
    const auto border = [this](std::string_view form) {
      out_ += fmt::format(fmt::runtime(form), word_set_outside_classes());
      return false;
    };
    if (accept("b")) return border("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))");
    if (accept("B")) return border("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}]))");
    for (const std::string_view anchor : {"A", "z", "Z"})
      if (accept(anchor)) return (out_ += '\\') += anchor, false;
    if (accept("R")) return out_ += "(?>\\x{d}\\x{a}|[\\x{a}-\\x{d}\\x{85}\\x{2028}\\x{2029}])", true;
    if (accept("N")) return out_ += "[^\\x{a}]", true;
    if (accept("O")) return out_ += kAnyCharacter, true;
    if (accept("X")) return out_ += "\\X", true;
    if (reference()) return true;
    const bool is_word = !at_end() && (pattern_[at_] == 'w' || pattern_[at_] == 'W');
    if (auto set = named_set()) {
      if (is_word) set->inside = word_set_outside_classes();
      out_ += set->as_class();
    } else {
      literal(escaped_character());
    }
    return true;
  }

  // After the backslash: "1", "k<name>" or "k<-1>", which match again what a group matched; "g<name>", which stands for
  // the group itself. Without one, reads nothing and returns false.
  bool reference() {
    const size_t start = at_;
    if (!at_end() && pattern_[at_] >= '1' && pattern_[at_] <= '9') {
      const size_t end = std::min(pattern_.find_first_not_of("0123456789", at_), pattern_.size());
      const auto number = numbered_group(pattern_.substr(at_, end - at_));
      if (!number || (*number > 9 && *number > found_.count)) return false;  // an octal code
      at_ = end;
      refer("\\g{{{}}}", {*number}, start);
      return true;
    }
    const bool again = accept("k<") || accept("k'");
    if (!again && !accept("g<") && !accept("g'")) return false;
    const std::string name(take_until(pattern_[at_ - 1] == '<' ? '>' : '\''));
    refer(again ? "\\g{{{}}}" : "(?{})", groups_called(name, again, start), start);
    return true;
  }

  // "7", "-1" or "+1"; nothing for text that is not a number.
  std::optional<int> numbered_group(std::string_view text) const {
    const char sign = text.empty() ? '0' : text.front();
    if (sign == '+' || sign == '-') text.remove_prefix(1);
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
    if (sign == '+') return found_.count + number;
    return sign == '-' ? found_.count + 1 - number : number;
  }

  // The last of several groups with one name is the first to be tried. What is matched again stands before.
  std::vector<int> groups_called(const std::string& name, bool again, size_t start) {
    if (const auto number = numbered_group(name)) return {*number};
    if (!known_) return {0};
    const auto& named = again ? found_.named : known_->named;
    const auto found = named.find(name);
    if (found == named.end() || (!again && found->second.size() > 1))
      refuse_at(start, "a reference to an unknown group");
    return {found->second.rbegin(), found->second.rend()};
  }

  void refer(std::string_view form, const std::vector<int>& groups, size_t start) {
    found_.are_referred_to = true;
    if (!known_) return;
    const bool calls = form.starts_with('(');
    for (const int group : groups)
      if (group < (calls ? 0 : 1) || group > known_->count) refuse_at(start, "a reference to an unknown group");
    const char* separator = "(?:";
    for (const int group : groups) {
      out_ += separator + fmt::format(fmt::runtime(form), group);
      separator = "|";
    }
    out_ += ')';
  }

  struct Options {
    bool ignore_case = false, extended = false;
  };

  const Groups* const known_;
  Groups found_;
  Options options_;
  std::string out_;
};

}  // namespace

std::string pcre2_from_oniguruma(std::string_view pattern, const std::string& source) {
  Translator without_captures(pattern, source);
  std::string translated = without_captures.translate();
  if (!without_captures.groups().are_referred_to) return translated;
  Translator counting(pattern, source, &without_captures.groups());  // knows whether groups have names
  counting.translate();
  return Translator(pattern, source, &counting.groups()).translate();
}

}  // namespace vlrm
