// Texts that are written token by token, against the same texts read as a whole.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/threads.h"
#include "random_model.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

using Next = TextWriter::Next;

SharedPrefixBatch prompt(const ModelConfig& config, std::vector<std::shared_ptr<const ProcessedImage>> images,
                         uint64_t seed) {
  SharedPrefixBatch batch;
  batch.prefix = random_tokens(config, 3, seed);
  for (size_t i = 0; i < images.size(); ++i) {
    batch.prefix.push_back(config.image_token);
    for (const int32_t token : random_tokens(config, i + 2, seed + i)) batch.prefix.push_back(token);
  }
  batch.images = std::move(images);
  return batch;
}

double log_probability(std::span<const float> logits, int32_t token) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return static_cast<double>(logits[static_cast<size_t>(token)]) - std::log(sum);
}

// The log-probability of each text, written token by token.
std::vector<double> written(Backend& backend, const SharedPrefixBatch& prompt,
                            const std::vector<std::vector<int32_t>>& texts) {
  const auto writer = backend.write_texts();
  const std::vector<int64_t> counts{static_cast<int64_t>(texts.size())};
  Logits logits = writer->begin({&prompt, 1}, counts);
  std::vector<double> sums;
  for (const auto& text : texts) sums.push_back(log_probability(logits.row(0), text[0]));
  std::vector<int64_t> living(texts.size());
  std::iota(living.begin(), living.end(), 0);
  for (size_t at = 0; !living.empty(); ++at) {
    Next next;
    std::vector<int64_t> left;
    for (size_t i = 0; i < living.size(); ++i) {
      const auto& text = texts[static_cast<size_t>(living[i])];
      if (at + 1 >= text.size()) continue;
      next.texts.push_back(static_cast<int64_t>(i));
      next.tokens.push_back(text[at]);
      left.push_back(living[i]);
    }
    logits = writer->step({&next, 1});
    living = left;
    for (size_t i = 0; i < living.size(); ++i) {
      const auto text = static_cast<size_t>(living[i]);
      sums[text] += log_probability(logits.row(i), texts[text][at + 1]);
    }
  }
  return sums;
}

// How far two ways of computing the same may be apart, relative to what is computed: on a CPU all arithmetic is
// float32.
double tolerance(Dtype dtype) {
  if (on_cpu() || dtype == Dtype::f32) return 1e-4;
  return dtype == Dtype::f16 ? 2e-3 : 2e-2;
}

void expect_as_read_whole(const ModelConfig& config, const SharedPrefixBatch& asked, Backend& backend, Dtype dtype) {
  std::vector<std::vector<int32_t>> texts;
  for (const size_t length : {5, 1, 40, 80}) texts.push_back(random_tokens(config, length, 20 + length));
  SharedPrefixBatch whole = asked;
  whole.continuations = texts;
  const std::vector<int64_t> starts(texts.size(), static_cast<int64_t>(asked.prefix.size()));
  const auto expected = backend.log_likelihoods({&whole, 1}, {starts})[0];
  const auto found = written(backend, asked, texts);
  for (size_t i = 0; i < texts.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], tolerance(dtype) * std::abs(expected[i])) << i;
}

TEST(TextWriter, WritesWhatReadingTheWholeTextGives) {
  const ModelConfig config = small_mllama(Head::language_model);
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const auto backend = random_backend(config, dtype);
    expect_as_read_whole(config, prompt(config, {random_image(config, 2, 1)}, 3), *backend, dtype);
    expect_as_read_whole(config, prompt(config, {random_image(config, 2, 1), random_image(config, 4, 2)}, 4), *backend,
                         dtype);
    expect_as_read_whole(config, prompt(config, {}, 5), *backend, dtype);
  }
}

// Not under a dynamic rope: what is kept of a token was turned for the text's length when it was written.
TEST(TextWriter, WritesWhatReadingTheWholeTextGivesForATextModel) {
  ModelConfig config = small_qwen3(Head::language_model);
  config.text.rope_scaling->type = RopeType::yarn;
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16})
    expect_as_read_whole(config, prompt(config, {}, 5), *random_backend(config, dtype), dtype);
}

// Some logits of two steps of one prompt's texts, written beside other prompts' or alone.
std::vector<float> digits(Backend& backend, const std::vector<SharedPrefixBatch>& prompts, size_t which,
                          int64_t texts) {
  const auto writer = backend.write_texts();
  const std::vector<int64_t> counts(prompts.size(), texts);
  Logits logits = writer->begin(prompts, counts);
  std::vector<float> result(logits.row(which).begin(), logits.row(which).end());
  for (int step = 0; step < 40; ++step) {
    std::vector<Next> next(prompts.size());
    for (size_t group = 0; group < prompts.size(); ++group)
      for (int64_t text = 0; text < texts; ++text) {
        next[group].texts.push_back(text);
        next[group].tokens.push_back(static_cast<int32_t>((step + 3 * text) % 11));
      }
    logits = writer->step(next);
  }
  const auto row = logits.row(which * static_cast<size_t>(texts));
  result.insert(result.end(), row.begin(), row.end());
  return result;
}

// To the last bit on a CPU, as backend.h promises; elsewhere nearly.
void expect_same(const std::vector<float>& found, const std::vector<float>& expected, Dtype dtype) {
  if (on_cpu()) {
    EXPECT_EQ(found, expected);
    return;
  }
  ASSERT_EQ(found.size(), expected.size());
  double apart = 0, scale = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    apart = std::max<double>(apart, std::isnan(found[i]) ? INFINITY : std::abs(found[i] - expected[i]));
    scale = std::max<double>(scale, std::abs(expected[i]));
  }
  EXPECT_LE(apart, tolerance(dtype) * scale);
}

// Whatever is written beside prompt 2.
void expect_no_influence(const ModelConfig& config, const std::vector<SharedPrefixBatch>& prompts) {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    const auto backend = random_backend(config, dtype);
    const auto streamed = random_backend(config, dtype, BackendOptions::Weights::streamed);
    const auto alone = digits(*backend, {prompts[2]}, 0, 1);
    expect_same(digits(*backend, {prompts[2]}, 0, 7), alone, dtype);
    expect_same(digits(*backend, prompts, 2, 5), alone, dtype);
    expect_same(digits(*streamed, prompts, 2, 3), alone, dtype);
    set_thread_count(1);
    expect_same(digits(*backend, prompts, 2, 2), alone, dtype);
    set_thread_count(0);
  }
}

TEST(TextWriter, WhatATextGetsDoesNotDependOnTheOthers) {
  const ModelConfig config = small_mllama(Head::language_model);
  const auto image = random_image(config, 3, 1);
  expect_no_influence(config, {prompt(config, {random_image(config, 2, 8)}, 1), prompt(config, {}, 2),
                               prompt(config, {image}, 3), prompt(config, {image}, 4)});
  const ModelConfig text = small_qwen3(Head::language_model);
  std::vector<SharedPrefixBatch> prompts(4, prompt(text, {}, 1));
  for (size_t i = 0; i < prompts.size(); ++i) prompts[i].prefix = random_tokens(text, 3 + 5 * i, i);
  expect_no_influence(text, prompts);
}

TEST(TextWriter, GoesOnWithSomeTextsInAnyOrder) {
  const ModelConfig config = small_mllama(Head::language_model);
  const auto backend = random_backend(config);
  const auto asked = prompt(config, {random_image(config, 2, 1)}, 3);
  const auto writer = backend->write_texts();
  writer->begin({&asked, 1}, std::vector<int64_t>{3});
  const Next first{{0, 1, 2}, {4, 5, 6}}, second{{2, 0}, {7, 8}}, third{{1}, {9}};
  writer->step({&first, 1});
  writer->step({&second, 1});
  const Logits found = writer->step({&third, 1});

  const auto other = backend->write_texts();
  other->begin({&asked, 1}, std::vector<int64_t>{1});
  Logits expected;
  for (const int32_t token : {4, 8, 9}) {
    const Next next{{0}, {token}};
    expected = other->step({&next, 1});
  }
  expect_same(found.values, expected.values, Dtype::f32);
}

TEST(TextWriter, NeedsALanguageModelsHead) {
  const auto backend = random_backend(small_mllama(Head::reward));
  EXPECT_THAT(error_of([&] { backend->write_texts(); }), ::testing::HasSubstr("it gives rewards, and writes nothing"));
}

}  // namespace
}  // namespace vlrm::testing
