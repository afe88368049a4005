#include <unistd.h>
#include <vlrm/reward_model.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "app/listening.h"
#include "app/loaded_model.h"
#include "app/option_checks.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks(50);

std::vector<EncodedImage> encoded(const std::vector<ImageInput>& images) {
  std::vector<EncodedImage> result;
  for (const ImageInput& image : images) result.push_back({image.file, image.bytes});
  return result;
}

// `responses`: whether they are looked at.
Sample sample_of(const Conversation& conversation, const std::string& source, bool responses = true) {
  const Conversation& given = conversation;
  if (!given.messages.empty() && !given.prompt.empty())
    fail("{}: has both a prompt and messages; leave one out", source);
  std::optional<std::vector<std::string>> own = given.responses;
  if (!given.messages.empty()) {
    if (!responses) own.emplace();
    if (responses && given.responses.empty()) own.reset();
    return sample_of(parse_ordered_json_or_throw(given.messages, source), encoded(given.images), std::move(own),
                     source);
  }
  if (responses && given.responses.empty()) fail("{}: at least one response is needed", source);
  if (const auto invalid = utf8::first_invalid(given.prompt))
    fail("{}: the prompt is not UTF-8, from byte {} on", source, *invalid);
  Sample sample;
  sample.messages.push_back(user_message(given.prompt, given.images.size()));
  sample.images = encoded(given.images);
  sample.responses = std::move(*own);
  return sample;
}

std::vector<NamedSample> samples_of(const std::vector<Conversation>& conversations) {
  std::vector<NamedSample> samples;
  for (const Conversation& each : conversations) {
    std::string source = !each.source.empty()        ? each.source
                         : conversations.size() == 1 ? "the sample"
                                                     : fmt::format("sample {}", samples.size() + 1);
    Sample sample = sample_of(each, source);
    for (const std::string& response : sample.responses)
      if (const auto invalid = utf8::first_invalid(response))
        fail("{}: a response is not UTF-8, from byte {} on", source, *invalid);
    samples.push_back({std::move(sample), std::move(source)});
  }
  return samples;
}

}  // namespace

class RewardModel::Loaded {
 public:
  explicit Loaded(const ModelOptions& options)
      : options_(options), how_(scorer_options(options_, Mode::image)), model_(options_) {
    if (names_merge(options_, options_.recipe)) recipe_ = named_merge(options_, options_.recipe);
    ScoreCall first;
    first.likelihood = !model_.rewards();
    model_.scorer(scoring(first, false));
  }

  // While it lives, the model is one thread's.
  class Turn {
   public:
    explicit Turn(Loaded& loaded) : loaded_(loaded) {
      if (::getpid() != loaded.process_)
        fail("the model was loaded before this process was forked, and its threads did not come along: load it here");
      if (loaded.user_ == std::this_thread::get_id())
        fail("the model is at work: what it calls meanwhile cannot use it");
      while (!loaded.mutex_.try_lock_for(kBetweenLooks)) throw_if_interrupted();
      loaded.user_ = std::this_thread::get_id();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      loaded_.user_ = std::thread::id();
      loaded_.mutex_.unlock();
    }

   private:
    Loaded& loaded_;
  };

  // `images`: whether some are given, which a text model does not leave out unasked.
  ScorerOptions scoring(const ScoreCall& call, bool images) const {
    const Mode own = sees() || images ? Mode::image : Mode::text_only;
    const Mode mode = call.mode.empty() ? own : mode_or_throw(call.mode);
    ScorerOptions how{prompt(mode), call.likelihood || how_.likelihood};
    if (!call.special_tokens.empty()) how.prompt.special_tokens = special_tokens_or_throw(call.special_tokens);
    return how;
  }

  GeneratorOptions writing(const GenerateCall& call, bool images) const {
    GeneratorOptions how;
    how.prompt = prompt(images ? Mode::image : sees() ? Mode::no_image : Mode::text_only);
    how.sampling = call.sampling;
    how.max_new_tokens = call.max_new_tokens;
    how.texts_together = call.texts;
    return how;
  }

  const std::string& settings() {
    if (settings_.empty()) {
      ModelSettings settings(options_);
      settings_ = (recipe_ ? settings.of(*recipe_, how_) : settings.of(model_.model(), how_)).dump();
    }
    return settings_;
  }

  LoadedModel& model() { return model_; }
  bool sees() const { return model_.model().config.sees(); }
  bool rewards() const { return model_.rewards(); }
  Dtype dtype() const { return model_.dtype(); }
  std::string device() const { return model_.device(); }

 private:
  // What is said of images is for the calls that show them.
  PromptOptions prompt(Mode mode) const {
    PromptOptions how = how_.prompt;
    how.mode = mode;
    if (mode != Mode::image) how.pixels.reset();
    return how;
  }

  const pid_t process_ = ::getpid();
  std::timed_mutex mutex_;
  std::atomic<std::thread::id> user_;  // that has the mutex
  const ModelOptions options_;
  const ScorerOptions how_;
  std::optional<NamedRecipe> recipe_;  // as it was when the model was merged
  LoadedModel model_;
  std::string settings_;  // "": not asked for yet
};

RewardModel::RewardModel(const ModelOptions& options, Listener* listener) {
  const CallListener listening(listener);
  loaded_ = std::make_unique<Loaded>(options);
}

RewardModel::~RewardModel() = default;
RewardModel::RewardModel(RewardModel&&) noexcept = default;
RewardModel& RewardModel::operator=(RewardModel&&) noexcept = default;

std::vector<Scores> RewardModel::score(const std::vector<Conversation>& conversations, const ScoreCall& call) {
  const CallListener listening(call.listener);
  require_at_least("batch_samples", call.batch_samples, 1);
  const bool images = std::ranges::any_of(conversations, [](const auto& each) { return !each.images.empty(); });
  const ScorerOptions how = loaded_->scoring(call, images);
  std::vector<NamedSample> samples = samples_of(conversations);
  if (samples.empty()) return {};
  const Loaded::Turn turn(*loaded_);
  return loaded_->model().score(std::move(samples), how, call.batch_samples);
}

std::vector<GeneratedText> RewardModel::generate(const Conversation& conversation, const GenerateCall& call) {
  const CallListener listening(call.listener);
  require_texts(call.texts);
  require_at_least("max_new_tokens", call.max_new_tokens, 1);
  GenerationRequest request{sample_of(conversation, "the prompt", false), "the prompt", {}};
  for (int64_t i = 0; i < call.texts; ++i) request.seeds.push_back(call.seed + static_cast<uint64_t>(i));
  const GeneratorOptions how = loaded_->writing(call, !request.sample.images.empty());
  const Loaded::Turn turn(*loaded_);
  return loaded_->model().generate(request, how, call.grown);
}

std::string RewardModel::settings(Listener* listener) {
  const CallListener listening(listener);
  const Loaded::Turn turn(*loaded_);
  return loaded_->settings();
}

bool RewardModel::sees() const {
  return loaded_->sees();
}
bool RewardModel::rewards() const {
  return loaded_->rewards();
}
std::string RewardModel::device() const {
  return loaded_->device();
}

std::string RewardModel::dtype() const {
  return std::string(torch_name(loaded_->dtype()));
}

}  // namespace vlrm
