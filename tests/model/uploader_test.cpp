#include "model/uploader.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <cstring>

#include "support/device.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

constexpr int64_t kBuffer = 1024;

// 0, 1, 2 … in pieces that do not fit a buffer, each in another one than the piece before.
TEST(Uploader, SendsWhatEachPieceWasBeforeItsBufferWasFilledAgain) {
  const c10::InferenceMode no_gradients;
  const at::Device device(test_device());
  if (device.is_cpu()) GTEST_SKIP() << "nothing is sent to a CPU";
  Uploader uploader(device, kBuffer);
  std::vector<at::Tensor> sent;
  int64_t begin = 0;
  for (const int64_t count : {1, 255, 256, 1000, 3, 77, 4 * 256, 5}) {
    const at::Tensor source = at::arange(begin, begin + count, at::kFloat);
    sent.push_back(at::empty({count}, at::TensorOptions().dtype(at::kFloat).device(device)));
    uploader.upload(sent.back(), [&](int64_t first, int64_t elements, std::byte* out) {
      std::memcpy(out, source.const_data_ptr<float>() + first, static_cast<size_t>(elements) * sizeof(float));
    });
    begin += count;
  }
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = sent[i].to(at::kCPU);
  EXPECT_TRUE(at::cat(sent).equal(at::arange(begin, at::kFloat)));
}

TEST(Uploader, SendsHalfTypesToo) {
  const c10::InferenceMode no_gradients;
  const at::Device device(test_device());
  if (device.is_cpu()) GTEST_SKIP() << "nothing is sent to a CPU";
  Uploader uploader(device, kBuffer);
  const at::Tensor source = at::arange(0, 700, at::kFloat).to(at::kHalf),
                   target = at::empty({7, 100}, at::TensorOptions().dtype(at::kHalf).device(device));
  uploader.upload(target, [&](int64_t first, int64_t elements, std::byte* out) {
    std::memcpy(out, source.const_data_ptr<at::Half>() + first, static_cast<size_t>(elements) * 2);
  });
  EXPECT_TRUE(target.to(at::kCPU).flatten().equal(source));
}

}  // namespace
}  // namespace vlrm::testing
