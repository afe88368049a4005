#include "serve/api_keys.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace vlrm {
namespace {

bool equal(const std::string& key, std::string_view given) {
  volatile unsigned different = key.size() == given.size() ? 0 : 1;
  for (size_t i = 0; i < key.size(); ++i) {
    const char other = given.empty() ? '\0' : given[i % given.size()];
    different = different | static_cast<unsigned char>(key[i] ^ other);
  }
  return different == 0;
}

}  // namespace

bool ApiKeys::is_fit(const std::string& key) {
  return !key.empty() && std::ranges::all_of(key, [](unsigned char c) { return c > ' ' && c < 127; });
}

bool ApiKeys::admit(const std::string& authorization) const {
  constexpr std::string_view kBearer = "bearer ";
  std::string scheme = authorization.substr(0, kBearer.size());
  for (char& c : scheme)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  bool found = false;
  const std::string_view given = std::string_view(authorization).substr(std::min(authorization.size(), kBearer.size()));
  for (const std::string& key : keys_) found = equal(key, given) || found;
  return found && scheme == kBearer;
}

}  // namespace vlrm
