// What a GPU refuses, the fake device refuses: else the tests on it would prove nothing.
#include <ATen/Context.h>
#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <c10/core/Event.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ledger.h"
#include "memory.h"

namespace fake_device {
namespace {

using ::testing::HasSubstr;

at::Tensor ones(at::IntArrayRef shape, const char* device, at::ScalarType type = at::kFloat) {
  return at::ones(shape, at::TensorOptions().dtype(type).device(at::Device(device)));
}

template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "";
}

class FakeDevice : public ::testing::Test {
 protected:
  c10::InferenceMode no_gradients_;
};

constexpr const char* kTwoDevices = "Expected all tensors to be on the same device";

TEST_F(FakeDevice, RefusesTensorsOfTwoDevicesInOneOperation) {
  for (const char* other : {"cpu", "fake:1"}) {
    const at::Tensor here = ones({3, 3}, "fake:0"), there = ones({3, 3}, other);
    EXPECT_THAT(error_of([&] { here + there; }), HasSubstr(kTwoDevices)) << other;
    EXPECT_THAT(error_of([&] { there.mul(here); }), HasSubstr(kTwoDevices)) << other;
    EXPECT_THAT(error_of([&] { here.mm(there); }), HasSubstr(kTwoDevices)) << other;
    at::Tensor out = ones({3, 3}, other);
    EXPECT_THAT(error_of([&] { at::mm_out(out, here, here); }), HasSubstr(kTwoDevices)) << other;
    EXPECT_THAT(error_of([&] { here.index_select(0, at::ones({1}, at::kLong).to(at::Device(other))); }),
                HasSubstr(kTwoDevices))
        << other;
    const at::Tensor heads = ones({1, 2, 3, 4}, "fake:0"), elsewhere = ones({1, 2, 3, 4}, other);
    EXPECT_THAT(error_of([&] { at::scaled_dot_product_attention(heads, heads, elsewhere); }), HasSubstr(kTwoDevices))
        << other;
  }
}

TEST_F(FakeDevice, TakesANumberFromTheCpuAndCopiesBetweenDevices) {
  const at::Tensor here = ones({2, 2}, "fake:0");
  const at::Tensor sum = here + at::scalar_tensor(2.0);
  EXPECT_EQ(sum.device(), at::Device("fake:0"));
  EXPECT_EQ((sum.to(at::Device("fake:1")) * 2).to(at::kCPU).sum().item<float>(), 24);
}

using FakeDeviceDeathTest = FakeDevice;

TEST_F(FakeDeviceDeathTest, EndsAProgramWhoseCpuTouchesItsMemory) {
  const at::Tensor tensor = ones({4}, "fake");
  const at::Tensor view = tensor.add(1).narrow(0, 1, 2);
  EXPECT_DEATH(std::printf("%f", static_cast<double>(*tensor.const_data_ptr<float>())), "touched device memory");
  EXPECT_DEATH(*tensor.mutable_data_ptr<float>() = 1, "touched device memory");
  EXPECT_DEATH(std::printf("%f", static_cast<double>(*view.const_data_ptr<float>())), "touched device memory");
}

TEST_F(FakeDevice, FillsNewMemoryWithNaNs) {
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const at::Tensor values =
        at::empty({1000}, at::TensorOptions().dtype(type).device("fake")).to(at::kCPU, at::kFloat);
    EXPECT_TRUE(values.isnan().all().item<bool>()) << type;
  }
}

TEST_F(FakeDevice, ComputesHalfTypesInHalfTypes) {
  const at::Tensor sum = ones({1}, "fake", at::kBFloat16) + at::full({1}, 1.0 / 512, at::kBFloat16).to("fake");
  EXPECT_EQ(sum.scalar_type(), at::kBFloat16);
  EXPECT_EQ(sum.item<float>(), 1);
}

TEST_F(FakeDevice, HasBoundedMemory) {
  const auto allocate = [](int64_t bytes) {
    return at::empty({bytes}, at::TensorOptions().dtype(at::kByte).device("fake"));
  };
  const auto before = memory_use();
  EXPECT_THROW(allocate(142'000'000'000), c10::OutOfMemoryError);
  EXPECT_EQ(memory_use().now, before.now);
  restart_peak();
  allocate(8192);
  EXPECT_EQ(memory_use().peak, before.now + 8192);
  EXPECT_EQ(memory_use().now, before.now);
}

TEST_F(FakeDevice, IsTwoDevices) {
  EXPECT_NE(error_of([] { ones({1}, "fake:2"); }), "");
  EXPECT_EQ((ones({1}, "fake:1") + 1).device(), at::Device("fake:1"));
}

nlohmann::json counted(const std::function<void()>& work) {
  fake_device_restart();
  work();
  return nlohmann::json::parse(fake_device_report());
}

TEST_F(FakeDevice, CountsLaunchesWaitsAndCopies) {
  const at::Tensor a = ones({8, 16}, "fake"), b = ones({16, 4}, "fake");
  const auto report = counted([&] {
    const at::Tensor product = a.mm(b).view({4, 8}).add_(1);
    EXPECT_EQ(product[0][0].item<float>(), 17);
    EXPECT_EQ(product.nonzero().size(0), 32);
    EXPECT_EQ(product.to(at::kCPU).sum().item<float>(), 17 * 32);
  });
  EXPECT_EQ(report["operations"], (nlohmann::json{{"aten::mm.out", 1}, {"aten::add.out", 1}, {"aten::nonzero", 1}}));
  EXPECT_EQ(report["launches"], 3);
  EXPECT_EQ(report["waits"], (nlohmann::json{{"copy to the host", 2}, {"aten::nonzero", 1}}));
  EXPECT_EQ(report["to_host"], (nlohmann::json{{"copies", 2}, {"bytes", 4 + 32 * 4}, {"waited", 4 + 32 * 4}}));
  EXPECT_EQ(report["gflop"], 2 * 8 * 16 * 4 / 1e9);
}

std::string attention_of(at::ScalarType type, bool masked) {
  const at::Tensor heads = ones({1, 2, 8, 16}, "fake", type);
  std::optional<at::Tensor> mask;
  if (masked) mask = ones({8, 8}, "fake", at::kBool);
  const auto report = counted([&] { at::scaled_dot_product_attention(heads, heads, heads, mask); });
  EXPECT_EQ(report["operations"].size(), 1U);
  return report["operations"].begin().key();
}

TEST_F(FakeDevice, ChoosesAttentionAsCudaDoes) {
  EXPECT_EQ(attention_of(at::kHalf, false), "attention cudnn");
  EXPECT_EQ(attention_of(at::kHalf, true), "attention cudnn, mask");
  EXPECT_EQ(attention_of(at::kFloat, false), "attention efficient");
  at::globalContext().setSDPUseCuDNN(false);
  EXPECT_EQ(attention_of(at::kHalf, false), "attention flash");
  EXPECT_EQ(attention_of(at::kHalf, true), "attention efficient, mask");
  at::globalContext().setSDPUseCuDNN(true);
}

TEST_F(FakeDevice, CopiesFromPinnedMemoryAsLateAsAGpuMight) {
  for (const bool waits : {false, true}) {
    const at::Tensor source = at::ones({4}, at::TensorOptions().pinned_memory(true)), target = at::empty({4}, "fake:0");
    target.copy_(source, /*non_blocking=*/true);
    c10::Event event(target.device().type());
    event.record(c10::impl::VirtualGuardImpl(target.device().type()).getStream(target.device()));
    if (waits) event.synchronize();
    source.fill_(2);
    EXPECT_EQ(target.sum().item<double>(), waits ? 4 : 8);
  }
}

}  // namespace
}  // namespace fake_device
