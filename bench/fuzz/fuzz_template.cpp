// A chat template, then, after its first zero byte, the variables it gets (JSON).
#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "text/chat_template.h"

namespace {

constexpr const char* kVariables = R"({
  "messages": [{"role": "user", "content": "Hi é日😀"}, {"role": "assistant", "content": [{"type": "text", "text": "x"}]}],
  "tools": [{"name": "f", "parameters": {"a": [1, 2.5, null, true]}}], "bos_token": "<s>", "x": -7, "y": 2.5,
  "add_generation_prompt": true})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\0'), size);
  static const auto clock = vlrm::TemplateClock::parse_or_throw("2025-01-01");
  try {
    const auto chat_template = vlrm::ChatTemplate::parse(input.substr(0, cut), "fuzz");
    vlrm::ChatTemplate::Input variables;
    variables.variables = vlrm::parse_ordered_json_or_throw(cut < size ? input.substr(cut + 1) : kVariables, "fuzz");
    if (!variables.variables.is_object()) return 0;
    if (variables.variables.contains("messages")) variables.messages = variables.variables["messages"];
    variables.clock = &clock;
    static_cast<void>(chat_template.render(variables));
  } catch (const vlrm::Error&) {
  }
  return 0;
}
