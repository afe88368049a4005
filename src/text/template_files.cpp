// Where models keep their chat template and their special tokens.
#include "base/error.h"
#include "base/file.h"
#include "text/chat_template.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr const char* kTokenNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                       "pad_token", "cls_token", "mask_token"};

OrderedJson read_object(const fs::path& path) {
  OrderedJson json = read_ordered_json_or_throw(path);
  if (!json.is_object()) fail("{}: is no JSON object", path.string());
  return json;
}

// "<s>" or {"content": "<s>", …}
std::string token_text(const OrderedJson& token, const std::string& name, const fs::path& path) {
  const OrderedJson* text = &token;
  if (token.is_object() && token.contains("content")) text = &token.at("content");
  if (!text->is_string()) fail("{}: {} is neither a string nor a token with a \"content\"", path.string(), name);
  return text->get<std::string>();
}

OrderedJson token_texts(const OrderedJson& tokens, const std::string& name, const fs::path& path) {
  if (!tokens.is_array()) fail("{}: {} is no list", path.string(), name);
  OrderedJson texts = OrderedJson::array();
  for (const OrderedJson& token : tokens) texts.push_back(token_text(token, name, path));
  return texts;
}

void read_tokens(const OrderedJson& from, const fs::path& path, OrderedJson& variables) {
  for (const char* name : kTokenNames)
    if (from.contains(name) && !from.at(name).is_null()) variables[name] = token_text(from.at(name), name, path);
  const char* more = "additional_special_tokens";
  if (from.contains(more) && !from.at(more).is_null()) variables[more] = token_texts(from.at(more), more, path);
}

// [{"name": "default", "template": "…"}, …]
ChatTemplate choose_template(const OrderedJson& templates, const std::string& source) {
  std::optional<ChatTemplate> general, with_tools;
  for (const OrderedJson& entry : templates) {
    const auto name = required_field<std::string>(entry, "name", source);
    const auto text = required_field<std::string>(entry, "template", source);
    if (name == "default") general = ChatTemplate::parse(text, source + " (default)");
    if (name == "tool_use") with_tools = ChatTemplate::parse(text, source + " (tool_use)");
  }
  if (!general) fail("{}: none of the templates is named \"default\"", source);
  if (!with_tools) return std::move(*general);
  return ChatTemplate::with_tool_template(std::move(*general), std::move(*with_tools));
}

bool is_processor(const fs::path& directory) {
  return fs::exists(directory / "preprocessor_config.json") || fs::exists(directory / "processor_config.json");
}

// The chat_template of a file, which may lack it, or be missing itself.
std::optional<ChatTemplate> template_in(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  const OrderedJson config = read_object(path);
  if (!config.contains("chat_template") || config.at("chat_template").is_null()) return std::nullopt;
  const OrderedJson& found = config.at("chat_template");
  const std::string source = path.string() + ": chat_template";
  if (found.is_string()) return ChatTemplate::parse(found.get<std::string>(), source);
  if (!found.is_array()) fail("{} is neither a string nor a list of named templates", source);
  return choose_template(found, source);
}

}  // namespace

ChatTemplate ChatTemplate::from_directory(const fs::path& directory) {
  const fs::path written = directory / "chat_template.jinja", of_processor = directory / "chat_template.json",
                 of_tokenizer = directory / "tokenizer_config.json";
  if (fs::exists(written)) return parse(read_text_or_throw(written, int64_t{4} << 20), written.string());
  const bool processor = is_processor(directory);
  for (const fs::path& path : {processor ? of_processor : of_tokenizer, processor ? of_tokenizer : of_processor})
    if (auto found = template_in(path)) return std::move(*found);
  fail(
      "{}: has no chat template (looked for chat_template.jinja, and for chat_template in chat_template.json and "
      "tokenizer_config.json)",
      directory.string());
}

// special_tokens_map.json only counts for tokenizers saved before tokenizer_config.json listed the added tokens.
OrderedJson ChatTemplate::special_tokens(const fs::path& directory) {
  const fs::path config = directory / "tokenizer_config.json", map = directory / "special_tokens_map.json";
  OrderedJson variables = OrderedJson::object();
  bool lists_added_tokens = false;
  if (fs::exists(config)) {
    const OrderedJson json = read_object(config);
    lists_added_tokens = json.contains("added_tokens_decoder");
    read_tokens(json, config, variables);
  }
  if (!lists_added_tokens && fs::exists(map)) read_tokens(read_object(map), map, variables);
  OrderedJson set = OrderedJson::object();
  for (const auto& [name, token] : variables.items())
    if (token.is_string() ? !token.get_ref<const std::string&>().empty() : !token.empty()) set[name] = token;
  return set;
}

}  // namespace vlrm
