#include <sys/wait.h>
#include <unistd.h>
#include <vlrm/reward_model.h>

#include <thread>

#include "app/loaded_model.h"
#include "support/device.h"
#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

const std::vector<std::string> kResponses{"A cat.", "A dog and a cat.", ""};

ModelOptions options_of(const std::string& name) {
  ModelOptions options;
  options.model = (goldens() / name).string();
  options.device = test_device();
  options.dtype = "float32";
  return options;
}

std::string image(const std::string& name) {
  return (goldens() / "reference/images" / name).string();
}

Conversation asked(const std::vector<std::string>& images = {image("rgb_wide.png")}) {
  Conversation conversation;
  conversation.prompt = "What is it?";
  for (const std::string& file : images) conversation.images.push_back({file, ""});
  conversation.responses = kResponses;
  return conversation;
}

std::vector<double> scored_once(const ModelOptions& model, const std::string& mode,
                                const std::vector<std::string>& images) {
  ScoreOptions options;
  options.model = model;
  options.mode = mode;
  options.images = images;
  options.prompt = "What is it?";
  options.responses = kResponses;
  return score(options).scores;
}

ScoreCall in_mode(const std::string& mode) {
  ScoreCall call;
  call.mode = mode;
  return call;
}

class RewardModelTest : public ::testing::Test {
 protected:
  void SetUp() override { VLRM_NEED_GOLDENS(); }
};

TEST_F(RewardModelTest, GivesTheScoresOfASingleCall) {
  RewardModel model(options_of("vlrm_ties"));
  EXPECT_TRUE(model.sees() && model.rewards());
  EXPECT_EQ(model.dtype(), "float32");
  const std::string wide = image("rgb_wide.png");
  EXPECT_EQ(model.score({asked()}).at(0).scores, scored_once(options_of("vlrm_ties"), "image", {wide}));
  EXPECT_EQ(model.score({asked()}, in_mode("no-image")).at(0).scores,
            scored_once(options_of("vlrm_ties"), "no-image", {wide}));
  EXPECT_TRUE(model.score({}).empty());
}

TEST_F(RewardModelTest, ManyScoreAsOneDoes) {
  RewardModel model(options_of("vlrm_ties"));
  const std::vector<Conversation> all{asked(), asked({image("rgb_small.png")}), asked({})};
  ScoreCall two;
  two.batch_samples = 2;
  const std::vector<Scores> together = model.score(all, two);
  ASSERT_EQ(together.size(), 3U);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(model.score({all[i]}).at(0).scores, together[i].scores);
  EXPECT_NE(together[0].scores, together[1].scores);
  EXPECT_NE(together[0].scores, together[2].scores);
}

TEST_F(RewardModelTest, ReadsItsWeightsOnceForRewardsAndLikelihoodsAndTexts) {
  const ModelOptions options = options_of("vlrm_ties");
  LoadedModel model(options);
  Sample sample;
  sample.messages.push_back(user_message("What is it?", 1));
  sample.images.push_back({image("rgb_wide.png")});
  sample.responses = kResponses;
  ScorerOptions rewards = scorer_options(options, Mode::image), likelihoods = rewards;
  likelihoods.likelihood = true;
  model.score({{sample, "the sample"}}, rewards, 1);
  model.score({{sample, "the sample"}}, likelihoods, 1);
  GeneratorOptions writing;
  writing.prompt = rewards.prompt;
  writing.max_new_tokens = 2;
  model.generate({sample, "the prompt", {0}}, writing, {});
  EXPECT_EQ(model.scorer(rewards).work().images_encoded, 1);
  EXPECT_EQ(model.scorer(likelihoods).work().images_encoded, 1);
}

TEST_F(RewardModelTest, GivesLikelihoodsBesideRewards) {
  RewardModel model(options_of("vlrm_ties"));
  const std::vector<double> rewards = model.score({asked()}).at(0).scores;
  ScoreCall call;
  call.likelihood = true;
  ModelOptions likelihood = options_of("vlrm_ties");
  likelihood.likelihood = true;
  Conversation two = asked();
  two.responses.pop_back();  // the empty one has no tokens of its own
  ScoreOptions once;
  once.model = likelihood;
  once.images = {two.images[0].file};
  once.prompt = two.prompt;
  once.responses = two.responses;
  EXPECT_EQ(model.score({two}, call).at(0).scores, score(once).scores);
  EXPECT_EQ(model.score({asked()}).at(0).scores, rewards);
}

TEST_F(RewardModelTest, WritesWhatGenerateWrites) {
  RewardModel model(options_of("vlrm_ties"));
  model.score({asked()});
  GenerateCall call;
  call.texts = 2;
  call.max_new_tokens = 5;
  call.sampling.temperature = 1;
  call.seed = 7;
  const std::vector<GeneratedText> texts = model.generate(asked(), call);
  GenerateOptions once;
  once.model = options_of("vlrm_ties");
  once.images = {image("rgb_wide.png")};
  once.prompt = "What is it?";
  once.sampling = call.sampling;
  once.seed = 7;
  once.texts = 2;
  once.max_new_tokens = 5;
  const std::vector<GeneratedText> expected = generate(once);
  ASSERT_EQ(texts.size(), 2U);
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i].tokens, expected[i].tokens);
}

TEST_F(RewardModelTest, TakesMessagesAndBytes) {
  RewardModel model(options_of("vlrm_ties"));
  const std::vector<double> expected = model.score({asked()}).at(0).scores;
  Conversation messages = asked();
  messages.images[0] = {"the picture", read_image_file(image("rgb_wide.png"))};
  messages.prompt.clear();
  messages.messages = R"([{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}])";
  EXPECT_EQ(model.score({messages}).at(0).scores, expected);
  messages.messages.pop_back();
  messages.messages += R"(, {"role": "assistant", "content": "A cat."}])";
  messages.responses.clear();
  Conversation alone = asked();
  alone.responses.resize(1);
  EXPECT_EQ(model.score({messages}).at(0).scores, model.score({alone}).at(0).scores);
}

TEST_F(RewardModelTest, SaysWhereAConversationIsWrong) {
  RewardModel model(options_of("vlrm_ties"));
  const auto error = [&](const Conversation& wrong) { return error_of([&] { model.score({asked(), wrong}); }); };
  Conversation none = asked();
  none.responses.clear();
  EXPECT_THAT(error(none), HasSubstr("sample 2: at least one response"));
  Conversation both = asked();
  both.messages = "[]";
  EXPECT_THAT(error(both), HasSubstr("sample 2: has both a prompt and messages"));
  Conversation broken = asked({});
  broken.images.push_back({"the picture", "not an image"});
  EXPECT_THAT(error(broken), HasSubstr("sample 2: the picture: "));
  Conversation bytes = asked();
  bytes.responses[0] = "\xff";
  EXPECT_THAT(error(bytes), HasSubstr("sample 2: a response is not UTF-8, from byte 0 on"));
  EXPECT_THAT(error_of([&] { model.score({asked()}, in_mode("sideways")); }), HasSubstr("mode"));
  EXPECT_EQ(model.score({asked()}).size(), 1U);  // it is as good as before
}

TEST_F(RewardModelTest, ATextModelLeavesNoImageOutUnasked) {
  RewardModel model(options_of("models/rm"));
  EXPECT_FALSE(model.sees());
  EXPECT_EQ(model.score({asked({})}).at(0).scores, scored_once(options_of("models/rm"), "text-only", {}));
  EXPECT_THAT(error_of([&] { model.score({asked()}); }), HasSubstr("sees no image"));
}

TEST_F(RewardModelTest, AModelWithoutARewardHeadIsLoadedForTheRest) {
  RewardModel model(options_of("models/vlm"));
  EXPECT_FALSE(model.rewards());
  EXPECT_THAT(error_of([&] { model.score({asked()}); }), HasSubstr("has no reward head"));
  GenerateCall call;
  call.max_new_tokens = 1;
  EXPECT_EQ(model.generate(asked(), call).size(), 1U);
}

TEST_F(RewardModelTest, MergesByAMethod) {
  const auto merged = [&](const MethodOptions& how) {
    ModelOptions options = options_of("");
    options.model.clear();
    options.vlm = (goldens() / "models/vlm").string();
    options.rm = (goldens() / "models/rm").string();
    static_cast<MethodOptions&>(options) = how;
    return RewardModel(options).score({asked()}).at(0).scores;
  };
  MethodOptions half{.method = "linear"}, none = half;
  half.weight_rm = 0.5;
  EXPECT_NE(merged(half), scored_once(options_of("vlrm_ties"), "image", {image("rgb_wide.png")}));
  EXPECT_THAT(error_of([&] { merged(none); }), HasSubstr("`weight_rm`"));
  EXPECT_THAT(error_of([&] { merged({.method = "stirring"}); }), HasSubstr("method: "));
  EXPECT_THAT(error_of([&] { merged({.method = "", .density = 0.5}); }), HasSubstr("method: is missing"));
}

TEST_F(RewardModelTest, ThreadsWaitForEachOther) {
  RewardModel model(options_of("vlrm_ties"));
  const std::vector<double> expected = model.score({asked()}).at(0).scores;
  std::vector<std::vector<double>> scores(4);
  {
    std::vector<std::jthread> threads;
    for (std::vector<double>& mine : scores) threads.emplace_back([&] { mine = model.score({asked()}).at(0).scores; });
  }
  for (const std::vector<double>& mine : scores) EXPECT_EQ(mine, expected);
}

TEST_F(RewardModelTest, IsOfTheProcessThatLoadedIt) {
  RewardModel model(options_of("vlrm_ties"));
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string error = error_of([&] { model.score({asked()}); });
    ::_exit(error.find("before this process was forked") == std::string::npos ? 1 : 0);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(RewardModelTest, ACallbackCannotUseIt) {
  RewardModel model(options_of("vlrm_ties"));
  GenerateCall call;
  call.max_new_tokens = 1;
  call.grown = [&](size_t, const std::string&) { model.score({asked()}); };
  EXPECT_THAT(error_of([&] { model.generate(asked(), call); }), HasSubstr("the model is at work"));
}

TEST_F(RewardModelTest, StopsWhereItsListenerSays) {
  class Stopping : public Listener {
   public:
    bool interrupted() override { return true; }
  } stopping;
  RewardModel model(options_of("vlrm_ties"));
  ScoreCall call;
  call.listener = &stopping;
  EXPECT_THROW(model.score({asked()}, call), Interrupted);
  EXPECT_EQ(model.score({asked()}).size(), 1U);
}

}  // namespace
}  // namespace vlrm::testing
