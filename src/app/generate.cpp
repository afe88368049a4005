#include <vlrm/generate.h>

#include "app/listening.h"
#include "app/model.h"
#include "app/option_checks.h"
#include "base/error.h"
#include "base/utf8.h"
#include "generate/generator.h"

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

}  // namespace

std::vector<GeneratedText> generate(const GenerateOptions& options) {
  const CallListener listening(options.listener);
  require_at_least("texts", options.texts, 1);
  require_at_least("max_new_tokens", options.max_new_tokens, 1);
  const Model model = open_or_merge(options.model, Purpose::writing);
  const bool sees = model.config.sees();
  const Mode without = sees ? Mode::no_image : Mode::text_only, mode = options.images.empty() ? without : Mode::image;
  GeneratorOptions how;
  how.prompt = scorer_options(options.model, mode).prompt;
  how.sampling = options.sampling;
  how.max_new_tokens = options.max_new_tokens;
  how.texts_together = options.texts;
  Generator generator(model, how, backend_options(options.model, model));
  const GenerationRequest request = request_of(options);
  std::vector<GeneratedText> texts;
  for (WrittenText& written : generator.write(request, options.grown))
    texts.push_back({request.seeds[texts.size()], std::move(written.text), written.ended, std::move(written.tokens),
                     std::move(written.log_probabilities), counts(written.notes)});
  tell_warnings(generator.notes());
  return texts;
}

}  // namespace vlrm
