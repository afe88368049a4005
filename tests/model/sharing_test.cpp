// What is shared is computed once, and makes no difference to the result.
#include "base/error.h"
#include "random_model.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

// A prompt that shows the images, and some responses of different lengths, one of them empty.
SharedPrefixBatch question(const ModelConfig& config, std::vector<std::shared_ptr<const ProcessedImage>> images,
                           uint64_t seed) {
  SharedPrefixBatch batch;
  batch.prefix = random_tokens(config, 3, seed);
  for (size_t i = 0; i < images.size(); ++i) {
    batch.prefix.push_back(config.image_token);
    for (const int32_t token : random_tokens(config, i, seed + i)) batch.prefix.push_back(token);
  }
  for (const size_t length : {5, 0, 17, 1})
    batch.continuations.push_back(random_tokens(config, length, seed + 10 + length));
  batch.images = std::move(images);
  return batch;
}

std::vector<int64_t> last_positions(const SharedPrefixBatch& batch) {
  std::vector<int64_t> positions;
  for (const auto& continuation : batch.continuations)
    positions.push_back(static_cast<int64_t>(batch.prefix.size() + continuation.size()) - 1);
  return positions;
}

std::vector<float> rewards(Backend& backend, const SharedPrefixBatch& batch) {
  return backend.rewards({&batch, 1}, {last_positions(batch)})[0];
}

// The same text with nothing shared.
SharedPrefixBatch alone(const SharedPrefixBatch& batch, size_t index) {
  SharedPrefixBatch single{batch.images, batch.prefix, {{}}};
  single.prefix.insert(single.prefix.end(), batch.continuations[index].begin(), batch.continuations[index].end());
  return single;
}

TEST(Sharing, CostsOneEncodingAndEachTokenOnce) {
  const ModelConfig config = small_mllama(Head::reward);
  const auto backend = random_backend(config);
  const SharedPrefixBatch batch = question(config, {random_image(config, 2, 1)}, 3);
  rewards(*backend, batch);
  EXPECT_EQ(backend->work().images_encoded, 1);
  EXPECT_EQ(backend->work().tokens, 4 + 5 + 0 + 17 + 1);
}

TEST(Layers, CanBeEndedBeforeEach) {
  const ModelConfig config = small_mllama(Head::reward);
  int calls = 0, last = 1000;
  for (const auto weights : {BackendOptions::Weights::resident, BackendOptions::Weights::streamed}) {
    BackendOptions options;
    options.device = test_device();
    options.dtype = Dtype::f32;
    options.weights = weights;
    options.before_layer = [&] {
      if (++calls > last) fail("that will do");
    };
    const auto backend = load_backend(config, random_checkpoint(config, 7), options);
    const SharedPrefixBatch batch = question(config, {random_image(config, 2, 1)}, 3);
    calls = 0;
    last = 1000;
    const auto whole = rewards(*backend, batch);
    EXPECT_GE(calls, config.text.layers);
    calls = 0;
    last = 2;
    backend->keep_images(0);
    EXPECT_EQ(error_of([&] { rewards(*backend, batch); }), "that will do");
    EXPECT_EQ(calls, 3);
    last = 1000;
    EXPECT_EQ(rewards(*backend, batch), whole);
  }
}

// On the CPU; a device does all groups of a layer in one go.
TEST(Layers, CanBeEndedBeforeEachGroupOfTexts) {
  const ModelConfig config = small_mllama(Head::reward);
  int calls = 0;
  BackendOptions options;
  options.device = test_device();
  options.dtype = Dtype::f32;
  options.before_layer = [&] { ++calls; };
  const auto backend = load_backend(config, random_checkpoint(config, 7), options);
  const std::vector<SharedPrefixBatch> batches(5, question(config, {random_image(config, 2, 1)}, 3));
  calls = 0;
  backend->rewards(batches, std::vector(5, last_positions(batches[0])));
  EXPECT_GE(calls, (on_cpu() ? 5 : 1) * config.text.layers);
}

TEST(Sharing, AnImageInTwoQuestionsIsEncodedOnce) {
  const ModelConfig config = small_mllama(Head::reward);
  const auto backend = random_backend(config);
  const auto image = random_image(config, 3, 1);
  const std::vector<SharedPrefixBatch> batches{question(config, {image}, 3), question(config, {image, image}, 4)};
  backend->rewards(batches, {last_positions(batches[0]), last_positions(batches[1])});
  EXPECT_EQ(backend->work().images_encoded, 1);
}

// Beyond the 12 positions of its rope, where what is shared depends on each text's length, and within.
TEST(Sharing, ChangesNoRewardOfATextModel) {
  const ModelConfig config = small_qwen3(Head::reward);
  const auto backend = random_backend(config);
  const std::vector<SharedPrefixBatch> batches{question(config, {}, 1), question(config, {}, 2)};
  const auto together = backend->rewards(batches, {last_positions(batches[0]), last_positions(batches[1])});
  for (size_t b = 0; b < batches.size(); ++b)
    for (size_t i = 0; i < together[b].size(); ++i)
      EXPECT_NEAR(together[b][i], rewards(*backend, alone(batches[b], i))[0], 1e-5) << "response " << i;
  SharedPrefixBatch within = batches[0];
  within.continuations.erase(within.continuations.begin() + 2);  // the long one
  const auto shared = rewards(*backend, within);
  EXPECT_NEAR(shared[0], together[0][0], 1e-5);
}

TEST(Sharing, ChangesNoReward) {
  const ModelConfig config = small_mllama(Head::reward);
  const auto backend = random_backend(config);
  for (const size_t images : {0, 1, 2, 3}) {
    std::vector<std::shared_ptr<const ProcessedImage>> shown;
    for (size_t i = 0; i < images; ++i) shown.push_back(random_image(config, static_cast<int64_t>(1 + i), i));
    const SharedPrefixBatch batch = question(config, shown, images);
    const auto together = rewards(*backend, batch);
    for (size_t i = 0; i < together.size(); ++i)
      EXPECT_NEAR(together[i], rewards(*backend, alone(batch, i))[0], 1e-5) << images << " images, response " << i;
  }
}

// With 1 to 3 responses each: libtorch's products take a row in one way or another by how many there are.
Questions questions(const ModelConfig& config) {
  Questions all;
  for (uint64_t i = 0; i < 40; ++i) {
    std::vector<std::shared_ptr<const ProcessedImage>> images;
    if (config.sees()) images.push_back(random_image(config, static_cast<int64_t>(1 + i % 4), i));
    SharedPrefixBatch batch = question(config, std::move(images), i);
    batch.continuations.erase(batch.continuations.begin() + 1);  // the empty one
    batch.continuations.resize(1 + i % 3);
    all.positions.emplace_back(batch.continuations.size(), static_cast<int64_t>(batch.prefix.size()));
    all.batches.push_back(std::move(batch));
  }
  return all;
}

// score(backend, batches, positions) gives each batch what it gives it alone: bit for bit on the CPU; on a device,
// where all groups go through a matrix together, nearly.
template <class Score>
void expect_no_influence(const ModelConfig& config, const Score& score) {
  const auto backend = random_backend(config);
  const auto [batches, positions] = questions(config);
  const auto together = score(*backend, std::span(batches), positions);
  for (size_t i = 0; i < batches.size(); ++i) {
    const auto alone = score(*backend, std::span(&batches[i], 1), {positions[i]})[0];
    if (on_cpu()) {
      EXPECT_EQ(together[i], alone) << i;
    }
    ASSERT_EQ(together[i].size(), alone.size()) << i;
    for (size_t j = 0; j < alone.size(); ++j) EXPECT_NEAR(together[i][j], alone[j], 1e-4) << i;
  }
}

using Batches = std::span<const SharedPrefixBatch>;
using Positions = std::vector<std::vector<int64_t>>;

TEST(Sharing, ARewardDoesNotDependOnWhatElseIsScored) {
  for (const ModelConfig& config : {small_mllama(Head::reward), small_qwen3(Head::reward)})
    expect_no_influence(config, [](Backend& backend, Batches batches, const Positions& positions) {
      return backend.rewards(batches, positions);
    });
}

TEST(Sharing, ALikelihoodDoesNotDependOnWhatElseIsScored) {
  for (const ModelConfig& config : {small_mllama(Head::language_model), small_qwen3(Head::language_model)})
    expect_no_influence(config, [](Backend& backend, Batches batches, const Positions& positions) {
      return backend.log_likelihoods(batches, positions);
    });
}

TEST(Sharing, LikelihoodsAddUp) {
  const ModelConfig config = small_mllama(Head::language_model);
  const auto backend = random_backend(config);
  const SharedPrefixBatch batch = question(config, {random_image(config, 2, 1)}, 3);
  const auto n = static_cast<int64_t>(batch.prefix.size());
  const auto likelihood = [&](const SharedPrefixBatch& texts, std::vector<int64_t> from) {
    return backend->log_likelihoods({&texts, 1}, {std::move(from)})[0];
  };
  // Position n may be asked of a text that has it; the empty response is left out.
  SharedPrefixBatch texts = batch;
  texts.continuations.erase(texts.continuations.begin() + 1);
  const auto together = likelihood(texts, {n, n, n});
  for (size_t i = 0; i < together.size(); ++i) EXPECT_NEAR(together[i], likelihood(alone(texts, i), {n})[0], 1e-4);
  const auto half = likelihood(texts, {n + 2, n + 2, n})[1];
  SharedPrefixBatch cut = texts;
  cut.continuations = {{texts.continuations[1].begin(), texts.continuations[1].begin() + 2}};
  EXPECT_NEAR(together[1], likelihood(cut, {n})[0] + half, 1e-4);
}

}  // namespace
}  // namespace vlrm::testing
