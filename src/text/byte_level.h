// The byte-level alphabet of GPT-2: each of the 256 bytes has a visible character, so that a vocabulary of bytes can be
// written as text. Printable Latin-1 stands for itself; the rest follow from U+0100 on, so the space is "Ġ".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vlrm::byte_level {

std::string to_characters(std::string_view bytes);

// The bytes that well-formed text stands for, or nothing where one of its characters is not of the alphabet.
std::optional<std::string> to_bytes(std::string_view characters);

}  // namespace vlrm::byte_level
