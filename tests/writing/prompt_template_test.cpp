#include "writing/prompt_template.h"

#include "support/support.h"
#include "writing/own_prompts.h"

using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::string filled(const char* text, size_t images) {
  return PromptTemplate::parse_or_throw(text, {"ANSWER"}, "p.txt")
      .fill({{"INSTRUCTION", "what {x}?"}, {"ANSWER", "a"}}, images);
}

TEST(PromptTemplate, PutsValuesAndImagesInTheirPlaces) {
  EXPECT_EQ(filled("{INSTRUCTION}-{ANSWER}", 2), "<|image|><|image|>what {x}?-a");
  EXPECT_EQ(filled("see <|image|>: {INSTRUCTION} {{{ANSWER}}} {INSTRUCTION}", 2),
            "see <|image|><|image|>: what {x}? {a} what {x}?");
  EXPECT_EQ(filled("<|image|>{ANSWER}", 0), "a");  // a prompt need not hold the question
}

TEST(PromptTemplate, ImagesArePartsOfAMessage) {
  const auto content = [](const char* text, size_t images) {
    return PromptTemplate::parse_or_throw(text, {}, "p.txt").content({{"INSTRUCTION", "<|image|>?"}}, images).dump();
  };
  const std::string image = R"({"type":"image"})", end = R"({"type":"text","text":" <|image|>?"})";
  EXPECT_EQ(content("<|image|> {INSTRUCTION}", 2), "[" + image + "," + image + "," + end + "]");
  EXPECT_EQ(content("a<|image|> {INSTRUCTION}", 1), R"([{"type":"text","text":"a"},)" + image + "," + end + "]");
  EXPECT_EQ(content("a<|image|> {INSTRUCTION}", 0), R"([{"type":"text","text":"a <|image|>?"}])");
}

TEST(PromptTemplate, SaysWhatIsWrong) {
  const auto error = [](const char* text) { return error_of([&] { filled(text, 1); }); };
  EXPECT_EQ(error("{INSTRUCTION}"), "p.txt: has no place for {ANSWER}");
  EXPECT_EQ(error("{INSTRUCTION} {ANSWER} {answer}"), "p.txt: \"answer\" is no field; there are INSTRUCTION, ANSWER");
  EXPECT_THAT(error("{INSTRUCTION} {ANSWER} }"), HasSubstr("p.txt: the brace at byte 23 stands alone"));
  EXPECT_THAT(error("{INSTRUCTION} {ANSWER"), HasSubstr("the brace at byte 14 stands alone"));
  EXPECT_THAT(error("<|image|>{ANSWER}<|image|>"), EndsWith("shows the images in more than one place"));
  EXPECT_THAT(error("{ANSWER}"), EndsWith("has neither <|image|> nor {INSTRUCTION} to show images at"));
}

TEST(PromptTemplate, FilesAreTextWithSomethingInIt) {
  const TemporaryDirectory dir;
  write_text(dir / "empty.txt", "");
  write_text(dir / "bad.txt", "ab\xff");
  EXPECT_THAT(error_of([&] { read_prompt_text_or_throw(dir / "empty.txt"); }), EndsWith("empty.txt: is empty"));
  EXPECT_THAT(error_of([&] { read_prompt_text_or_throw(dir / "bad.txt"); }), EndsWith("not UTF-8, from byte 2 on"));
  EXPECT_THAT(error_of([&] { read_prompt_text_or_throw(dir / "none.txt"); }), HasSubstr("none.txt"));
}

TEST(PromptTemplate, TheProgramsOwnAreWellFormed) {
  for (const Judging judging : {Judging::score, Judging::likelihood, Judging::pairwise})
    EXPECT_FALSE(JudgePrompts::of({judging, std::nullopt, std::nullopt}).prompt.text().empty());
  EXPECT_THAT(default_caption_prompt().fill({{"INSTRUCTION", "why?"}}, 1), EndsWith("Question: why?"));
}

}  // namespace
}  // namespace vlrm::testing
