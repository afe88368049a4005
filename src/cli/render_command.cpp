
#include "base/error.h"
#include "base/line_reader.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "prompt/response_prefix.h"
#include "text/chat_template.h"
#include "weights/model_files.h"

namespace vlrm {
namespace {

struct RenderFlags {
  std::string model, input = "-", date, response_prefix, chat_template;
};

// {"messages", "add_generation_prompt", "tools", …}: all but the first two are variables of the template, which go
// before the special tokens.
ChatTemplate::Input parse_input(const std::string& line, const OrderedJson& special_tokens, const std::string& source) {
  const OrderedJson json = parse_ordered_json_or_throw(line, source);
  if (!json.is_object() || !json.contains("messages")) fail("{}: needs an object with \"messages\"", source);
  ChatTemplate::Input input;
  input.variables = special_tokens;
  for (const auto& [name, value] : json.items()) {
    if (name == "messages") {
      input.messages = value;
    } else if (name == "add_generation_prompt") {
      input.add_generation_prompt = required_field<bool>(json, name, source);
    } else {
      input.variables[name] = value;
    }
  }
  if (!input.messages.is_array()) fail("{}: \"messages\" is no list", source);
  return input;
}

// The first text of a message.
std::string& text_of(OrderedJson& message) {
  OrderedJson& content = message["content"];
  if (content.is_string()) return content.get_ref<std::string&>();
  for (OrderedJson& part : content)
    if (part.is_object() && part.contains("text") && part.at("text").is_string())
      return part.at("text").get_ref<std::string&>();
  fail("the last message has no text that `response_prefix` could stand before");
}

// As scoring and writing have the prefix: before the assistant's last message, or where one is to begin.
std::string render_with_prefix(const ChatTemplate& chat_template, ChatTemplate::Input input,
                               const std::string& prefix) {
  if (prefix.empty() || input.add_generation_prompt) return chat_template.render(input) + prefix;
  OrderedJson& messages = input.messages;
  const OrderedJson last = messages.empty() ? OrderedJson() : messages.back();
  if (!last.is_object() || !last.contains("role") || last.at("role") != "assistant")
    fail("`response_prefix` has no place: no assistant's message is the last, and none is to begin");
  std::string& text = text_of(messages.back());
  const std::string response = text;
  text = prefix + response;
  std::string rendered = chat_template.render(input);
  messages.erase(messages.size() - 1);
  input.add_generation_prompt = true;
  check_response_prefix(rendered, chat_template.render(input), prefix, response, "the last message");
  return rendered;
}

ChatTemplate template_of_flags(const RenderFlags& flags, const ModelFiles& files) {
  if (flags.chat_template.empty()) return ChatTemplate::from_directory(files.chat_template());
  return ChatTemplate::from_path(resolve_template(flags.chat_template));
}

void render(const RenderFlags& flags) {
  if (const auto invalid = utf8::first_invalid(flags.response_prefix))
    throw OptionError("response_prefix", fmt::format("not UTF-8, from byte {} on", *invalid));
  const ModelFiles files = resolve_texts(flags.model);
  const ChatTemplate chat_template = template_of_flags(flags, files);
  const OrderedJson special_tokens = ChatTemplate::special_tokens(files.tokenizer());
  std::optional<jinja::Clock> clock;
  if (!flags.date.empty()) clock = jinja::Clock::parse_or_throw(flags.date);

  LineReader lines(flags.input);
  for (std::string line; lines.next(line);) {
    const std::string source = lines.source();
    ChatTemplate::Input input = parse_input(line, special_tokens, source);
    input.clock = clock ? &*clock : nullptr;
    std::string text;
    try {
      text = render_with_prefix(chat_template, std::move(input), flags.response_prefix);
    } catch (const Error& error) {
      rethrow_at(source, error);
    }
    fmt::print("{}\n", OrderedJson(text).dump());
  }
}

}  // namespace

void add_render_command(CLI::App& program) {
  auto flags = std::make_shared<RenderFlags>();
  CLI::App* command = program.add_subcommand("render", "Write conversations as a model's chat template does");
  command->footer(
      "Example: vlrm render --model D --input conversations.jsonl\n\n"
      "A line of the input: {\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"add_generation_prompt\": "
      "true}\n"
      "and whatever other variables the template takes (\"tools\", \"documents\", …). Gives a JSON string a line.");
  command->add_option("--model", flags->model, "Directory or hub id of a model")->required();
  command->add_option("--input", flags->input, "Conversations, a JSON object a line (default: standard input)");
  declare_prompt_form(*command, flags->response_prefix, flags->chat_template);
  command->add_option(
      "--date", flags->date,
      "Date for templates that ask for one: \"01 Jan 2025\" or \"today\" (default: the template's own)");
  command->callback([flags] { render(*flags); });
}

}  // namespace vlrm
