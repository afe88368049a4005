// Where models keep their chat template and their special tokens.
#include "base/error.h"
#include "base/file.h"
#include "text/chat_template.h"
#include "text/tokenizer_side_files.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

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
  const OrderedJson config = read_object_or_throw(path);
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

ChatTemplate ChatTemplate::from_path(const fs::path& path) {
  if (fs::is_directory(path)) return from_directory(path);
  if (path.extension() != ".json") return parse(read_text_or_throw(path, int64_t{4} << 20), path.string());
  if (auto found = template_in(path)) return std::move(*found);
  fail("{}: holds no chat_template", path.string());
}

OrderedJson ChatTemplate::special_tokens(const fs::path& directory) {
  OrderedJson variables = OrderedJson::object();
  const auto beside = TokenizerSideFiles::from_directory(directory);
  for (const TokenizerSideFiles::Named& named : beside.named()) {
    if (named.name.ends_with("_tokens"))
      variables[named.name].push_back(named.token.content);
    else
      variables[named.name] = named.token.content;
  }
  return variables;
}

}  // namespace vlrm
