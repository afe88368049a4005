// Attention over pages, with and without a libtorch that knows them. On a device: a CPU has neither.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "model/page_numbers.h"
#include "model/paged_layer.h"
#include "support/device.h"

namespace vlrm::testing {
namespace {

TEST(Pages, AreFreeWhenTheLastUserIsGone) {
  PageNumbers pages;
  const int32_t first = pages.take(), second = pages.take();
  pages.share(first);
  pages.give_back({first, second});
  EXPECT_TRUE(pages.in_use(first));
  EXPECT_EQ(pages.take(), second);
  EXPECT_EQ(pages.end(), 2);
  pages.give_back({first});
  EXPECT_EQ(pages.take(), first);
}

TEST(Pages, AreReadInPlaceOrGathered) {
  if (on_cpu()) return;
  const c10::InferenceMode no_gradients;
  const at::Device device(test_device());
  const auto random = [&](const std::vector<int64_t>& shape) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    return at::arange(count, at::kFloat).mul_(3.7).sin_().view(shape).to(at::kHalf).to(device);
  };
  const at::Tensor queries = random({3, 4, 8}), pool = random({5, kPageTokens, 4, 8});
  const std::vector<vlrm::Run> runs{{1, 0, 300}, {1, 300, 17}, {1, 317, 512}};
  const auto [sent, pages] = Runs::with(runs, {4, 1, 2, 0, 3, 1}, device);
  const at::Tensor table = pages.view({3, 2});
  const at::Tensor in_place = attend_pages(queries, pool, sent, table).to(at::kCPU, at::kFloat);
  const at::Tensor gathered = attend_gathered_pages(queries, pool, sent, table).to(at::kCPU, at::kFloat);
  EXPECT_TRUE(in_place.equal(gathered));
  // The second text's keys are the first 17 rows of page 2.
  const at::Tensor both = pool.select(0, 2).narrow(0, 0, 17);
  const at::Tensor alone = at::empty({1, 32}, queries.options());
  attend_all(alone, {queries.narrow(0, 1, 1), both.narrow(1, 0, 2), both.narrow(1, 2, 2)});
  EXPECT_LT((alone.to(at::kCPU, at::kFloat)[0] - in_place[1]).abs().max().item<float>(), 1e-3);
}

}  // namespace
}  // namespace vlrm::testing
