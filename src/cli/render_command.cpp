
#include "base/error.h"
#include "base/line_reader.h"
#include "cli/commands.h"
#include "text/chat_template.h"
#include "weights/model_files.h"

namespace vlrm {
namespace {

struct RenderFlags {
  std::string model, input = "-", date;
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

void render(const RenderFlags& flags) {
  const ModelFiles files = resolve_texts(flags.model);
  const ChatTemplate chat_template = ChatTemplate::from_directory(files.chat_template());
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
      text = chat_template.render(input);
    } catch (const Error& error) {
      fail("{}: {}", source, error.what());
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
  command->add_option(
      "--date", flags->date,
      "Date for templates that ask for one: \"01 Jan 2025\" or \"today\" (default: the template's own)");
  command->callback([flags] { render(*flags); });
}

}  // namespace vlrm
