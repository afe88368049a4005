// Rewards and likelihoods of the reference's models, from the reference's texts.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "architecture/canonical.h"
#include "build/reward_model.h"
#include "golden_files.h"
#include "merge/recipe.h"
#include "model/backend.h"
#include "random_model.h"
#include "text/tokenizer.h"

namespace vlrm::testing {
namespace {

constexpr double kTolerance = 2e-4;

struct Model {
  explicit Model(const std::filesystem::path& directory, Dtype dtype = Dtype::f32)
      : config(ModelConfig::from_directory(directory)), tokenizer(Tokenizer::from_directory(directory)) {
    BackendOptions options;
    options.device = test_device();
    options.dtype = dtype;
    backend = load_backend(config, open_canonical(directory), options);
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
  EXPECT_EQ(compared, 16);  // 4 queries, 4 responses
}

// The goldens' weights are of bfloat16: on a CPU, which computes in float32, they give the reference's digits.
TEST(Scores, HalfTypesStayClose) {
  VLRM_NEED_GOLDENS();
  const Json item = read_json_or_throw(goldens() / "reference/scores.json").at("rm_text_only").at(0);
  for (const Dtype dtype : {Dtype::bf16, Dtype::f16}) {
    Model model(goldens() / "models/rm", dtype);
    const double tolerance = on_cpu() ? kTolerance : dtype == Dtype::f16 ? 0.01 : 0.1;
    for (size_t i = 0; i < item.at("prompts").size(); ++i)
      EXPECT_NEAR(model.reward(item.at("prompts").at(i).get<std::string>(), 5), item.at("scores").at(i).get<float>(),
                  tolerance);
  }
}

std::vector<std::shared_ptr<const ProcessedImage>> images_of(const Json& names) {
  if (names.is_string()) return {golden_image(names.get<std::string>())};
  std::vector<std::shared_ptr<const ProcessedImage>> images;
  for (const Json& name : names) images.push_back(golden_image(name.get<std::string>()));
  return images;
}

// All prompts of one image and mode in one call, with the longest beginning that they share.
void compare_rewards(Backend& backend, const Tokenizer& tokenizer, const Json& item, const std::string& prompts,
                     const std::string& scores, const std::vector<std::shared_ptr<const ProcessedImage>>& images) {
  std::vector<std::vector<int32_t>> texts;
  for (const Json& prompt : item.at(prompts)) texts.push_back(tokenizer.encode(prompt.get<std::string>(), false));
  size_t shared = texts[0].size();
  for (const auto& text : texts)
    shared = std::min<size_t>(
        shared, std::mismatch(text.begin(), text.end(), texts[0].begin(), texts[0].end()).first - text.begin());
  SharedPrefixBatch batch{images, {texts[0].begin(), texts[0].begin() + static_cast<std::ptrdiff_t>(shared)}, {}};
  std::vector<int64_t> last;
  for (const auto& text : texts) {
    batch.continuations.emplace_back(text.begin() + static_cast<std::ptrdiff_t>(shared), text.end());
    last.push_back(static_cast<int64_t>(text.size()) - 1);
  }
  const auto rewards = backend.rewards({&batch, 1}, {last})[0];
  for (size_t i = 0; i < texts.size(); ++i)
    EXPECT_NEAR(rewards[i], item.at(scores).at(i).get<float>(), kTolerance) << scores << ", response " << i;
}

// The reference's own TIES model, with the prompts and rewards that its script wrote.
TEST(Scores, ModelThatTheReferenceMerged) {
  VLRM_NEED_GOLDENS();
  Model model(goldens() / "vlrm_ties");
  std::istringstream lines(read_text_or_throw(goldens() / "eval/results/float32/vl_rewardbench/no_image.jsonl"));
  int compared = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json row = parse_json_or_throw(line, "no_image.jsonl");
    for (size_t i = 0; i < row.at("prompts").size(); ++i, ++compared)
      EXPECT_NEAR(model.reward(row.at("prompts").at(i).get<std::string>(), 10), row.at("outputs").at(i).get<float>(),
                  kTolerance);
  }
  const auto pairs = read_text_or_throw(goldens() / "eval/results/float32/vl_rewardbench/vlrm.jsonl");
  EXPECT_EQ(compared, 2 * std::ranges::count(pairs, '\n'));
}

// Merged as it is loaded, so that nothing is written. (DARE's masks and TIES's choice among equals are not the
// reference's.)
TEST(Scores, RewardModelsThatSeeByMethodAndMode) {
  VLRM_NEED_GOLDENS();
  const auto models = goldens() / "models";
  const Tokenizer tokenizer = Tokenizer::from_directory(models / "vlm");
  const Json expected = read_json_or_throw(goldens() / "reference/scores.json").at("vlrm");
  for (const std::string method : {"linear", "task_vector"}) {
    SCOPED_TRACE(method);
    const Recipe recipe = read_recipe_or_throw(goldens() / "reference/configs" / (method + ".yaml"));
    const PlannedModel model = plan_reward_model({models / "vlm", models / "rm", models / "base"}, recipe);
    BackendOptions options;
    options.device = test_device();
    options.dtype = Dtype::f32;
    const auto backend = load_backend(model.config, model.weights, options);
    for (const Json& item : expected.at(method)) {
      compare_rewards(*backend, tokenizer, item, "full_prompts", "full", images_of(item.at("image")));
      if (item.contains("no_image_prompts"))
        compare_rewards(*backend, tokenizer, item, "no_image_prompts", "no_image", {});
      if (item.contains("text_only_prompts"))
        compare_rewards(*backend, tokenizer, item, "text_only_prompts", "text_only_on_vlrm", {});
    }
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
  const std::ptrdiff_t all = std::ssize(ids);
  const int64_t after_image = std::ranges::find(ids, model.config.image_token) - ids.begin() + 1;
  for (const std::ptrdiff_t shared : {std::ptrdiff_t{10}, std::ptrdiff_t{25}, all - 1, all}) {
    const SharedPrefixBatch batch{
        {golden_image("rgb_wide.png")}, {ids.begin(), ids.begin() + shared}, {{ids.begin() + shared, ids.end()}}};
    for (const int64_t position : {after_image, int64_t{20}, int64_t{30}})
      EXPECT_NEAR(model.backend->log_likelihoods({&batch, 1}, {{position}})[0][0],
                  expected_likelihood(logits, ids, static_cast<size_t>(position)), 1e-3)
          << shared << " shared, from " << position;
  }
}

}  // namespace
}  // namespace vlrm::testing
