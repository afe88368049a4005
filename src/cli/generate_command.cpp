// vlrm generate: what a model answers to one prompt.
#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"
#include "cli/writing_options.h"

namespace vlrm {
namespace {

struct GenerateFlags {
  ModelFlags model;
  SamplingOptions sampling;
  std::vector<std::string> images;
  std::string prompt;
  uint64_t seed = 0;
  int64_t texts = 1, max_new_tokens = 512;
  bool json = false;
};

GenerationRequest request_of(const GenerateFlags& flags) {
  if (const auto invalid = utf8::first_invalid(flags.prompt)) fail("--prompt: not UTF-8, from byte {} on", *invalid);
  GenerationRequest request;
  request.source = "the prompt";
  request.sample.messages.push_back(user_message(flags.prompt, flags.images.size()));
  for (const auto& image : flags.images) request.sample.images.push_back({image});
  for (int64_t i = 0; i < flags.texts; ++i) request.seeds.push_back(flags.seed + static_cast<uint64_t>(i));
  return request;
}

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

void print_json(const std::vector<WrittenText>& texts, const std::vector<uint64_t>& seeds) {
  for (size_t i = 0; i < texts.size(); ++i) {
    const OrderedJson line = {{"seed", seeds[i]},
                              {"text", texts[i].text},
                              {"ended", texts[i].ended},
                              {"tokens", texts[i].tokens},
                              {"log_probabilities", texts[i].log_probabilities}};
    fmt::print("{}\n", line.dump());
  }
}

void generate(const GenerateFlags& flags) {
  const OpenedModel model = flags.model.open();
  GeneratorOptions options;
  const bool sees = model.config.sees();
  const Mode without = sees ? Mode::no_image : Mode::text_only, mode = flags.images.empty() ? without : Mode::image;
  options.prompt = flags.model.scorer_options(mode).prompt;
  options.sampling = flags.sampling;
  options.max_new_tokens = flags.max_new_tokens;
  options.texts_together = flags.texts;
  Generator generator(model, options, flags.model.backend_options(model));
  const GenerationRequest request = request_of(flags);
  if (flags.json) {
    print_json(generator.write(request), request.seeds);
  } else if (flags.texts == 1) {
    Stream stream;
    stream.finish(generator.write(request, [&](size_t, const std::string& so_far) { stream.show(so_far); })[0].text);
  } else {
    const auto texts = generator.write(request);
    for (size_t i = 0; i < texts.size(); ++i) fmt::print("[{}] {}\n", request.seeds[i], texts[i].text);
  }
  std::fflush(stdout);
  tell_warnings(generator.notes());
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
  command->add_option("--image", flags->images, "An image file; may be given several times")->allow_extra_args(false);
  command->add_option("--prompt", flags->prompt, "The question")->required();
  command->add_option("-n", flags->texts, "How many texts")->check(whole_number(1))->capture_default_str();
  command->add_option("--seed", flags->seed, "Of the first text; the next ones have the next")
      ->check(whole_number(0))
      ->capture_default_str();
  declare_sampling(*command, flags->sampling);
  command->add_option("--max-new-tokens", flags->max_new_tokens, "Where a text ends at the latest")
      ->check(whole_number(1))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "A JSON object a text: seed, text, ended, tokens, log_probabilities");
  command->callback([flags] {
    flags->model.check("generate");
    generate(*flags);
  });
}

}  // namespace vlrm
