// Base64 (RFC 4648, section 4), as data: URLs carry it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vlrm {

// Nothing for what is not base64. Padding may be missing; white space is skipped.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace vlrm
