// A tokenizer.json, then, after its first zero byte, a text to encode with it and to decode again.
#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\0'), size);
  const std::string_view text = cut < size ? input.substr(cut + 1) : "It's 1234 <s> \u00e9t\u00e9  \n";
  try {
    const auto tokenizer = vlrm::Tokenizer::from_json(input.substr(0, cut), "fuzz");
    const auto ids = tokenizer.encode(text, true);
    static_cast<void>(tokenizer.decode(ids, true));
  } catch (const vlrm::Error&) {
  }
  return 0;
}
