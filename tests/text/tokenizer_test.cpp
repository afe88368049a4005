// The tokenizer against what `tokenizers` and transformers made of the same strings.
#include "text/tokenizer.h"

#include <thread>

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

}  // namespace
}  // namespace vlrm
