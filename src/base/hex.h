#pragma once

#include <fmt/format.h>

#include <span>
#include <string>

namespace vlrm {

// Two digits for each byte, in small letters.
inline std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace vlrm
