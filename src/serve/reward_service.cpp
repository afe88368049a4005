#include "serve/reward_service.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

bool any_image(const RewardCall& call) {
  return std::ranges::any_of(call.questions, [](const RewardQuestion& each) { return !each.sample.images.empty(); });
}

// What should be known of the rewards: a question without its image, and special tokens in its texts.
void add_warnings(RewardAnswer& answer, int64_t without_image, const std::vector<GatheringQueue::Scored>& scored) {
  if (without_image > 0) answer.warnings.push_back("no image: scored without one");
  answer.kinds = answer.warnings;
  for (std::string& kind : answer.kinds) kind.erase(0, kind.find_first_not_of("0123456789 "));
  TextNotes notes;
  for (const auto& each : scored) notes.add(each.notes);
  for (const std::string& line : notes.warnings()) answer.warnings.push_back(in_words_of_the_server(line));
  std::ranges::move(notes.kinds(), std::back_inserter(answer.kinds));
}

// In place of errors that name the model's folder.
void require_mode(Mode mode, bool sees, bool images) {
  if (mode == Mode::text_only && sees)
    throw OptionError("mode", "text-only is for a text reward model; no-image leaves the image out");
  if (mode != Mode::text_only && !sees)
    throw OptionError("mode", fmt::format("the server has a text reward model, which sees no image; {}",
                                          images ? "leave the image out" : "use text-only, or leave it out"));
}

}  // namespace

RewardService::RewardService(const ModelOptions& model, std::optional<int64_t> most_pixels,
                             const GatheringOptions& queue)
    : options_(model), most_pixels_(most_pixels), model_(model), first_(&scorer_for({})), queue_(queue) {}

Scorer& RewardService::scorer_for(const RewardCall& call) {
  const Mode own = sees() || any_image(call) ? Mode::image : Mode::text_only;
  const Mode mode = call.mode.empty() ? own : mode_or_throw(call.mode);
  require_mode(mode, sees(), any_image(call));
  ScorerOptions how = scorer_options(options_, mode);
  if (how.prompt.mode != Mode::image) how.prompt.pixels.reset();
  if (!call.special_tokens.empty()) how.prompt.special_tokens = special_tokens_or_throw(call.special_tokens);
  // As /v1/models says. Elsewhere a longer text is read with a note; a stranger's could be any length.
  if (!how.prompt.max_length && positions() > 0) how.prompt.max_length = positions();
  if (most_pixels_) how.prompt.decode.max_pixels = *most_pixels_;
  const std::lock_guard lock(scorers_);
  return model_.scorer(how);
}

RewardAnswer RewardService::ask(RewardCall call, const std::function<bool()>& left) {
  Scorer& scorer = scorer_for(call);
  const bool image_mode = sees() && (call.mode.empty() || call.mode == "image");
  const int64_t without_image =
      image_mode
          ? std::ranges::count_if(call.questions, [](const RewardQuestion& each) { return each.sample.images.empty(); })
          : 0;
  const auto scored = queue_.score(scorer, std::move(call.questions), left);
  RewardAnswer answer;
  answer.warnings = std::move(call.warnings);
  add_warnings(answer, without_image, scored);
  for (const auto& each : scored) {
    answer.rewards.push_back(each.rewards);
    for (const int64_t tokens : each.tokens) answer.tokens += tokens;
  }
  return answer;
}

int64_t RewardService::images_encoded() {
  return first_->work().images_encoded;
}

std::string RewardService::dtype() const {
  return std::string(torch_name(model_.dtype()));
}

}  // namespace vlrm
