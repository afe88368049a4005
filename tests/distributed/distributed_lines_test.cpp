#include "distributed/distributed_lines.h"

#include "base/claim_file.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

namespace vlrm::testing {
namespace {

constexpr int64_t kTotal = 11;  // lines, in six blocks of a batch of two

class Lines : public ::testing::Test {
 protected:
  DistributedLines lines(int64_t rank, int64_t count, const OrderedJson& settings = {{"mode", "image"}}) const {
    return DistributedLines({.output = output_,
                             .settings_file = directory_ / "out.run.json",
                             .settings = settings,
                             .batch = 2,
                             .total = kTotal,
                             .ranks = {rank, count, 0, 1}});
  }
  fs::path part(int64_t block) const { return directory_ / fmt::format("out.parts/{:06}.jsonl", block); }
  fs::path claimed(int64_t block) const { return directory_ / fmt::format("out.parts/claims/{:06}", block); }

  // Of a run of another machine, last renewed so long ago.
  void claim_by_another(int64_t block, std::chrono::seconds ago) const {
    OrderedJson json = parse_ordered_json_or_throw(claim_text("0123456789abcdef"), "claim");
    json["space"] = "another";
    write_text(claim_file(claimed(block)), json.dump() + "\n");
    fs::last_write_time(claim_file(claimed(block)), fs::file_time_type::clock::now() - ago);
  }

  TemporaryDirectory directory_;
  fs::path output_ = directory_ / "out";
};

std::string text_of(const DistributedLines::Batch& batch) {
  std::string text;
  for (int64_t i = 0; i < batch.count; ++i) text += fmt::format("line {}\n", batch.first + i);
  return text;
}

// Makes a batch, and gives its block; nothing at the end.
std::optional<int64_t> make_one(DistributedLines& lines) {
  const auto batch = lines.next();
  if (!batch) return std::nullopt;
  OrderedJson facts = OrderedJson::array();
  for (int64_t i = 0; i < batch->count; ++i) facts.push_back(batch->first + i);
  lines.add(*batch, text_of(*batch), facts);
  return batch->block;
}

std::vector<int64_t> make_all(DistributedLines& lines) {
  std::vector<int64_t> blocks;
  while (const auto block = make_one(lines)) blocks.push_back(*block);
  return blocks;
}

void join(const DistributedLines& lines) {
  int64_t next = 0;
  lines.join(
      [&](int64_t number, const std::string& line, const OrderedJson& fact) {
        EXPECT_EQ(number, next++);
        EXPECT_EQ(line, fmt::format("line {}", number));
        EXPECT_EQ(fact, number);
      },
      [] {
        return OrderedJson{{"images", "x"}};
      });
  EXPECT_EQ(next, kTotal);
}

using Blocks = std::vector<int64_t>;

TEST_F(Lines, AreMadeByEachRankFirstAndThenByWhoeverHasTime) {
  DistributedLines first = lines(0, 2), second = lines(1, 2);
  EXPECT_EQ(make_one(second), 1);
  EXPECT_EQ(make_all(first), (Blocks{0, 2, 4, 3, 5}));
  EXPECT_EQ(make_all(second), Blocks{});
  EXPECT_TRUE(second.complete());
  join(second);
  std::string expected;
  for (int64_t i = 0; i < kTotal; ++i) expected += fmt::format("line {}\n", i);
  EXPECT_EQ(read_text_or_throw(output_), expected);
  EXPECT_EQ(read_json_or_throw(directory_ / "out.run.json"), (Json{{"images", "x"}}));
  join(first);  // once more does no harm
  EXPECT_EQ(read_text_or_throw(output_), expected);
  EXPECT_TRUE(lines(2, 3).joined());
}

TEST_F(Lines, ThatAreBegunAreLeftToWhoBeganThem) {
  DistributedLines first = lines(0, 2);
  const auto begun = first.next();
  ASSERT_EQ(begun.value().block, 0);
  DistributedLines second = lines(1, 2);
  EXPECT_EQ(make_all(second), (Blocks{1, 3, 5, 2, 4}));
  EXPECT_FALSE(second.complete());
  EXPECT_EQ(second.done().lines, kTotal - 2);
}

TEST_F(Lines, OfAProcessThatGaveUpAreTaken) {
  { ASSERT_EQ(lines(0, 2).next().value().block, 0); }
  DistributedLines second = lines(1, 2);
  make_all(second);
  EXPECT_TRUE(second.complete());
}

TEST_F(Lines, OfAStaleClaimAreTakenAndOfALivingOneAreNot) {
  fs::create_directories(claimed(0).parent_path());
  claim_by_another(1, 301s);
  claim_by_another(2, 200s);
  DistributedLines only = lines(0, 1);
  EXPECT_EQ(make_all(only), (Blocks{0, 1, 3, 4, 5}));
}

TEST_F(Lines, KeepTheFirstPartAndTellOfAnother) {
  DistributedLines slow = lines(0, 1);
  const auto batch = slow.next().value();
  fs::remove(claim_file(claimed(0)));  // as if it had been taken for dead
  DistributedLines other = lines(0, 1);
  EXPECT_EQ(make_one(other), 0);
  const std::string before = read_text_or_throw(part(0));
  slow.add(batch, "other digits\nother digits\n", OrderedJson::array({0, 1}));
  EXPECT_EQ(read_text_or_throw(part(0)), before);
}

TEST_F(Lines, OfAnotherNumberOfRanksAreTheSameBlocks) {
  {
    DistributedLines first = lines(0, 2);
    make_one(first);
  }
  DistributedLines rerun = lines(2, 3);
  Blocks own;
  lines(0, 3).for_own_done([&](int64_t block) { own.push_back(block); });
  EXPECT_EQ(own, Blocks{0});
  EXPECT_EQ(make_all(rerun), (Blocks{2, 5, 1, 3, 4}));
}

TEST_F(Lines, OfOtherSettingsAreRefused) {
  lines(0, 2);
  EXPECT_THAT(error_of([&] {
                lines(1, 2, {{"mode", "no-image"}});
              }),
              HasSubstr("out.parts: was begun with other settings (mode was \"image\", now \"no-image\")"));
}

TEST_F(Lines, NeverTakeThePlaceOfAnotherOutput) {
  write_text(output_, "somebody's\n");
  EXPECT_THAT(error_of([&] { lines(0, 2); }), HasSubstr("out: exists already, and there is no "));
  EXPECT_FALSE(fs::exists(directory_ / "out.parts"));
  fs::remove(output_);
  lines(0, 2);
  write_text(output_, "somebody's\n");
  EXPECT_THAT(error_of([&] { lines(0, 2); }), HasSubstr("does not hold all of its blocks"));
  EXPECT_EQ(read_text_or_throw(output_), "somebody's\n");
}

TEST_F(Lines, OfADamagedPartAreNotJoined) {
  DistributedLines only = lines(0, 1);
  make_all(only);
  std::string text = read_text_or_throw(part(3));
  text[text.size() - 2] ^= 1;
  write_text(part(3), text);
  EXPECT_THAT(error_of([&] { only.part(3); }), HasSubstr("000003.jsonl: is damaged; remove it"));
  EXPECT_THAT(error_of([&] { only.join([](auto, auto&, auto&) {}, [] { return OrderedJson(); }); }),
              HasSubstr("is damaged"));
  EXPECT_FALSE(fs::exists(output_));
  fs::resize_file(part(3), 0);
  EXPECT_THAT(error_of([&] { only.part(3); }), HasSubstr("is damaged"));
}

}  // namespace
}  // namespace vlrm::testing
