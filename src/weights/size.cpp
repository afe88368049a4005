#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "weights/save.h"

namespace vlrm {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 10> kUnits{{{"", 1},
                                                                      {"B", 1},
                                                                      {"KB", 1e3},
                                                                      {"MB", 1e6},
                                                                      {"GB", 1e9},
                                                                      {"TB", 1e12},
                                                                      {"KIB", 0x1p10},
                                                                      {"MIB", 0x1p20},
                                                                      {"GIB", 0x1p30},
                                                                      {"TIB", 0x1p40}}};

}  // namespace

int64_t parse_size_or_throw(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  std::string unit(rest, end);
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const auto& [name, factor] : kUnits) {
    const double bytes = number * factor;
    if (error == std::errc() && unit == name && bytes >= 1 && bytes <= 0x1p62) return static_cast<int64_t>(bytes);
  }
  fail("\"{}\" is not a size: write 5GB, 500MB, 1GiB or a number of bytes", printable(text));
}

int64_t parse_short_size_or_throw(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  std::string letter(rest, end);
  for (char& c : letter) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const auto& [name, factor] : {std::pair("", int64_t{1}), {"K", 1'000}, {"M", 1'000'000}, {"B", 1'000'000'000}})
    if (error == std::errc() && number >= 1 && number <= INT64_MAX / factor && letter == name) return number * factor;
  fail("\"{}\" is not a size: write 5B (billion), 500M or a number of bytes", printable(text));
}

}  // namespace vlrm
