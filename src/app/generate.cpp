#include <vlrm/generate.h>

#include "app/listening.h"
#include "app/loaded_model.h"
#include "app/option_checks.h"
#include "base/error.h"
#include "base/utf8.h"

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
