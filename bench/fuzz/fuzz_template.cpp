// A Jinja template, then, after its first zero byte, the variables it gets (JSON).
#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "jinja/template.h"

namespace {

constexpr const char* kVariables = R"({
  "messages": [{"role": "user", "content": "Hi é日😀"}, {"role": "assistant", "content": [{"type": "text", "text": "x"}]}],
  "tools": [{"name": "f", "parameters": {"a": [1, 2.5, null, true]}}], "bos_token": "<s>", "x": -7, "y": 2.5,
  "add_generation_prompt": true})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\0'), size);
  if (vlrm::utf8::first_invalid(input.substr(0, cut))) return 0;
  static const auto clock = vlrm::jinja::Clock::parse_or_throw("2025-01-01");
  try {
    const auto variables = vlrm::parse_ordered_json_or_throw(cut < size ? input.substr(cut + 1) : kVariables, "fuzz");
    if (!variables.is_object()) return 0;
    static_cast<void>(vlrm::jinja::Template::parse(input.substr(0, cut)).render(variables, &clock));
  } catch (const vlrm::Error&) {
  } catch (const vlrm::jinja::Problem&) {
  }
  return 0;
}
