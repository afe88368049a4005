// A model whose weights are read once, whatever it is asked.
#pragma once

#include <vlrm/generate.h>
#include <vlrm/score.h>

#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "app/model.h"
#include "generate/generator.h"
#include "reward/scorer.h"

namespace vlrm {

struct NamedSample {
  Sample sample;
  std::string source;  // what errors call it
};

class LoadedModel {
 public:
  // Opens the model, or plans its merge. Its weights are read for the first scorer or generator. For writing, or if the
  // options ask for likelihoods, a reward head is not read.
  explicit LoadedModel(const ModelOptions& options, Purpose purpose = Purpose::scoring);

  const Model& model() const { return model_; }
  bool rewards() const;  // has a reward head that is read
  Dtype dtype() const { return backend_options_.dtype; }
  const std::string& device() const { return backend_options_.device; }

  // They are kept, one for each mode, kind of score and treatment of special tokens and transparency. Throw as their
  // constructors.
  Scorer& scorer(const ScorerOptions& how);
  Generator& generator(const GeneratorOptions& how);

  // The scores of each sample's responses; tells the listener what `vlrm score` tells of them, and progress where there
  // are several samples.
  std::vector<Scores> score(std::vector<NamedSample> samples, const ScorerOptions& how, int64_t batch_samples);
  // A text for each seed.
  std::vector<GeneratedText> generate(const GenerationRequest& request, const GeneratorOptions& how,
                                      const Generator::Grown& grown);

 private:
  std::shared_ptr<Backend> backend(bool language_head);

  const bool asked_for_rewards_;
  Model model_;
  BackendOptions backend_options_;
  std::shared_ptr<Backend> backend_;
  std::map<std::tuple<Mode, bool, SpecialTokens, DecodeOptions::Alpha>, std::unique_ptr<Scorer>> scorers_;
  std::map<Mode, std::unique_ptr<Generator>> generators_;
};

}  // namespace vlrm
