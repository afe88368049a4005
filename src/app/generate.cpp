#include <vlrm/generate.h>

#include <filesystem>
#include <map>
#include <memory>

#include "app/listening.h"
#include "app/loaded_model.h"
#include "app/option_checks.h"
#include "app/run_writing.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "prompt/samples_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

GenerationRequest request_of(const GenerateOptions& options) {
  if (const auto invalid = utf8::first_invalid(options.prompt))
    throw OptionError("prompt", fmt::format("not UTF-8, from byte {} on", *invalid));
  GenerationRequest request;
  request.source = "the prompt";
  request.sample.messages.push_back(user_message(options.prompt, options.images.size()));
  for (const std::string& image : options.images) request.sample.images.push_back({image});
  for (int64_t i = 0; i < options.texts; ++i) request.seeds.push_back(options.seed + static_cast<uint64_t>(i));
  return request;
}

// Puts texts that are finished in any order into the order of their prompts.
class InOrder {
 public:
  InOrder(const SamplesFile& samples, const std::function<void(std::string_view)>& write)
      : reader_(samples), write_(write) {}
  void add(int64_t number, const std::vector<WrittenText>& texts) {
    OrderedJson& waiting = waiting_[number] = OrderedJson::array();
    for (const WrittenText& text : texts) waiting.push_back(text.text);
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_; first = waiting_.begin()) {
      write_(prompt_line(reader_.next(1).at(0).sample, first->second));
      waiting_.erase(first);
      ++next_;
    }
  }

 private:
  SamplesFile::Reader reader_;
  const std::function<void(std::string_view)>& write_;
  std::map<int64_t, OrderedJson> waiting_;
  int64_t next_ = 0;
};

WriteOptions writing_of(const GenerateFileOptions& options) {
  WriteOptions write;
  write.model = options.model;
  write.sampling = options.sampling;
  write.max_new_tokens = options.max_new_tokens;
  write.texts_together = options.texts_together;
  write.output = options.output;
  write.force = options.force;
  write.resume_mixed = options.resume_mixed;
  return write;
}

// Without a file that a killed run could go on with.
void write_lines(const GenerateFileOptions& options, const SamplesFile& samples, const WritingJob& job) {
  const Model model = open_or_merge(options.model, Purpose::writing);
  GeneratorOptions how;
  how.prompt = scorer_options(options.model, model.config.sees() ? Mode::image : Mode::text_only).prompt;
  how.sampling = options.sampling;
  how.sampling.check();
  how.max_new_tokens = options.max_new_tokens;
  how.texts_together = options.texts_together;
  Generator generator(model, how, backend_options(options.model, model));
  Progress progress("generate", job.requests(), Progress::Unit::samples);
  InOrder lines(samples, options.write);
  const auto requests = job.stream([](int64_t) { return true; });
  const auto next = [&]() -> std::optional<GenerationRequest> {
    auto request = requests->next();
    return request ? std::optional(std::move(request->request)) : std::nullopt;
  };
  int64_t texts = 0, cut = 0;
  generator.run(next, [&](int64_t number, const std::vector<WrittenText>& written) {
    for (const WrittenText& text : written) cut += text.ended ? 0 : 1;
    texts += std::ssize(written);
    lines.add(number, written);
    progress.advance(1);
  });
  tell_cut(cut, texts, options.max_new_tokens);
  tell_warnings(generator.notes());
}

void check_file_options(const GenerateFileOptions& options) {
  if (options.images.empty()) {
    require_named("input", options.input);
  } else {
    if (!options.input.empty()) throw OptionError("input", "does not go with `images`");
    if (utf8::first_invalid(options.prompt)) throw OptionError("prompt", "not UTF-8");
  }
  require_texts(options.texts);
  require_at_least("max_new_tokens", options.max_new_tokens, 1);
  require_at_least("texts_together", options.texts_together, 1);
  require_limit(options.limit);
  if (options.output.empty() && !options.write) throw OptionError("output", "is missing, and nobody takes the lines");
}

}  // namespace

void generate_file(const GenerateFileOptions& options) {
  const CallListener listening(options.listener);
  check_file_options(options);
  const SamplesInput input{options.input, options.images, options.prompt, {}, LineHolds::prompt};
  std::error_code error;
  if (!options.output.empty() && fs::equivalent(input.path(), options.output, error))
    fail("{}: is the input and the output; name another output", options.output);
  const bool to_file = !options.output.empty();
  const auto samples = std::make_shared<const SamplesFile>(input, options.limit);
  const std::shared_ptr<const WritingJob> job =
      prompt_job({samples, to_file, sees(options.model), options.texts, options.seed});
  if (!to_file) return write_lines(options, *samples, *job);
  run_writing("generate", writing_of(options), job, beside(options.output), options.max_new_tokens);
}

std::vector<GeneratedText> generate(const GenerateOptions& options) {
  const CallListener listening(options.listener);
  require_texts(options.texts);
  require_at_least("max_new_tokens", options.max_new_tokens, 1);
  LoadedModel model(options.model, Purpose::writing);
  const Mode without = model.model().config.sees() ? Mode::no_image : Mode::text_only;
  GeneratorOptions how;
  how.prompt = scorer_options(options.model, options.images.empty() ? without : Mode::image).prompt;
  how.sampling = options.sampling;
  how.max_new_tokens = options.max_new_tokens;
  how.texts_together = options.texts;
  return model.generate(request_of(options), how, options.grown);
}

}  // namespace vlrm
