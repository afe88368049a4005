// vlrm generate: what a model answers to one prompt, or to many.
#include <unistd.h>
#include <vlrm/generate.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"
#include "cli/writing_options.h"

namespace vlrm {
namespace {

struct GenerateFlags {
  ModelFlags model;
  GenerateOptions generate;
  GenerateFileOptions file;
  std::optional<std::string> prompt;
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

void check_flags(const GenerateFlags& flags) {
  const std::string &input = flags.file.input, &folder = flags.file.images;
  const bool many = !input.empty() || !folder.empty();
  if (input.empty() && !flags.prompt)
    fail("generate: {}", folder.empty() ? "needs --prompt, or --input" : "--images needs --prompt");
  if (!input.empty() && !folder.empty()) fail("generate: --images does not go with --input");
  if (!input.empty() && (flags.prompt || !flags.generate.images.empty()))
    fail("generate: --image and --prompt do not go with --input");
  if (!folder.empty() && !flags.generate.images.empty())
    fail("generate: --image does not go with --images, a folder with one prompt about each of its images");
  if (many && flags.json) fail("generate: --json does not go with --input and --images, whose output is JSON lines");
  if (!many && !flags.file.output.empty()) fail("generate: --output goes with --input or --images");
  if (!many && flags.file.limit) fail("generate: --limit goes with --input or --images");
}

void generate_many(const GenerateFlags& flags) {
  GenerateFileOptions options = flags.file;
  const GenerateOptions& how = flags.generate;
  options.model = flags.model.options;
  options.prompt = flags.prompt.value_or("");
  options.sampling = how.sampling;
  options.seed = how.seed;
  options.texts = how.texts;
  options.max_new_tokens = how.max_new_tokens;
  options.write = [](std::string_view lines) { write_all_or_throw(STDOUT_FILENO, lines, "standard output"); };
  generate_file(options);
}

void generate_one(const GenerateFlags& flags) {
  GenerateOptions options = flags.generate;
  options.prompt = *flags.prompt;
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
      "  vlrm generate --model VLM --image a.jpg --prompt \"What is this?\" -n 8 --temperature 1 --json\n"
      "  vlrm generate --model VLM --input prompts.jsonl -o texts.jsonl\n"
      "  vlrm generate --model VLM --images photos --prompt \"What is this?\" -o texts.jsonl\n\n"
      "A line of prompts.jsonl: {\"id\": 1, \"image\": \"cat.jpg\", \"prompt\": \"What is this?\"}\n"
      "with the fields of vlrm score --input but the responses; a line of the output has id, texts and the line's "
      "other "
      "fields. A killed run with -o continues where it ended.\n\n"
      "Greedy unless --temperature is given. Text i of -n is drawn with seed + i: the same seed gives the same text, "
      "however many are written beside it. A text ends with a token of generation_config.json's eos_token_id.");
  flags->model.declare(*command, ModelFlags::For::writing);
  command->add_option("--image", flags->generate.images, "An image file; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--prompt", flags->prompt, "The question");
  command->add_option("--images", flags->file.images, "A folder: one prompt about each of its images");
  command->add_option("--input", flags->file.input, "Prompts, a JSON object a line; - is standard input");
  command->add_option("-o,--output", flags->file.output, "Where texts go, a line a prompt (default: standard output)");
  command->add_option("-n", flags->generate.texts, "How many texts, for each prompt")
      ->check(whole_number(1))
      ->capture_default_str();
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
  declare_limit(*command, flags->file.limit, "prompts");
  declare_batch_size(*command, flags->file.texts_together, "--texts-together",
                     "Of many prompts: texts written at a time, as far as memory goes. Texts do not depend on it");
  command->add_flag("--force", flags->file.force, "Start again where the output exists");
  declare_resume_mixed(*command, flags->file.resume_mixed);
  command->callback([flags] {
    check_flags(*flags);
    if (flags->file.input.empty() && flags->file.images.empty())
      generate_one(*flags);
    else
      generate_many(*flags);
  });
}

}  // namespace vlrm
