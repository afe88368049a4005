// The map behind OrderedJson.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>

#include "base/json.h"
#include "support/support.h"

namespace vlrm {
namespace {

using Clock = std::chrono::steady_clock;

OrderedJson numbered(int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += fmt::format("{}\"key {}\": {}", i > 0 ? "," : "", i, i);
  return parse_ordered_json_or_throw(text + "}", "numbered");
}

std::vector<std::string> keys_of(const OrderedJson& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

TEST(OrderedMap, KeepsTheOrderOfInsertion) {
  OrderedJson object = {{"z", 1}, {"a", 2}};
  object["m"] = 3;
  object["a"] = 4;  // keeps its place
  EXPECT_THAT(keys_of(object), ::testing::ElementsAre("z", "a", "m"));
  EXPECT_EQ(object["a"], 4);
  object.erase("a");
  EXPECT_THAT(keys_of(object), ::testing::ElementsAre("z", "m"));
  EXPECT_EQ(parse_ordered_json_or_throw(R"({"b": 1, "a": 2, "b": 3})", "twice").dump(), R"({"b":3,"a":2})");
}

TEST(OrderedMap, FindsEveryKeyOfFewAndOfMany) {
  for (const int count : {1, 15, 16, 17, 18, 100, 1000}) {
    OrderedJson object = numbered(count);
    ASSERT_EQ(object.size(), static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) ASSERT_EQ(object.at(fmt::format("key {}", i)), i) << count;
    EXPECT_FALSE(object.contains(fmt::format("key {}", count)));
    object.erase("key 0");
    for (int i = 1; i < count; ++i) ASSERT_EQ(object.at(fmt::format("key {}", i)), i) << count;
    EXPECT_FALSE(object.contains("key 0"));
    object["key 0"] = "again";
    EXPECT_EQ(keys_of(object).back(), "key 0");
    const OrderedJson copy = object;
    EXPECT_EQ(copy, object);
    EXPECT_EQ(copy.at("key 0"), "again");
  }
}

TEST(OrderedMap, TakesNoLongerForAKeyOfMany) {
  const auto start = Clock::now();
  const OrderedJson object = numbered(200'000);
  for (int i = 0; i < 200'000; ++i) ASSERT_TRUE(object.contains(fmt::format("key {}", i)));
  EXPECT_LT(Clock::now() - start,
            testing::kSlower * std::chrono::seconds(10));  // minutes, where each is compared with all before it
}

}  // namespace
}  // namespace vlrm
