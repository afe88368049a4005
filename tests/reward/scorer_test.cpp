#include "reward/scorer.h"

#include "support/device.h"
#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

BackendOptions float32() {
  BackendOptions options;
  options.device = test_device();
  options.dtype = Dtype::f32;
  return options;
}

Sample sample_of(const std::string& prompt, const std::vector<std::string>& responses,
                 const std::vector<std::filesystem::path>& images) {
  Sample sample;
  sample.messages.push_back(user_message(prompt, images.size()));
  for (const auto& file : images) sample.images.push_back({file});
  sample.responses = responses;
  return sample;
}

class ScorerTest : public ::testing::Test {
 protected:
  void SetUp() override { VLRM_NEED_GOLDENS(); }
  static std::filesystem::path vlrm() { return goldens() / "vlrm_ties"; }
  static std::filesystem::path image(const std::string& name) { return goldens() / "reference/images" / name; }
  static void scorer(const std::filesystem::path& model, const ScorerOptions& options = {}) {
    Scorer(open_model(model), options, float32());
  }
  // Of responses of many lengths, one that the tokenizer joins with what is before it, and two that begin alike.
  static void check_company(Scorer& scorer) {
    const std::vector<std::string> responses{"A cat.", "A cat and a dog, side by side on a sofa.", "\n\nNo.", "x", "A"};
    const Sample together = sample_of("What is it?", responses, {image("rgb_small.png")});
    const std::vector<PreparedSample> prepared{scorer.prepare(together, "test")};
    const auto scores = scorer.score(prepared).front();
    for (size_t i = 0; i < responses.size(); ++i) {
      const std::vector<PreparedSample> alone{
          scorer.prepare(sample_of("What is it?", {responses[i]}, {image("rgb_small.png")}), "test")};
      const double score = scorer.score(alone).front().front();
      if (test_device() == "cpu")
        EXPECT_EQ(score, scores[i]) << responses[i];
      else
        EXPECT_NEAR(score, scores[i], 1e-4) << responses[i];
    }
  }
};

// N responses cost one image encoding and prompt + Σ response tokens.
TEST_F(ScorerTest, SharesWhatTextsHaveInCommon) {
  Scorer scorer(open_model(vlrm()), {}, float32());
  const Sample sample =
      sample_of("What is it?", {"A cat.", "A dog and a cat.", "Nothing at all."}, {image("rgb_wide.png")});
  const std::vector<PreparedSample> prepared{scorer.prepare(sample, "test")};
  ASSERT_EQ(prepared[0].batches.size(), 1U);
  const SharedPrefixBatch& batch = prepared[0].batches[0];
  int64_t tokens = static_cast<int64_t>(batch.prefix.size());
  for (const auto& continuation : batch.continuations) tokens += static_cast<int64_t>(continuation.size());
  scorer.score(prepared);
  EXPECT_EQ(scorer.work().images_encoded, 1);
  EXPECT_EQ(scorer.work().tokens, tokens);
  EXPECT_GT(batch.prefix.size(), 10U);
}

// Equal responses cost what one does and score equally; in another order, all score the same to the last bit.
TEST_F(ScorerTest, ScoresDoNotDependOnTheOrderOfResponses) {
  Scorer scorer(open_model(vlrm()), {}, float32());
  const auto scores = [&](const std::vector<std::string>& responses) {
    const Sample sample = sample_of("What is it?", responses, {image("rgb_wide.png")});
    const std::vector<PreparedSample> prepared{scorer.prepare(sample, "test")};
    EXPECT_EQ(prepared[0].prompts.size(), responses.size());
    return scorer.score(prepared)[0];
  };
  const std::string a = "A cat.", b = "A dog and a cat, perhaps.", c = "Nothing at all.";
  const auto abc = scores({a, b, c});
  const int64_t once = scorer.work().tokens;
  EXPECT_EQ(scores({c, a, c, b, a}), (std::vector{abc[2], abc[0], abc[2], abc[1], abc[0]}));
  EXPECT_EQ(scorer.work().tokens, 2 * once);
}

TEST_F(ScorerTest, TextRewardModelEqualsTheReference) {
  ScorerOptions options;
  options.prompt.mode = Mode::text_only;
  Scorer scorer(open_model(goldens() / "models/rm"), options, float32());
  const Json reference = read_json_or_throw(goldens() / "reference/scores.json");
  for (const auto& item : reference.at("rm_text_only")) {
    const Sample sample = sample_of(item.at("query"), reference.at("responses").get<std::vector<std::string>>(), {});
    const std::vector<PreparedSample> prepared{scorer.prepare(sample, "test")};
    const auto scores = scorer.score(prepared).front();
    ASSERT_EQ(scores.size(), item.at("scores").size());
    for (size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], item.at("scores")[i].get<double>(), 2e-4);
  }
}

// On a CPU to the last bit: rewards and likelihoods.
TEST_F(ScorerTest, AloneOrTogetherTheScoreIsTheSame) {
  for (const bool likelihood : {false, true}) {
    ScorerOptions options;
    options.likelihood = likelihood;
    Scorer scorer(open_model(likelihood ? goldens() / "models/vlm" : vlrm()), options, float32());
    check_company(scorer);
  }
}

TEST_F(ScorerTest, ModesThatDoNotFitTheModelAreRefused) {
  ScorerOptions text_only;
  text_only.prompt.mode = Mode::text_only;
  EXPECT_THAT(error_of([&] { scorer(vlrm(), text_only); }), HasSubstr("a vision-language model"));
  EXPECT_THAT(error_of([&] { scorer(goldens() / "models/rm"); }), HasSubstr("use `mode` text-only"));
  EXPECT_THAT(error_of([&] { scorer(goldens() / "models/vlm"); }), HasSubstr("no reward head"));
  text_only.likelihood = true;
  EXPECT_THAT(error_of([&] { scorer(goldens() / "models/rm", text_only); }), HasSubstr("no lm_head"));
}

TEST_F(ScorerTest, ImagePlaceholdersInTextsAreText) {
  Scorer scorer(open_model(vlrm()), {}, float32());
  Sample sample = sample_of("What is <|image|>?", {"x", "<|image|><|image|>"}, {image("rgb_small.png")});
  const PreparedSample prepared = scorer.prepare(sample, "here");
  EXPECT_EQ(prepared.notes, (TextNotes{.placeholders = 3}));
  EXPECT_THAT(prepared.prompts[1], HasSubstr("<|image|><|image|>"));
  EXPECT_EQ(prepared.batches[0].images.size(), 1);
  sample.text_shows_images = true;  // the one before the text, where the image is
  EXPECT_EQ(scorer.prepare(sample, "here").notes, (TextNotes{.placeholders = 3}));
  const Sample broken = sample_of("What?", {"x"}, {goldens() / "reference/images.json"});
  EXPECT_THAT(error_of([&] { scorer.prepare(broken, "here"); }), HasSubstr("images.json"));
}

}  // namespace
}  // namespace vlrm::testing
