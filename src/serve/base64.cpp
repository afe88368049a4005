#include "serve/base64.h"

#include <array>
#include <cstdint>

namespace vlrm {
namespace {

constexpr int8_t kOther = -1, kSpace = -2;

constexpr std::array<int8_t, 256> values() {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<int8_t, 256> result{};
  for (auto& value : result) value = kOther;
  for (size_t i = 0; i < kDigits.size(); ++i) result[static_cast<uint8_t>(kDigits[i])] = static_cast<int8_t>(i);
  for (const char space : {' ', '\n', '\r', '\t'}) result[static_cast<uint8_t>(space)] = kSpace;
  return result;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr auto kValues = values();
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t word = 0;
  int digits = 0;
  size_t at = 0;
  for (; at < text.size() && text[at] != '='; ++at) {
    const int8_t value = kValues[static_cast<uint8_t>(text[at])];
    if (value == kSpace) continue;
    if (value == kOther) return std::nullopt;
    word = word << 6 | static_cast<uint32_t>(value);
    if (++digits < 4) continue;
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(word >> shift & 0xFF);
    word = 0;
    digits = 0;
  }
  int padding = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '=')
      ++padding;
    else if (kValues[static_cast<uint8_t>(text[at])] != kSpace)
      return std::nullopt;
  }
  if (digits == 1 || padding > 2 || (padding > 0 && digits + padding != 4)) return std::nullopt;
  if (digits >= 2) bytes += static_cast<char>(word >> (6 * digits - 8) & 0xFF);
  if (digits == 3) bytes += static_cast<char>(word >> 2 & 0xFF);
  return bytes;
}

}  // namespace vlrm
