// Numbers in bytes of a stranger, read with bounds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vlrm::detail {

class BoundedBytes {
 public:
  BoundedBytes(std::string_view bytes, bool little_endian) : bytes_(bytes), little_endian_(little_endian) {}

  // The unsigned number of `size` bytes at `offset`; nothing where the bytes end before.
  std::optional<uint64_t> number(uint64_t offset, int size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < static_cast<size_t>(size)) return std::nullopt;
    uint64_t value = 0;
    for (int i = 0; i < size; ++i) {
      const int place = little_endian_ ? size - 1 - i : i;
      value = value << 8 | static_cast<uint8_t>(bytes_[offset + static_cast<uint64_t>(place)]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool little_endian_;
};

}  // namespace vlrm::detail
