#include "artifact/output_template.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kLargestTemplate = int64_t{1} << 20;  // bytes

// The formats as their models' makers describe them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kNamed{{
    {"chatml",
     "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' "
     "}}"
     "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"},
    {"llama3",
     "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + "
     "'<|end_header_id|>\\n\\n' + "
     "message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
     "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"},
    {"alpaca",
     "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}"
     "{% elif message['role'] == 'user' %}{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}"
     "{% else %}{{ '### Response:\\n' + message['content'] + eos_token + '\\n\\n' }}{% endif %}{% endfor %}"
     "{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}"},
    {"mistral",
     "{{ bos_token }}{% set first = namespace(words='') %}{% for message in messages %}"
     "{% if message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}"
     "{% elif message['role'] == 'system' %}{% set first.words = message['content'] + '\\n\\n' %}"
     "{% else %}{{ '[INST] ' + first.words + message['content'] + ' [/INST]' }}{% set first.words = '' %}"
     "{% endif %}{% endfor %}"},
    {"exaone",
     "{% for message in messages %}{{ '[|' + message['role'] + '|]' + message['content'] }}"
     "{% if message['role'] == 'user' %}{{ '\\n' }}{% else %}{{ '[|endofturn|]\\n' }}{% endif %}{% endfor %}"
     "{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}"},
}};

// Nothing where a model has none, or several.
std::optional<std::string> template_of(const fs::path& model) {
  const fs::path written = model / "chat_template.jinja", config = model / "tokenizer_config.json";
  if (fs::exists(written)) return read_text_or_throw(written, kLargestTemplate);
  if (!fs::exists(config)) return std::nullopt;
  const OrderedJson json = read_ordered_json_or_throw(config);
  if (!json.is_object() || !json.contains("chat_template") || !json.at("chat_template").is_string())
    return std::nullopt;
  return json.at("chat_template").get<std::string>();
}

// Nothing where no model has one.
std::optional<std::string> commonest_template(const std::vector<fs::path>& models) {
  std::vector<std::pair<std::string, int>> counts;
  for (const fs::path& model : models) {
    const auto found = template_of(model);
    if (!found) continue;
    if (utf8::first_invalid(*found)) fail("{}: the chat template is not UTF-8", model.string());
    const auto known = std::ranges::find(counts, *found, &std::pair<std::string, int>::first);
    known == counts.end() ? (void)counts.emplace_back(*found, 1) : (void)++known->second;
  }
  if (counts.empty()) return std::nullopt;
  return std::ranges::max_element(counts, {}, &std::pair<std::string, int>::second)->first;
}

}  // namespace

std::optional<std::string> chat_template_or_throw(const std::string& wanted, const std::vector<fs::path>& models,
                                                  const std::string& source) {
  if (wanted == "auto") return commonest_template(models);
  const auto named = std::ranges::find(kNamed, wanted, &std::pair<std::string_view, std::string_view>::first);
  if (named != kNamed.end()) return std::string(named->second);
  if (wanted.size() >= 20 && wanted.find('{') != wanted.npos) return wanted;
  std::string names;
  for (const auto& [name, text] : kNamed) names += ", " + std::string(name);
  fail("{}: chat_template \"{}\" is neither a template nor one of auto{}", source, printable(wanted), names);
}

}  // namespace vlrm
