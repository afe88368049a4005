// Chat templates: the Jinja that real models' templates are written in, rendered exactly as transformers renders it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "jinja/clock.h"

namespace vlrm {

class ChatTemplate {
 public:
  // Throws Error naming `source`, line and what is wrong or not supported.
  static ChatTemplate parse(const std::string& text, const std::string& source);
  // The template that transformers would use for a model: that of chat_template.jinja, else of a processor's
  // chat_template.json, else the chat_template of tokenizer_config.json (of several the one named "default", or
  // "tool_use" where tools are given and there is one). Throws Error where there is none.
  static ChatTemplate from_directory(const std::filesystem::path& directory);
  // That of a model's directory, as above; of a file of JSON its chat_template; of another file, its text.
  static ChatTemplate from_path(const std::filesystem::path& path);
  // `general`, but `with_tools` for conversations with the variable "tools".
  static ChatTemplate with_tool_template(ChatTemplate general, ChatTemplate with_tools);
  // The special tokens of a directory's tokenizer as variables: bos_token, eos_token, unk_token, sep_token, pad_token,
  // cls_token, mask_token (strings) and additional_special_tokens (a list), those that there are. Throws Error naming
  // the file where one is malformed.
  static OrderedJson special_tokens(const std::filesystem::path& directory);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  struct Input {
    OrderedJson messages = OrderedJson::array();  // of {"role", "content": string or parts, …}
    bool add_generation_prompt = false;
    OrderedJson variables = OrderedJson::object();  // bos_token, eos_token, tools, documents, …
    const jinja::Clock* clock = nullptr;            // null: strftime_now is undefined
  };
  // Throws Error naming the source and line for what the template raises or does wrong, and when it goes over a budget
  // (nesting, steps, output). Thread-safe.
  std::string render(const Input& input) const;

  const std::string& text() const;
  // The strings that it writes between quotes: what it can look for in its input.
  std::vector<std::string> literals() const;

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vlrm
