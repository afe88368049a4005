// The translation of Oniguruma's syntax (doc/RE of Oniguruma, "Ruby") to PCRE2's: a recursive descent that writes PCRE2
// as it reads.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/regular_expression.h"
#include "text/unicode_additions.h"

namespace vlrm {
namespace {

constexpr int kDeepest = 100;

// Oniguruma's \w, \s and \h as the inside of a PCRE2 class.
constexpr std::string_view kSpace =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
constexpr std::string_view kHexadecimal = "0-9a-fA-F";

// Names of properties in Oniguruma (without case, spaces, hyphens and underscores) and here: a category below, or a
// property of PCRE2.
constexpr std::array kLongNames = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"alpha", "Alphabetic"},
    {"alphabetic", "Alphabetic"},
    {"any", "Any"},
    {"digit", "nd"},
    {"letter", "l"},
    {"lower", "Lowercase"},
    {"lowercase", "Lowercase"},
    {"mark", "m"},
    {"number", "n"},
    {"punct", "p"},
    {"punctuation", "p"},
    {"separator", "z"},
    {"space", "White_Space"},
    {"symbol", "s"},
    {"upper", "Uppercase"},
    {"uppercase", "Uppercase"},
    {"whitespace", "White_Space"},
});
constexpr std::string_view kCategories =
    " c cc cf cn co cs l ll lm lo lt lu m mc me mn n nd nl no p pc pd pe pf pi po ps s sc sk sm so z zl zp zs ";

// A general category as the inside of a class, with the characters that PCRE2 may not know yet.
std::string category_set(std::string_view category) {
  std::string set = fmt::format("\\p{{{}}}", category);
  for (const auto& [name, ranges] : kUnicodeAdditions) {
    if (!name.starts_with(category)) continue;
    bool in_number = false;
    for (const char c : ranges) {
      const bool is_digit = c != ' ' && c != '-';
      if (is_digit != in_number) set += is_digit ? "\\x{" : "}";
      if (c != ' ') set += c;
      in_number = is_digit;
    }
    set += '}';
  }
  return set;
}

const std::string& word_set() {
  static const std::string set = fmt::format("\\p{{Alphabetic}}{}{}{}{}", category_set("L"), category_set("M"),
                                             category_set("Nd"), category_set("Pc"));
  return set;
}

// Outside a class, Oniguruma's \w also holds six numbers of Latin-1.
constexpr std::string_view kMoreWord = "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";

std::string hexadecimal(char32_t code_point) {
  return fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(code_point));
}

bool is_ascii_letter_or_digit(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Translator {
 public:
  Translator(std::string_view pattern, const std::string& source) : pattern_(pattern), source_(source) {}

  std::string translate() {
    alternatives(0);
    if (!at_end()) refuse("an unmatched \")\"");
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail("{}: the regular expression \"{}\" has {} at byte {}, which is not supported", source_, printable(pattern_),
         what, at_);
  }

  bool at_end() const { return at_ == pattern_.size(); }
  bool accept(std::string_view text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  char32_t take() {
    if (at_end()) refuse("an unfinished part");
    const auto [code_point, length] = utf8::first(pattern_.substr(at_));
    at_ += length;
    return code_point;
  }
  std::string_view take_until(char closing) {
    const size_t end = pattern_.find(closing, at_);
    if (end == std::string_view::npos) refuse("an unfinished part");
    const std::string_view inside = pattern_.substr(at_, end - at_);
    at_ = end + 1;
    return inside;
  }

  // Up to the ")" that ends the group, which is left, or the end.
  void alternatives(int depth) {
    if (depth > kDeepest) refuse("too deep a nesting");
    while (!at_end() && pattern_[at_] != ')') {
      if (accept("|")) {
        out_ += '|';
        continue;
      }
      const size_t start = out_.size();
      if (atom(depth)) quantifiers(start);
    }
  }

  // False where what was read cannot be repeated.
  bool atom(int depth) {
    if (accept("(")) return group(depth);
    if (accept("[")) return character_class(), true;
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
    } else if (repeatable && accept("?<")) {
      take_until('>');  // a name: captures are not used
    } else if (repeatable && !accept("?:") && accept("?")) {
      return options(depth);
    }
    out_ += opening;
    group_body(depth);
    return repeatable;
  }

  void group_body(int depth) {
    alternatives(depth + 1);
    if (!accept(")")) refuse("a group without its \")\"");
    out_ += ')';
  }

  // "(?i:…)" and "(?i)", which there holds to the end of the enclosing group, over its alternatives too.
  bool options(int depth) {
    std::string letters;
    while (!at_end() && pattern_[at_] != ':' && pattern_[at_] != ')') {
      const char32_t option = take();
      if (option != 'i' && option != 'm' && option != '-') refuse("an option other than i and m");
      letters += option == 'm' ? 's' : static_cast<char>(option);  // Ruby's m lets "." match a line feed
    }
    out_ += fmt::format("(?{}:", letters);
    if (accept(":")) {
      group_body(depth);
      return true;
    }
    take();
    alternatives(depth + 1);
    out_ += ')';
    return false;
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
      out_ += fmt::format(fmt::runtime(form), word_set() + std::string(kMoreWord));
      return false;
    };
    if (accept("b")) return border("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))");
    if (accept("B")) return border("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}]))");
    for (const std::string_view anchor : {"A", "z", "Z"})
      if (accept(anchor)) return (out_ += '\\') += anchor, false;
    if (accept("R")) return out_ += "(?>\\x{d}\\x{a}|[\\x{a}-\\x{d}\\x{85}\\x{2028}\\x{2029}])", true;
    if (const auto set = shorthand()) {
      const bool is_word = set->inside == word_set();
      out_ += fmt::format("[{}{}{}]", set->negated ? "^" : "", set->inside, is_word ? kMoreWord : "");
    } else {
      literal(escaped_character());
    }
    return true;
  }

  // A set of characters that an escape stands for.
  struct Set {
    std::string inside;  // of a class
    bool negated;
    std::string complement;  // of `inside`, as the inside of a class; empty where PCRE2 has no such notation
  };

  // Nothing is read where there is none.
  std::optional<Set> shorthand() {
    for (const bool negated : {false, true}) {
      if (accept(negated ? "W" : "w")) return Set{word_set(), negated, ""};
      if (accept(negated ? "S" : "s")) return Set{std::string(kSpace), negated, "\\P{White_Space}"};
      if (accept(negated ? "D" : "d")) return Set{category_set("Nd"), negated, "\\P{Nd}"};
      if (accept(negated ? "H" : "h")) return Set{std::string(kHexadecimal), negated, ""};
      if (accept(negated ? "P{" : "p{")) return property(negated);
    }
    return std::nullopt;
  }

  Set property(bool negated) {
    std::string name;
    for (const char c : take_until('}')) {
      if (c == '^' && name.empty()) {
        negated = !negated;
      } else if (c != ' ' && c != '_' && c != '-') {
        if (!is_ascii_letter_or_digit(static_cast<unsigned char>(c))) refuse("a property of an unknown name");
        name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      }
    }
    for (const auto& [theirs, ours] : kLongNames)
      if (name == theirs) name = ours;
    if (kCategories.find(fmt::format(" {} ", name)) != std::string_view::npos) {
      name[0] = static_cast<char>(std::toupper(name[0]));
      return {category_set(name), negated, fmt::format("\\P{{{}}}", name)};
    }
    const bool is_script = name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
    if (name == "Alphabetic")
      return {fmt::format("\\p{{Alphabetic}}{}", category_set("L")), negated, "\\P{Alphabetic}"};
    name.insert(0, is_script ? "sc:" : "");
    return {fmt::format("\\p{{{}}}", name), negated, fmt::format("\\P{{{}}}", name)};
  }

  // After the backslash: an escape that stands for one character.
  char32_t escaped_character() {
    const char32_t c = take();
    switch (c) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case 'a':
        return '\a';
      case 'e':
        return 0x1B;
      case 'x':
        return accept("{") ? from_hexadecimal(take_until('}'), 0x10FFFF) : from_hexadecimal(take_digits(2), 0x7F);
      case 'u':
        return from_hexadecimal(take_digits(4), 0xFFFF);
      default:
        break;
    }
    if (is_ascii_letter_or_digit(c)) refuse("an escape of an unknown kind");
    return c;
  }

  std::string_view take_digits(size_t most) {
    size_t count = 0;
    const auto is_digit = [&](size_t i) {
      return i < pattern_.size() && std::isxdigit(static_cast<unsigned char>(pattern_[i])) != 0;
    };
    while (count < most && is_digit(at_ + count)) ++count;
    at_ += count;
    return pattern_.substr(at_ - count, count);
  }

  char32_t from_hexadecimal(std::string_view digits, uint32_t most) const {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size() || value > most ||
        (value >= 0xD800 && value <= 0xDFFF))
      refuse("a character code that stands for none");
    return value;
  }

  // After the "[".
  void character_class() {
    out_ += accept("^") ? "[^" : "[";
    for (bool first = true; first || !accept("]"); first = false) {
      if (at_end()) refuse("a class without its \"]\"");
      if (pattern_.substr(at_).starts_with("&&")) refuse("an intersection of classes");
      if (accept("[")) refuse("a class within a class");
      const auto low = class_item();
      if (!low) continue;
      out_ += hexadecimal(*low);
      if (!pattern_.substr(at_).starts_with("-") || pattern_.substr(at_).starts_with("-]")) continue;
      accept("-");
      if (pattern_.substr(at_).starts_with("[")) refuse("a class within a class");
      const auto high = class_item();
      if (!high || *high < *low) refuse("a range without its end");
      (out_ += '-') += hexadecimal(*high);
    }
    out_ += ']';
  }

  // A character, or nothing where a set was read and written.
  std::optional<char32_t> class_item() {
    if (!accept("\\")) return take();
    if (accept("b")) return '\b';
    if (const auto set = shorthand()) {
      if (set->negated && set->complement.empty()) refuse("a negated set within a class");
      out_ += set->negated ? set->complement : set->inside;
      return std::nullopt;
    }
    return escaped_character();
  }

  const std::string_view pattern_;
  const std::string& source_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string pcre2_from_oniguruma(std::string_view pattern, const std::string& source) {
  return Translator(pattern, source).translate();
}

}  // namespace vlrm
