// vlrm generate: what a model answers to one prompt.
#include <vlrm/generate.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"
#include "cli/writing_options.h"

namespace vlrm {
namespace {

struct GenerateFlags {
  ModelFlags model;
  GenerateOptions generate;
  bool json = false;
};

// Prints what is new of a text that grows. A character of which only some bytes are there waits for the rest.
class Stream {
 public:
  void show(const std::string& so_far) {
    std::string_view ready = so_far;
    while (ready.ends_with("\uFFFD")) ready.remove_suffix(std::string_view("\uFFFD").size());
    if (ready.size() <= shown_) return;
    fmt::print("{}", ready.substr(shown_));
    std::fflush(stdout);
    shown_ = ready.size();
  }
  void finish(const std::string& text) const {
    fmt::print("{}\n", std::string_view(text).substr(std::min(shown_, text.size())));
  }

 private:
  size_t shown_ = 0;
};

void print_json(const GeneratedText& text) {
  OrderedJson line = {{"seed", text.seed},
                      {"text", text.text},
                      {"ended", text.ended},
                      {"tokens", text.tokens},
                      {"log_probabilities", text.log_probabilities}};
  for (const auto& [name, count] : text.texts) line["texts"][name] = count;
  fmt::print("{}\n", line.dump());
}

void run_generate(const GenerateFlags& flags) {
  GenerateOptions options = flags.generate;
  options.model = flags.model.options;
  Stream stream;
  const bool streams = !flags.json && options.texts == 1;
  if (streams) options.grown = [&](size_t, const std::string& so_far) { stream.show(so_far); };
  for (const GeneratedText& text : generate(options)) {
    if (flags.json)
      print_json(text);
    else if (streams)
      stream.finish(text.text);
    else
      fmt::print("[{}] {}\n", text.seed, text.text);
  }
}

}  // namespace

void add_generate_command(CLI::App& program) {
  auto flags = std::make_shared<GenerateFlags>();
  CLI::App* command = program.add_subcommand("generate", "Write a model's answer to a prompt about images");
  command->footer(
      "Examples:\n"
      "  vlrm generate --model VLM --image a.jpg --prompt \"What is this?\"\n"
      "  vlrm generate --model VLM --image a.jpg --prompt \"What is this?\" -n 8 --temperature 1 --json\n\n"
      "Greedy unless --temperature is given. Text i of -n is drawn with seed + i: the same seed gives the same text, "
      "however many are written beside it. A text ends with a token of generation_config.json's eos_token_id.");
  flags->model.declare(*command, ModelFlags::For::writing);
  command->add_option("--image", flags->generate.images, "An image file; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--prompt", flags->generate.prompt, "The question")->required();
  command->add_option("-n", flags->generate.texts, "How many texts")->check(whole_number(1))->capture_default_str();
  command->add_option("--seed", flags->generate.seed, "Of the first text; the next ones have the next")
      ->check(whole_number(0))
      ->capture_default_str();
  declare_sampling(*command, flags->generate.sampling);
  command->add_option("--max-new-tokens", flags->generate.max_new_tokens, "Most tokens to write")
      ->check(whole_number(1))
      ->capture_default_str();
  command->add_flag(
      "--json", flags->json,
      "A JSON object for each text: seed, text, ended, tokens, log_probabilities, and counts of what should be "
      "known of it");
  command->callback([flags] { run_generate(*flags); });
}

}  // namespace vlrm
