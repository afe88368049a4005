#include "prompt/sample.h"

#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

Sample parse(std::string_view line) {
  return parse_sample(line, 7, "samples.jsonl, line 7", "/data");
}
std::vector<std::string> paths(const Sample& sample) {
  std::vector<std::string> all;
  for (const EncodedImage& image : sample.images) all.push_back(image.path.string());
  return all;
}
std::string parse_error(std::string_view line) {
  return error_of([&] { parse(line); });
}

TEST(SampleTest, APromptShowsItsImagesFirst) {
  const Sample sample =
      parse(R"({"id": 3, "images": ["a.png", "/b.png"], "prompt": "What?", "responses": ["x", "y"]})");
  EXPECT_EQ(sample.id, 3);
  EXPECT_THAT(paths(sample), ::testing::ElementsAre("/data/a.png", "/b.png"));
  EXPECT_THAT(sample.responses, ::testing::ElementsAre("x", "y"));
  EXPECT_EQ(sample.messages.dump(),
            R"([{"role":"user","content":[{"type":"image"},{"type":"image"},{"type":"text","text":"What?"}]}])");
}

TEST(SampleTest, ConversationsEndWithTheResponse) {
  const Sample sample = parse(
      R"({"id": "a", "images": ["a.png"], "messages": [{"role": "system", "content": "Be brief."},
          {"role": "user", "content": "What?"}, {"role": "assistant", "content": "A cat."}]})");
  EXPECT_THAT(sample.responses, ::testing::ElementsAre("A cat."));
  EXPECT_EQ(conversation(sample, &sample.responses[0], ContentForm::parts).dump(),
            R"([{"role":"system","content":"Be brief."},)"
            R"({"role":"user","content":[{"type":"image"},{"type":"text","text":"What?"}]},)"
            R"({"role":"assistant","content":[{"type":"text","text":"A cat."}]}])");
  EXPECT_EQ(conversation(sample, nullptr, ContentForm::parts_without_images).dump(),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"What?"}]}])");
  EXPECT_EQ(conversation(sample, &sample.responses[0], ContentForm::text).dump(),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":"What?"},)"
            R"({"role":"assistant","content":"A cat."}])");
}

TEST(SampleTest, PartsMayNameTheirImages) {
  const Sample sample = parse(
      R"({"id": 1, "messages": [{"role": "user", "content": [{"type": "text", "text": "Before "},
          {"type": "image", "image": "a.png"}, {"type": "text", "text": "after"}]}], "responses": ["x"]})");
  EXPECT_THAT(paths(sample), ::testing::ElementsAre("/data/a.png"));
  EXPECT_EQ(sample.messages[0]["content"][1].dump(), R"({"type":"image"})");
  EXPECT_EQ(conversation(sample, nullptr, ContentForm::text)[0]["content"], "Before after");
}

TEST(SampleTest, ALineOfPairsNeedsNoIdAndMayHaveFieldsOfItsOwn) {
  const Sample sample =
      parse(R"({"prompt": "What?", "idx": 5, "image": "a.png", "chosen": "x", "source": {"a": 1}, "rejected": "y"})");
  EXPECT_EQ(sample.id, 7);  // the line's number
  EXPECT_THAT(paths(sample), ::testing::ElementsAre("/data/a.png"));
  EXPECT_THAT(sample.responses, ::testing::ElementsAre("x", "y"));
  EXPECT_EQ(sample.other.dump(), R"({"idx":5,"source":{"a":1}})");
}

TEST(SampleTest, APromptAloneKeepsResponsesAsTheUsersOwn) {
  const auto prompt = [](const std::string& line) {
    return parse_sample(line, 7, "samples.jsonl, line 7", "/data", LineHolds::prompt);
  };
  const Sample sample = prompt(R"({"image": "a.png", "prompt": "What?", "chosen": "x", "scores": [1]})");
  EXPECT_TRUE(sample.responses.empty());
  EXPECT_EQ(sample.other.dump(), R"({"chosen":"x","scores":[1]})");
  EXPECT_EQ(prompt(R"({"messages": [{"role": "user", "content": "a"}]})").messages.size(), 1U);
  for (const auto& [line, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"prompt": "a", "texts": []})", "\"texts\" is one that the output has"},
           {R"({"prompt": "a", "imagse": "b"})", "unknown field \"imagse\"; did you mean \"image"},
           {R"({"messages": [{"role": "assistant", "content": "a"}]})", "the last message is the assistant's"}})
    EXPECT_THAT(error_of([&, &text = line] { prompt(text); }), HasSubstr(message)) << line;
}

TEST(SampleTest, ErrorsNameTheLineAndTheField) {
  for (const auto& [line, message] : std::vector<std::pair<std::string, std::string>>{
           {"{\"id\": 1,", "samples.jsonl, line 7: not valid JSON at byte"},
           {"[]", "must be a JSON object; give one object per line, without a list around them"},
           {" [", "must be a JSON object; give one object per line, without a list around them"},
           {"{", "not valid JSON: the object ends in another line; give one object per line"},
           {"5", "must be a JSON object"},
           {R"({"prompt": "a", "image": "https://x.org/a.png", "responses": ["b"]})",
            "the image https://x.org/a.png is a URL, which is not fetched; save it to a file"},
           {R"({"prompt": "a", "images": ["data:image/png;base64,AAAA"], "responses": ["b"]})", "is a URL"},
           {R"({"id": 1, "prompt": "a", "response": "b"})", "unknown field \"response\"; did you mean \"responses\"?"},
           {R"({"prompt": "a", "scores": [1], "responses": ["b"]})", "\"scores\" is one that the scores have"},
           {R"({"prompt": "a", "image": "a", "images": [], "responses": ["b"]})", "both \"image\" and \"images\""},
           {R"({"prompt": "a", "image": 5, "responses": ["b"]})", "\"image\" must be a string"},
           {R"({"prompt": "a", "chosen": "b"})", "\"rejected\" must be a string"},
           {R"({"prompt": "a", "chosen": "b", "rejected": "c", "responses": ["b"]})", "both \"responses\" and"},
           {R"({"id": 1, "prompt": "a"})", "at least one response"},
           {R"({"id": 1, "prompt": "a", "responses": []})", "at least one response"},
           {R"({"id": 1, "prompt": "a", "responses": "b"})", "\"responses\" must be a list of strings"},
           {R"({"id": 1, "prompt": 5, "responses": ["b"]})", "\"prompt\" must be a string"},
           {R"({"id": 1, "responses": ["b"]})", "either \"prompt\" or \"messages\""},
           {R"({"id": 1, "prompt": "a", "messages": [], "responses": ["b"]})", "has both \"prompt\" and \"messages\""},
           {R"({"id": 1, "messages": [], "responses": ["b"]})", "at least one message"},
           {R"({"id": 1, "messages": [{"role": "user"}], "responses": ["b"]})", "needs \"role\" and \"content\""},
           {R"({"id": 1, "messages": [{"content": "a"}], "responses": ["b"]})", "\"role\" must be a string"},
           {R"({"id": 1, "messages": [{"role": "user", "content": 5}], "responses": ["b"]})",
            "string or a list of parts"},
           {R"({"id": 1, "messages": [{"role": "user", "content": [{"type": "video"}]}], "responses": ["b"]})",
            "of type \"video\""},
           {R"({"id": 1, "messages": [{"role": "user", "content": "a"}]})", "the last message must be the assistant's"},
           {R"({"id": 1, "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "It"}],
               "responses": ["b"]})",
            "the last message is the assistant's, and responses are given beside it"},
           {R"({"id": 1, "images": ["a"], "messages": [{"role": "system", "content": "a"}], "responses": ["b"]})",
            "no user message"},
           {R"({"id": 1, "images": ["a", "b"], "messages": [{"role": "user", "content": [{"type": "image"}]}],
               "responses": ["b"]})",
            "show 1 image, 2 are given"},
           {R"({"id": 1, "images": ["a"], "messages": [{"role": "user", "content": [{"type": "image", "image": "b"}]}],
               "responses": ["b"]})",
            "both in \"images\" and"}})
    EXPECT_THAT(parse_error(line), HasSubstr(message)) << line;
}

}  // namespace
}  // namespace vlrm::testing
