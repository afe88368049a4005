#include "generate/generator.h"

#include <algorithm>
#include <map>

#include "support/device.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

struct Written {
  std::map<int64_t, std::vector<std::vector<int32_t>>> tokens;  // of each request's texts
  int64_t computed = 0;
};

BackendOptions float32() {
  BackendOptions options;
  options.device = test_device();
  options.dtype = Dtype::f32;
  return options;
}

Model text_model() {
  return open_model(goldens() / "models/base_instruct");
}

GeneratorOptions text_options(int64_t max_new_tokens) {
  GeneratorOptions options;
  options.prompt.mode = Mode::text_only;
  options.max_new_tokens = max_new_tokens;
  return options;
}

GenerationRequest request_of(const std::string& question, std::vector<uint64_t> seeds) {
  GenerationRequest request;
  request.sample.messages.push_back(user_message(question, 0));
  request.source = question;
  request.seeds = std::move(seeds);
  return request;
}

// Six requests of three texts each, that differ in length.
Written run(int64_t memory, int64_t texts_together = 64) {
  GeneratorOptions options = text_options(40);
  options.sampling.temperature = 1;
  options.texts_together = texts_together;
  options.expected_tokens = 8;
  options.memory = memory;
  Generator generator(text_model(), options, float32());
  int64_t asked = 0;
  Written result;
  generator.run(
      [&]() -> std::optional<GenerationRequest> {
        if (asked == 6) return std::nullopt;
        return request_of("Question " + std::to_string(asked++), {1, 2, 3});
      },
      [&](int64_t request, const std::vector<WrittenText>& texts) {
        for (const WrittenText& text : texts) result.tokens[request].push_back(text.tokens);
      });
  result.computed = generator.work().tokens;
  return result;
}

TEST(Generator, StartsTextsAgainWhereMemoryRunsOut) {
  VLRM_NEED_GOLDENS();
  const Written plenty = run(int64_t{1} << 40);
  ASSERT_EQ(plenty.tokens.size(), 6);
  // From so little that requests go one by one to enough for all.
  int64_t most = 0;
  for (int64_t memory = int64_t{1} << 14; memory < int64_t{1} << 26; memory *= 8) {
    const Written tight = run(memory);
    EXPECT_EQ(tight.tokens, plenty.tokens) << memory;
    most = std::max(most, tight.computed);
  }
  EXPECT_GT(most, plenty.computed);  // somewhere in between, some were begun twice
}

TEST(Generator, WritesAsManyTextsTogetherAsItIsTold) {
  VLRM_NEED_GOLDENS();
  EXPECT_EQ(run(0, 1).tokens, run(0, 6).tokens);
}

TEST(Generator, AnswersWhatComesBeforeARequestThatCannotBe) {
  VLRM_NEED_GOLDENS();
  Generator generator(text_model(), text_options(5), float32());
  int64_t asked = 0, done = 0, shown = 0;
  const Generator::Next next = [&]() -> std::optional<GenerationRequest> {
    if (asked == 3) fail("row 3: is bad");
    return request_of("Question " + std::to_string(asked++), {0});
  };
  EXPECT_EQ(error_of([&] { generator.run(next, [&](int64_t, const std::vector<WrittenText>&) { ++done; }); }),
            "row 3: is bad");
  EXPECT_EQ(done, 3);
  asked = 0;
  const auto count = [&](int64_t, const std::string&, std::span<const float>) { ++shown; };
  EXPECT_EQ(error_of([&] { generator.show_next_tokens(next, count); }), "row 3: is bad");
  EXPECT_EQ(shown, 3);
}

TEST(Generator, ShowsWhatWouldComeNext) {
  VLRM_NEED_GOLDENS();
  Generator generator(text_model(), text_options(1), float32());
  const auto request = [](int64_t number) { return request_of(std::string(static_cast<size_t>(number), 'x'), {0}); };
  int64_t asked = 0, shown = 0;
  generator.show_next_tokens(
      [&]() -> std::optional<GenerationRequest> { return asked == 3 ? std::nullopt : std::optional(request(++asked)); },
      [&](int64_t number, const std::string&, std::span<const float> logits) {
        const auto greedy = static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
        EXPECT_EQ(generator.write(request(number + 1))[0].tokens[0], greedy);
        ++shown;
      });
  EXPECT_EQ(shown, 3);
}

}  // namespace
}  // namespace vlrm::testing
