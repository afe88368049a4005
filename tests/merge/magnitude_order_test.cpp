#include "merge/methods/magnitude_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace vlrm {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<uint32_t> expected(const std::vector<float>& row) {
  std::vector<uint32_t> places(row.size());
  std::iota(places.begin(), places.end(), 0);
  std::ranges::stable_sort(places, [&](uint32_t one, uint32_t other) {
    const float x = row[one], y = row[other];
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
    return std::abs(x) < std::abs(y);
  });
  return places;
}

void expect_in_order(MagnitudeOrder& order, const std::vector<float>& row) {
  std::vector<uint32_t> places;
  for (const uint64_t key : order.of(row)) places.push_back(static_cast<uint32_t>(key));
  EXPECT_EQ(places, expected(row));
}

TEST(MagnitudeOrder, WhateverTheDistributionAndTheLength) {
  std::mt19937 engine(0);
  std::normal_distribution<float> normal;
  MagnitudeOrder order;
  for (const size_t length : {1, 2, 3, 5, 16, 17, 100, 2048, 5000}) {
    std::vector<float> row(length);
    const auto fill = [&](auto value) { std::ranges::generate(row, value); };
    fill([&] { return normal(engine); });
    expect_in_order(order, row);
    fill([&] { return std::round(4 * normal(engine)) * 1e-30f; });  // many equals
    expect_in_order(order, row);
    fill([&] { return std::exp(20 * normal(engine)); });  // nearly all in one bucket
    expect_in_order(order, row);
    fill([&, next = 0.0f]() mutable { return next -= 1; });
    expect_in_order(order, row);
    fill([&, next = 1e6f]() mutable { return next -= 1; });
    expect_in_order(order, row);
    fill([] { return -0.0f; });
    expect_in_order(order, row);
  }
}

TEST(MagnitudeOrder, WhatIsNotFiniteIsLast) {
  MagnitudeOrder order;
  expect_in_order(order, {1, NAN, -3, kInfinity, 2, -kInfinity, NAN, 0, 3});
  expect_in_order(order, {NAN, NAN});
  expect_in_order(order, {3e38f, 3e38f, -3e38f, 1});
}

TEST(MagnitudeOrder, ARowLongerThanItsTable) {
  std::mt19937 engine(0);
  std::normal_distribution<float> normal;
  std::vector<float> row((1 << 20) + 3);
  std::ranges::generate(row, [&] { return normal(engine); });
  MagnitudeOrder order;
  expect_in_order(order, row);
}

}  // namespace
}  // namespace vlrm
