#include "text/byte_level.h"

#include <array>

#include "base/utf8.h"

namespace vlrm::byte_level {
namespace {

constexpr size_t kCharacters = 0x100 + 68;  // 68 bytes do not stand for themselves

struct Alphabet {
  std::array<char32_t, 256> of_byte{};
  std::array<int, kCharacters> byte_of{};  // -1: not of the alphabet
};

constexpr bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.byte_of.fill(-1);
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const char32_t character = stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
    alphabet.of_byte[static_cast<size_t>(byte)] = character;
    alphabet.byte_of[character] = byte;
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string to_characters(std::string_view bytes) {
  std::string characters;
  characters.reserve(bytes.size() * 2);
  for (const char byte : bytes) utf8::append(characters, kAlphabet.of_byte[static_cast<uint8_t>(byte)]);
  return characters;
}

std::optional<std::string> to_bytes(std::string_view characters) {
  std::string bytes;
  bytes.reserve(characters.size());
  while (!characters.empty()) {
    const auto [character, length] = utf8::first(characters);
    if (character >= kCharacters || kAlphabet.byte_of[character] < 0) return std::nullopt;
    bytes += static_cast<char>(static_cast<uint8_t>(kAlphabet.byte_of[character]));
    characters.remove_prefix(length);
  }
  return bytes;
}

}  // namespace vlrm::byte_level
