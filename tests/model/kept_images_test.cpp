// Encoded images are kept for later calls, within a limit, and it makes no difference to the result.
#include "random_model.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

using Weights = BackendOptions::Weights;

class KeptImages : public ::testing::TestWithParam<Weights> {
 protected:
  KeptImages() : config_(small_mllama(Head::reward)), backend_(fresh()) {}

  std::unique_ptr<Backend> fresh() const {
    BackendOptions options;
    options.device = test_device();
    options.dtype = Dtype::f32;
    options.weights = GetParam();
    return load_backend(config_, random_checkpoint(config_, 7), options);
  }
  SharedPrefixBatch about(std::shared_ptr<const ProcessedImage> image) const {
    SharedPrefixBatch batch;
    batch.prefix = random_tokens(config_, 6, 1);
    batch.prefix[1] = config_.image_token;
    batch.continuations = {random_tokens(config_, 4, 2), random_tokens(config_, 9, 3)};
    batch.images = {std::move(image)};
    return batch;
  }
  // Images numbered from 0, a new object each time.
  std::shared_ptr<const ProcessedImage> image(int number) const {
    return random_image(config_, 1 + number % 4, static_cast<uint64_t>(number), fmt::format("digest {}", number));
  }
  std::vector<float> rewards(Backend& backend, std::shared_ptr<const ProcessedImage> shown) const {
    const SharedPrefixBatch batch = about(std::move(shown));
    return backend.rewards({&batch, 1}, {{9, 14}})[0];
  }
  int64_t encoded() const { return backend_->work().images_encoded; }

  const ModelConfig config_;
  const std::unique_ptr<Backend> backend_;
};

TEST_P(KeptImages, TheSameContentIsEncodedOnceAndGivesTheSameBits) {
  const auto first = rewards(*backend_, image(3));
  rewards(*backend_, image(2));
  EXPECT_EQ(rewards(*backend_, image(3)), first);
  EXPECT_EQ(encoded(), 2);
  EXPECT_EQ(rewards(*fresh(), image(3)), first);
}

TEST_P(KeptImages, TheSameContentTwiceInACallIsOneImage) {
  const std::vector<SharedPrefixBatch> batches{about(image(1)), about(image(1))};
  const auto both = backend_->rewards(batches, {{9, 14}, {9, 14}});
  EXPECT_EQ(both[0], both[1]);
  EXPECT_EQ(encoded(), 1);
}

TEST_P(KeptImages, WithoutADigestNothingIsKept) {
  rewards(*backend_, random_image(config_, 2, 1));
  rewards(*backend_, random_image(config_, 2, 1));
  EXPECT_EQ(encoded(), 2);
}

TEST_P(KeptImages, AsManyAsTheLimitHoldsTheOnesUsedLast) {
  backend_->keep_images(2 * backend_->encoded_image_bytes(*image(0)) + 1);
  for (const int number : {0, 1, 0, 2}) rewards(*backend_, image(number));
  EXPECT_EQ(encoded(), 3);
  rewards(*backend_, image(0));
  EXPECT_EQ(encoded(), 3);
  rewards(*backend_, image(1));
  EXPECT_EQ(encoded(), 4) << "the one that was used longest ago had to go";
  backend_->keep_images(0);
  rewards(*backend_, image(1));
  EXPECT_EQ(encoded(), 5);
}

TEST_P(KeptImages, SomeKeptAndSomeNewInOneCall) {
  const std::vector<SharedPrefixBatch> batches{about(image(0)), about(image(1)), about(image(2))};
  const auto together = fresh()->rewards(batches, {{9, 14}, {9, 14}, {9, 14}});
  rewards(*backend_, image(1));
  EXPECT_EQ(backend_->rewards(batches, {{9, 14}, {9, 14}, {9, 14}}), together);
  EXPECT_EQ(encoded(), 3);
}

INSTANTIATE_TEST_SUITE_P(Weights, KeptImages, ::testing::Values(Weights::resident, Weights::streamed),
                         [](const auto& weights) {
                           return weights.param == Weights::resident ? "Resident" : "Streamed";
                         });

}  // namespace
}  // namespace vlrm::testing
