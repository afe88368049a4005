// The tokenizer against what `tokenizers` and transformers made of the same strings.
#include "text/tokenizer.h"

#include "base/threads.h"
#include "support/support.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

using testing::error_of;
using testing::goldens;

// The golden's name of a tokenizer → the directory that holds it.
const std::map<std::string, std::string> kGoldenTokenizers = {
    {"base", "models/base"}, {"rm", "models/rm"}, {"vlm", "models/vlm"}, {"models/linear", "vlrm_ties"}};

TEST(Tokenizer, EncodesAndDecodesAsTheReference) {
  VLRM_NEED_GOLDENS();
  const Json golden = read_json_or_throw(goldens() / "reference/tokenization.json");
  const auto strings = golden["strings"].get<std::vector<std::string>>();
  ASSERT_EQ(golden["tokenizers"].size(), kGoldenTokenizers.size());
  for (const auto& [name, directory] : kGoldenTokenizers) {
    const auto tokenizer = Tokenizer::from_directory(goldens() / directory);
    for (size_t i = 0; i < strings.size(); ++i) {
      SCOPED_TRACE(fmt::format("{}: {}", name, printable(strings[i])));
      const Json& expected = golden["tokenizers"][name][i];
      const auto ids = expected["ids"].get<std::vector<int32_t>>();
      EXPECT_EQ(tokenizer.encode(strings[i], false), ids);
      EXPECT_EQ(tokenizer.encode(strings[i], true), expected["ids_bos"].get<std::vector<int32_t>>());
      EXPECT_EQ(tokenizer.decode(ids, false), expected["decode"].get<std::string>());
      EXPECT_EQ(tokenizer.decode(ids, true), expected["decode_skip"].get<std::string>());
      EXPECT_EQ(tokenizer.decode_as_is(ids, false), expected["decode_raw"].get<std::string>());
    }
  }
}

TEST(Tokenizer, EncodesTheSameFromManyThreads) {
  VLRM_NEED_GOLDENS();
  const Json golden = read_json_or_throw(goldens() / "reference/tokenization.json");
  const auto strings = golden["strings"].get<std::vector<std::string>>();
  Json file = read_json_or_throw(goldens() / "models/base/tokenizer.json");
  file["model"]["ignore_merges"] = false;  // so that threads meet where it is kept which words are tokens
  const auto tokenizer = Tokenizer::from_json(file.dump(), "base");
  std::vector<std::vector<int32_t>> ids(strings.size() * 16);
  parallel_for(static_cast<int64_t>(ids.size()), [&](int64_t i) {
    ids[static_cast<size_t>(i)] = tokenizer.encode(strings[static_cast<size_t>(i) % strings.size()], true);
  });
  const auto again = Tokenizer::from_json(file.dump(), "base");
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], again.encode(strings[i % strings.size()], true));
}

}  // namespace
}  // namespace vlrm
