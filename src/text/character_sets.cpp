#include "text/character_sets.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <utility>

#include "text/unicode_additions.h"

namespace vlrm {
namespace {

using Names = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kSpace =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
constexpr std::string_view kBlank = "\\x{9}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}";
constexpr std::string_view kHexadecimal = "0-9a-fA-F";
constexpr std::string_view kControl = "\\x{0}-\\x{1f}\\x{7f}-\\x{9f}";

// What has another name here: a general category, or a property of PCRE2.
constexpr std::array kOtherNames = std::to_array<Names>({
    {"alpha", "alphabetic"},
    {"lowercase", "lower"},
    {"uppercase", "upper"},
    {"closepunctuation", "pe"},
    {"combiningmark", "m"},
    {"connectorpunctuation", "pc"},
    {"control", "cc"},
    {"currencysymbol", "sc"},
    {"dashpunctuation", "pd"},
    {"decimalnumber", "nd"},
    {"digit", "nd"},
    {"enclosingmark", "me"},
    {"finalpunctuation", "pf"},
    {"format", "cf"},
    {"initialpunctuation", "pi"},
    {"letter", "l"},
    {"letternumber", "nl"},
    {"lineseparator", "zl"},
    {"lowercaseletter", "ll"},
    {"mark", "m"},
    {"mathsymbol", "sm"},
    {"modifierletter", "lm"},
    {"modifiersymbol", "sk"},
    {"nonspacingmark", "mn"},
    {"number", "n"},
    {"openpunctuation", "ps"},
    {"other", "c"},
    {"otherletter", "lo"},
    {"othernumber", "no"},
    {"otherpunctuation", "po"},
    {"othersymbol", "so"},
    {"paragraphseparator", "zp"},
    {"privateuse", "co"},
    {"punct", "p"},
    {"punctuation", "p"},
    {"separator", "z"},
    {"space", "whitespace"},
    {"spaceseparator", "zs"},
    {"spacingmark", "mc"},
    {"surrogate", "cs"},
    {"symbol", "s"},
    {"titlecaseletter", "lt"},
    {"unassigned", "cn"},
    {"uppercaseletter", "lu"},
});
// Properties that PCRE2 spells with capitals and underscores.
constexpr std::array kProperties = std::to_array<Names>({
    {"any", "Any"},
    {"whitespace", "White_Space"},
});
constexpr std::string_view kCategories =
    " c cc cf cn co cs l ll lm lo lt lu m mc me mn n nd nl no p pc pd pe pf pi po ps s sc sk sm so z zl zp zs ";

// \p{name} with the characters of unicode_additions.h.
std::string with_additions(std::string_view property) {
  std::string set = fmt::format("\\p{{{}}}", property);
  for (const auto& [name, ranges] : kUnicodeAdditions) {
    if (!name.starts_with(property)) continue;
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

std::string alphabetic() {
  return "\\p{Alphabetic}" + with_additions("L");
}

std::string union_of(std::initializer_list<std::string_view> categories) {
  std::string set;
  for (const std::string_view category : categories) set += with_additions(category);
  return set;
}

// All that is visible, and what has no set of its own in PCRE2: format characters and private use.
std::string graphic() {
  return union_of({"L", "M", "N", "P", "S", "Cf", "Co"});
}

const std::string& word_set() {
  static const std::string set = alphabetic() + union_of({"M", "Nd", "Pc"});
  return set;
}

}  // namespace

std::optional<CharacterSet> shorthand_set(char letter) {
  switch (letter) {
    case 'w':
      return CharacterSet{word_set()};
    case 's':
      return CharacterSet{std::string(kSpace), false, "\\P{White_Space}"};
    case 'd':
      return CharacterSet{with_additions("Nd"), false, "\\P{Nd}"};
    case 'h':
      return CharacterSet{std::string(kHexadecimal)};
    default:
      return std::nullopt;
  }
}

std::string word_set_outside_classes() {
  return word_set() + "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";
}

std::optional<CharacterSet> posix_set(std::string_view name) {
  if (name == "alnum") return CharacterSet{alphabetic() + with_additions("Nd")};
  if (name == "alpha") return CharacterSet{alphabetic()};
  if (name == "ascii") return CharacterSet{"\\x{0}-\\x{7f}"};
  if (name == "blank") return CharacterSet{std::string(kBlank)};
  if (name == "cntrl") return CharacterSet{std::string(kControl)};
  if (name == "digit") return shorthand_set('d');
  if (name == "graph") return CharacterSet{graphic()};
  if (name == "lower") return CharacterSet{"\\p{Lowercase}", false, "\\P{Lowercase}", true};
  if (name == "print") return CharacterSet{graphic() + "\\p{Zs}"};
  if (name == "punct") return CharacterSet{union_of({"P", "S"})};
  if (name == "space") return shorthand_set('s');
  if (name == "upper") return CharacterSet{"\\p{Uppercase}", false, "\\P{Uppercase}", true};
  if (name == "word") return CharacterSet{word_set()};
  if (name == "xdigit") return CharacterSet{std::string(kHexadecimal)};
  return std::nullopt;
}

CharacterSet property_set(std::string_view written) {
  std::string name(written);
  for (const auto& [theirs, ours] : kOtherNames)
    if (name == theirs) name = ours;
  if (name == "lc" || name == "casedletter") return {union_of({"Ll", "Lt", "Lu"})};
  if (name == "alphabetic") return {alphabetic(), false, "\\P{Alphabetic}"};
  if (kCategories.find(fmt::format(" {} ", name)) != std::string_view::npos) {
    const bool by_case = name == "lu" || name == "ll" || name == "lt";
    name[0] = static_cast<char>(std::toupper(name[0]));
    return {with_additions(name), false, fmt::format("\\P{{{}}}", name), by_case};
  }
  for (const auto& [theirs, ours] : kProperties)
    if (name == theirs) return {fmt::format("\\p{{{}}}", ours), false, fmt::format("\\P{{{}}}", ours)};
  if (const auto posix = posix_set(name)) return *posix;
  return {with_additions("sc:" + name), false, fmt::format("\\P{{sc:{}}}", name)};
}

}  // namespace vlrm
