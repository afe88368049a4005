#include "eval/evaluation.h"
#include "support/support.h"

using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

Captions captions_of(const std::filesystem::path& file, const std::string& text) {
  write_text(file, text);
  return Captions::read_or_throw(file);
}

TEST(Captions, AreFoundByTheIdsText) {
  const TemporaryDirectory dir;
  const Captions captions = captions_of(dir / "c.json", R"({"7": "seven", "a": "A", "1.0": "float"})");
  EXPECT_EQ(captions.of(7, "row 1"), "seven");
  EXPECT_EQ(captions.of("7", "row 1"), "seven");
  EXPECT_EQ(captions.of("a", "row 1"), "A");
  EXPECT_EQ(captions.of(1.0, "row 1"), "float");
  EXPECT_THAT(error_of([&] { captions.of("b", "row 1"); }), EndsWith("c.json has no caption for the id b"));
  EXPECT_THAT(error_of([&] { captions.of("b", "row 1"); }), HasSubstr("row 1: "));
}

TEST(Captions, RefuseWhatIsNoObjectOfTexts) {
  const TemporaryDirectory dir;
  for (const auto& [text, expected] :
       {std::pair("[]", "not a JSON object of captions by id"),
        std::pair(R"({"a": 1})", "the caption of a is not a text"), std::pair(R"({"a": )", "not valid JSON at byte")})
    EXPECT_THAT(error_of([&, text = text] { captions_of(dir / "c.json", text); }), HasSubstr(expected));
  EXPECT_THAT(error_of([&] { Captions::read_or_throw(dir / "none.json"); }), HasSubstr("none.json"));
}

TEST(EvaluationMode, HasAName) {
  for (const char* name : {"image", "no-image", "text-only", "cascade", "random"})
    EXPECT_EQ(evaluation_mode_name(evaluation_mode_or_throw(name)), name);
  EXPECT_THAT(error_of([] { evaluation_mode_or_throw("images"); }),
              ::testing::StartsWith("mode: images is none of image, "));
}

}  // namespace
}  // namespace vlrm::testing
