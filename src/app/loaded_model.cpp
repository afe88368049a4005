#include "app/loaded_model.h"

#include <algorithm>
#include <iterator>

#include "architecture/reward_head.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "results/equal_scores.h"
#include "reward/scoring_loop.h"

namespace vlrm {
namespace {

void tell_without_image(const std::vector<NamedSample>& samples) {
  const auto count = std::ranges::count_if(samples, [](const auto& each) { return each.sample.images.empty(); });
  if (count == 0) return;
  if (samples.size() == 1) return tell_warning("no image: scored without one");
  tell_warning(fmt::format("{} of {} samples have no image: scored without one", count, samples.size()));
}

}  // namespace

LoadedModel::LoadedModel(const ModelOptions& options, Purpose purpose)
    : asked_for_rewards_(purpose == Purpose::scoring && !options.likelihood),
      model_(open_or_merge(options, purpose)),
      backend_options_(backend_options(options, model_)) {
  backend_options_.before_layer = throw_if_interrupted;  // of each call's listener, not of that which loads
}

bool LoadedModel::rewards() const {
  return asked_for_rewards_ && !reward_head_layers(*model_.weights).empty();
}

std::shared_ptr<Backend> LoadedModel::backend(bool language_head) {
  if (!backend_) {
    ModelConfig config = model_.config;
    config.head = rewards() ? Head::reward : Head::language_model;
    backend_ = load_backend(config, model_.weights, backend_options_);
  }
  if (language_head) backend_->load_language_head();
  return backend_;
}

Scorer& LoadedModel::scorer(const ScorerOptions& how) {
  auto& kept = scorers_[{how.prompt.mode, how.likelihood, how.prompt.special_tokens, how.prompt.decode.alpha}];
  if (!kept) kept = std::make_unique<Scorer>(model_, how, dtype(), [&] { return backend(how.likelihood); });
  return *kept;
}

Generator& LoadedModel::generator(const GeneratorOptions& how) {
  auto& kept = generators_[how.prompt.mode];
  if (!kept) kept = std::make_unique<Generator>(model_, how, [&] { return backend(true); });
  kept->set_writing(how.sampling, how.max_new_tokens, how.texts_together);
  return *kept;
}

std::vector<Scores> LoadedModel::score(std::vector<NamedSample> samples, const ScorerOptions& how,
                                       int64_t batch_samples) {
  Scorer& scorer = this->scorer(how);
  if (how.prompt.mode == Mode::image) tell_without_image(samples);
  std::optional<Progress> progress;
  if (samples.size() > 1) progress.emplace("scoring", std::ssize(samples), Progress::Unit::samples);
  std::vector<Scores> result;
  EqualScores equal_scores;
  TextNotes notes;
  auto next = samples.begin();
  const auto read = [&](int64_t count) {
    const auto first = next;
    next += std::min<int64_t>(count, samples.end() - next);
    return std::vector<NamedSample>(std::make_move_iterator(first), std::make_move_iterator(next));
  };
  const auto add = [&](const PreparedBatch<NamedSample>& batch, const BatchScores& scores) {
    for (size_t i = 0; i < scores.size(); ++i) {
      equal_scores.add(scores[i], batch.items[i].sample.responses);
      notes.add(batch.samples[i].notes);
      Scores& each = result.emplace_back();
      each.scores = scores[i];
      if (how.prompt.clock) each.date = how.prompt.clock->date();
      each.texts = counts(batch.samples[i].notes);
    }
    if (progress) progress->advance(std::ssize(scores));
  };
  score_in_batches<NamedSample>(scorer, batch_samples, read, add);
  tell_warnings(notes);
  if (const auto warning = equal_scores.warning()) tell_warning(*warning);
  return result;
}

std::vector<GeneratedText> LoadedModel::generate(const GenerationRequest& request, const GeneratorOptions& how,
                                                 const Generator::Grown& grown) {
  Generator& generator = this->generator(how);
  std::vector<GeneratedText> texts;
  TextNotes notes;
  for (WrittenText& written : generator.write(request, grown)) {
    if (texts.empty())
      notes = written.notes;  // of the prompt, too
    else
      notes.outgrown_texts += written.notes.outgrown_texts;
    texts.push_back({request.seeds[texts.size()], std::move(written.text), written.ended, std::move(written.tokens),
                     std::move(written.log_probabilities), counts(written.notes)});
  }
  tell_warnings(notes);
  return texts;
}

}  // namespace vlrm
