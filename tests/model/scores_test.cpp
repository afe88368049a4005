// Rewards and likelihoods of the reference's models, from the reference's texts.
#include <cmath>

#include "family/names.h"
#include "golden_files.h"
#include "model/backend.h"
#include "text/tokenizer.h"

namespace vlrm::testing {
namespace {

constexpr double kTolerance = 2e-4;

struct Model {
  explicit Model(const std::filesystem::path& directory, Dtype dtype = Dtype::f32)
      : config(ModelConfig::from_directory(directory)), tokenizer(Tokenizer::from_directory(directory)) {
    BackendOptions options;
    options.dtype = dtype;
    backend = load_backend(config, open_canonical(directory, config), options);
  }
  // Scores at the last token, the first `shared` tokens being the prefix.
  float reward(const std::string& text, size_t shared) {
    const auto ids = tokenizer.encode(text, false);
    const auto split = ids.begin() + static_cast<std::ptrdiff_t>(shared);
    const SharedPrefixBatch batch{{}, {ids.begin(), split}, {{split, ids.end()}}};
    return backend->rewards({&batch, 1}, {{static_cast<int64_t>(ids.size()) - 1}})[0][0];
  }

  ModelConfig config;
  Tokenizer tokenizer;
  std::unique_ptr<Backend> backend;
};

TEST(Scores, TextRewardModel) {
  VLRM_NEED_GOLDENS();
  Model model(goldens() / "models/rm");
  const Json expected = read_json_or_throw(goldens() / "reference/scores.json").at("rm_text_only");
  int compared = 0;
  for (const Json& item : expected)
    for (size_t i = 0; i < item.at("prompts").size(); ++i, ++compared)
      EXPECT_NEAR(model.reward(item.at("prompts").at(i).get<std::string>(), 1 + i),
                  item.at("scores").at(i).get<float>(), kTolerance);
  EXPECT_EQ(compared, 16);
}

TEST(Scores, HalfTypesStayClose) {
  VLRM_NEED_GOLDENS();
  const Json item = read_json_or_throw(goldens() / "reference/scores.json").at("rm_text_only").at(0);
  for (const Dtype dtype : {Dtype::bf16, Dtype::f16}) {
    Model model(goldens() / "models/rm", dtype);
    for (size_t i = 0; i < item.at("prompts").size(); ++i)
      EXPECT_NEAR(model.reward(item.at("prompts").at(i).get<std::string>(), 5), item.at("scores").at(i).get<float>(),
                  kTolerance);
  }
}

// Σ log p of tokens `position` … end, from the reference's logits.
double expected_likelihood(const std::vector<float>& logits, const std::vector<int32_t>& ids, size_t position) {
  const size_t vocabulary = logits.size() / ids.size();
  double total = 0;
  for (size_t i = position; i < ids.size(); ++i) {
    const float* row = logits.data() + (i - 1) * vocabulary;
    double sum = 0;
    for (size_t token = 0; token < vocabulary; ++token) sum += std::exp(static_cast<double>(row[token]));
    total += row[ids[i]] - std::log(sum);
  }
  return total;
}

TEST(Scores, LikelihoodOfAResponseToAnImage) {
  VLRM_NEED_GOLDENS();
  Model model(goldens() / "models/vlm");
  const GoldenTensors expected("forward.safetensors");
  const auto ids = expected.ids("one_image|input_ids");
  const auto logits = expected.floats("one_image|logits");
  for (const std::ptrdiff_t shared : {10, 25, 38, 39}) {
    const SharedPrefixBatch batch{
        {golden_image("rgb_wide.png")}, {ids.begin(), ids.begin() + shared}, {{ids.begin() + shared, ids.end()}}};
    for (const int64_t position : {1, 20, 30})
      EXPECT_NEAR(model.backend->log_likelihoods({&batch, 1}, {{position}})[0][0],
                  expected_likelihood(logits, ids, static_cast<size_t>(position)), 1e-3)
          << shared << " shared, from " << position;
  }
}

}  // namespace
}  // namespace vlrm::testing
