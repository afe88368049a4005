// XXH3, of bytes that come in pieces.
#pragma once

#include <xxhash.h>

#include <memory>
#include <string>
#include <string_view>

namespace vlrm {

class Digest {
 public:
  Digest();
  void add(std::string_view bytes);
  std::string hex() const;      // 16 digits (64 bits)
  std::string hex_128() const;  // 32 digits

 private:
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_;
};

}  // namespace vlrm
