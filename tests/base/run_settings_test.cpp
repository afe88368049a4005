#include "base/run_settings.h"

#include <numeric>

#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

const OrderedJson kSettings{{"vlrm", "1.0"},   {"format", 2},         {"mode", "image"},    {"label", "a"},
                            {"device", "cpu"}, {"dtype", "bfloat16"}, {"batch_samples", 8}, {"threads", 4}};

OrderedJson with(const std::string& key, const OrderedJson& value) {
  OrderedJson settings = kSettings;
  settings[key] = value;
  return settings;
}

TEST(SettingsDifferenceTest, ContentDecides) {
  EXPECT_FALSE(settings_difference(kSettings, kSettings));
  EXPECT_FALSE(settings_difference(kSettings, with("vlrm", "9.9")));
  EXPECT_FALSE(settings_difference(kSettings, with("label", "b")));
  EXPECT_FALSE(settings_difference(with("mixed", {1}), kSettings));
  EXPECT_EQ(settings_difference(kSettings, with("mode", "no-image"))->text, R"(mode was "image", now "no-image")");
  const auto data = [](const char* name, const char* split, const char* stamp) {
    return with("data", {{"name", name}, {"split", split}, {"stamp", stamp}});
  };
  EXPECT_FALSE(settings_difference(data("a", "test", "1"), data("b", "", "1")));
  EXPECT_THAT(settings_difference(data("a", "test", "1"), data("a", "test", "2"))->text, HasSubstr("data was"));
}

TEST(SettingsDifferenceTest, ALimitIsToldBeforeWhatFollowsFromIt) {
  OrderedJson few = with("rows", 2), all = with("rows", 5);
  few["limit"] = 2;
  EXPECT_EQ(settings_difference(few, all)->text, "limit was 2, now not set");
  EXPECT_EQ(settings_difference(all, few)->text, "limit was not set, now 2");
  EXPECT_FALSE(settings_difference(few, all)->only_digits);
  EXPECT_FALSE(settings_difference(few, few));
}

TEST(SettingsDifferenceTest, WhatMayMoveDigits) {
  const std::pair<const char*, OrderedJson> others[] = {
      {"device", "cuda"}, {"dtype", "float32"}, {"batch_samples", 4}, {"threads", 2}};
  for (const auto& [key, value] : others) {
    const auto difference = settings_difference(kSettings, with(key, value));
    ASSERT_TRUE(difference) << key;
    EXPECT_TRUE(difference->only_digits) << key;
    const OrderedJson now = with(key, value);
    EXPECT_THAT(error_of([&] { refuse_other_settings("out", kSettings, now, false); }),
                HasSubstr("`resume_mixed` resumes anyway, `force` starts again"));
    refuse_other_settings("out", kSettings, with(key, value), true);
  }
  OrderedJson two = with("threads", 2);
  two["mode"] = "no-image";
  EXPECT_FALSE(settings_difference(kSettings, two)->only_digits);
  EXPECT_THAT(error_of([&] { refuse_other_settings("out", kSettings, two, true); }),
              HasSubstr(R"(out: made with other settings (mode was "image", now "no-image"); `force` starts again)"));
}

TEST(SettingsDifferenceTest, OtherFormatsCannotBeGoneOnWith) {
  OrderedJson old = kSettings;
  old.erase("format");
  old.erase("threads");
  EXPECT_THAT(
      error_of([&] { refuse_other_settings("out", old, kSettings, true); }),
      HasSubstr("out: made with other settings (their format was 1, now 2: another version of vlrm made them)"));
  EXPECT_EQ(settings_difference(OrderedJson(3), kSettings)->text, "other settings");
}

TEST(MixedSettingsTest, SaysForWhichRows) {
  EXPECT_EQ(mixed_settings(kSettings, with("label", "b"), {0, 1}), with("label", "b"));
  const OrderedJson first = mixed_settings(kSettings, with("threads", 2), {0, 1, 2, 5});
  const OrderedJson expected = OrderedJson::array(
      {{{"rows", {{0, 2}, {5, 5}}}, {"device", "cpu"}, {"dtype", "bfloat16"}, {"batch_samples", 8}, {"threads", 4}}});
  EXPECT_EQ(first.at("mixed"), expected);
  EXPECT_EQ(first.at("threads"), 2);
  // Gone on with as before, it says the same; otherwise again, only what is new.
  EXPECT_EQ(mixed_settings(first, with("threads", 2), {0, 1, 2, 3, 5}), first);
  const OrderedJson second = mixed_settings(first, kSettings, {0, 1, 2, 3, 5});
  EXPECT_EQ(second.at("mixed")[0], expected[0]);
  EXPECT_EQ(second.at("mixed")[1].at("rows"), OrderedJson({{3, 3}}));
  EXPECT_EQ(second.at("mixed")[1].at("threads"), 2);
}

// In the time of rows and ranges together, not of one times the other.
TEST(MixedSettingsTest, ManyRangesOfManyRows) {
  OrderedJson ranges = OrderedJson::array({{7, 3}, {-2, -1}, {9, uint64_t(-1)}});
  for (int i = 0; i < 50'000; ++i) ranges.push_back({1, 40'000});
  OrderedJson before = with("threads", 2);
  before["mixed"] = OrderedJson::array({{{"rows", ranges}, {"threads", 1}}});
  std::vector<int64_t> rows(50'000);
  std::iota(rows.begin(), rows.end(), 0);
  const OrderedJson others = mixed_settings(before, kSettings, rows).at("mixed").back().at("rows");
  EXPECT_EQ(others, OrderedJson::array({{0, 0}, {40'001, 49'999}}));
}

}  // namespace
}  // namespace vlrm::testing
