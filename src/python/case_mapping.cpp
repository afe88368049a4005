// Full case mappings (Unicode's SpecialCasing.txt, the unconditional ones and the final sigma); utf8proc has the simple
// ones, which map one character to one.
#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "python/text.h"

namespace vlrm::python {
namespace {

struct Expansion {
  char32_t from;
  std::u32string_view upper;
};

// Sorted. U+1F80 … U+1FAF follow a rule instead.
constexpr std::array kExpansions = std::to_array<Expansion>({
    {0x00DF, U"SS"},
    {0x0149, U"\u02BCN"},
    {0x01F0, U"J\u030C"},
    {0x0390, U"\u0399\u0308\u0301"},
    {0x03B0, U"\u03A5\u0308\u0301"},
    {0x0587, U"\u0535\u0552"},
    {0x1E96, U"H\u0331"},
    {0x1E97, U"T\u0308"},
    {0x1E98, U"W\u030A"},
    {0x1E99, U"Y\u030A"},
    {0x1E9A, U"A\u02BE"},
    {0x1F50, U"\u03A5\u0313"},
    {0x1F52, U"\u03A5\u0313\u0300"},
    {0x1F54, U"\u03A5\u0313\u0301"},
    {0x1F56, U"\u03A5\u0313\u0342"},
    {0x1FB2, U"\u1FBA\u0399"},
    {0x1FB3, U"\u0391\u0399"},
    {0x1FB4, U"\u0386\u0399"},
    {0x1FB6, U"\u0391\u0342"},
    {0x1FB7, U"\u0391\u0342\u0399"},
    {0x1FBC, U"\u0391\u0399"},
    {0x1FC2, U"\u1FCA\u0399"},
    {0x1FC3, U"\u0397\u0399"},
    {0x1FC4, U"\u0389\u0399"},
    {0x1FC6, U"\u0397\u0342"},
    {0x1FC7, U"\u0397\u0342\u0399"},
    {0x1FCC, U"\u0397\u0399"},
    {0x1FD2, U"\u0399\u0308\u0300"},
    {0x1FD3, U"\u0399\u0308\u0301"},
    {0x1FD6, U"\u0399\u0342"},
    {0x1FD7, U"\u0399\u0308\u0342"},
    {0x1FE2, U"\u03A5\u0308\u0300"},
    {0x1FE3, U"\u03A5\u0308\u0301"},
    {0x1FE4, U"\u03A1\u0313"},
    {0x1FE6, U"\u03A5\u0342"},
    {0x1FE7, U"\u03A5\u0308\u0342"},
    {0x1FF2, U"\u1FFA\u0399"},
    {0x1FF3, U"\u03A9\u0399"},
    {0x1FF4, U"\u038F\u0399"},
    {0x1FF6, U"\u03A9\u0342"},
    {0x1FF7, U"\u03A9\u0342\u0399"},
    {0x1FFC, U"\u03A9\u0399"},
    {0xFB00, U"FF"},
    {0xFB01, U"FI"},
    {0xFB02, U"FL"},
    {0xFB03, U"FFI"},
    {0xFB04, U"FFL"},
    {0xFB05, U"ST"},
    {0xFB06, U"ST"},
    {0xFB13, U"\u0544\u0546"},
    {0xFB14, U"\u0544\u0535"},
    {0xFB15, U"\u0544\u053B"},
    {0xFB16, U"\u054E\u0546"},
    {0xFB17, U"\u0544\u053D"},
});

constexpr char32_t kCapitalIota = 0x0399, kCombiningIota = 0x0345;

char32_t simple_lower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

const Expansion* expansion_of(char32_t c) {
  const auto found =
      std::lower_bound(kExpansions.begin(), kExpansions.end(), c,
                       [](const Expansion& expansion, char32_t point) { return expansion.from < point; });
  return found != kExpansions.end() && found->from == c ? found : nullptr;
}

bool has_greek_iota(char32_t c) {
  return c >= 0x1F80 && c <= 0x1FAF;
}

void append_upper(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  } else if (has_greek_iota(c)) {
    static constexpr char32_t kRows[] = {0x1F08, 0x1F28, 0x1F68};
    utf8::append(out, kRows[(c - 0x1F80) / 16] + (c & 7));
    utf8::append(out, kCapitalIota);
  } else if (const Expansion* expansion = expansion_of(c)) {
    for (const char32_t point : expansion->upper) utf8::append(out, point);
  } else {
    utf8::append(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
  }
}

void append_title(std::string& out, char32_t c) {
  const Expansion* expansion = expansion_of(c);
  if (!expansion) {
    utf8::append(out, static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
    return;
  }
  for (size_t i = 0; i < expansion->upper.size(); ++i) {
    const char32_t point = expansion->upper[i];
    if (i == 0 || c == 0x0149) {
      utf8::append(out, c == 0x1FB3 || c == 0x1FC3 || c == 0x1FF3 ? c + 9 : point);
      if (c == 0x1FB3 || c == 0x1FC3 || c == 0x1FF3 || c == 0x1FBC || c == 0x1FCC || c == 0x1FFC) return;
    } else {
      utf8::append(out, point == kCapitalIota ? kCombiningIota : simple_lower(point));
    }
  }
}

bool is_case_ignorable(char32_t c) {
  static constexpr std::u32string_view kMarks =
      U"'.:^`\u00A8\u00AD\u00AF\u00B4\u00B7\u00B8\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07"
      U"\uFF0E\uFF1A";
  if (kMarks.find(c) != kMarks.npos) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return false;
  }
}

// A capital sigma at the end of a word has a form of its own in lower case.
bool is_final_sigma(const std::vector<char32_t>& points, size_t at) {
  size_t before = at;
  while (before > 0 && is_case_ignorable(points[before - 1])) --before;
  if (before == 0 || !is_cased(points[before - 1])) return false;
  size_t after = at + 1;
  while (after < points.size() && is_case_ignorable(points[after])) ++after;
  return after == points.size() || !is_cased(points[after]);
}

void append_lower(std::string& out, const std::vector<char32_t>& points, size_t at) {
  const char32_t c = points[at];
  if (c < 0x80) {
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  } else if (c == 0x0130) {
    out += "i\u0307";
  } else if (c == 0x03A3) {
    utf8::append(out, is_final_sigma(points, at) ? 0x03C2 : 0x03C3);
  } else {
    utf8::append(out, simple_lower(c));
  }
}

}  // namespace

std::string upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : code_points(text)) append_upper(out, c);
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const std::vector<char32_t> points = code_points(text);
  for (size_t i = 0; i < points.size(); ++i) append_lower(out, points, i);
  return out;
}

std::string title(std::string_view text) {
  std::string out;
  const std::vector<char32_t> points = code_points(text);
  bool in_word = false;
  for (size_t i = 0; i < points.size(); ++i) {
    if (in_word) {
      append_lower(out, points, i);
    } else {
      append_title(out, points[i]);
    }
    in_word = is_cased(points[i]);
  }
  return out;
}

std::string capitalized(std::string_view text) {
  std::string out;
  const std::vector<char32_t> points = code_points(text);
  if (!points.empty()) append_title(out, points[0]);
  for (size_t i = 1; i < points.size(); ++i) append_lower(out, points, i);
  return out;
}

std::string swapped_case(std::string_view text) {
  std::string out;
  const std::vector<char32_t> points = code_points(text);
  for (size_t i = 0; i < points.size(); ++i) {
    if (is_upper(points[i])) {
      append_lower(out, points, i);
    } else if (is_lower(points[i])) {
      append_upper(out, points[i]);
    } else {
      utf8::append(out, points[i]);
    }
  }
  return out;
}

}  // namespace vlrm::python
