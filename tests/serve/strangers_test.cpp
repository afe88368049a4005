// What strangers send: base64, keys, rendered chats, names of images, JSON.
#include <sys/stat.h>

#include "serve/api_keys.h"
#include "serve/base64.h"
#include "serve/chat_markup.h"
#include "serve/dialects/reward_label.h"
#include "serve/http_error.h"
#include "serve/image_marks.h"
#include "serve/media.h"
#include "serve/request_body.h"
#include "support/support.h"

namespace vlrm {
namespace {

using ::testing::HasSubstr;

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const HttpError& error) {
    return fmt::format("{} {}", error.status(), error.what());
  }
  return "nothing";
}

TEST(Base64, DecodesWithAndWithoutPadding) {
  EXPECT_EQ(decode_base64("TWFu"), "Man");
  EXPECT_EQ(decode_base64("TWE="), "Ma");
  EXPECT_EQ(decode_base64("TWE"), "Ma");
  EXPECT_EQ(decode_base64("TQ=="), "M");
  EXPECT_EQ(decode_base64(" T\r\nQ\t= = "), "M");
  EXPECT_EQ(decode_base64("+/+/"), "\xfb\xff\xbf");
  EXPECT_EQ(decode_base64(""), "");
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"T", "TWFuT", "TQ=", "TWE==", "TWFu=", "====", "TQ==TQ==", "T-_u", "TW\xff=", "=", "TQ==x"})
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  EXPECT_EQ(decode_base64(std::string_view("TW\0u", 4)), std::nullopt);
}

TEST(ApiKeys, AdmitsItsKeysAlone) {
  const ApiKeys keys({"first", "second"});
  for (const char* header : {"Bearer first", "bearer second", "BEARER first"})
    EXPECT_TRUE(keys.admit(header)) << header;
  for (const char* header : {"", "Bearer", "Bearer ", "Bearer firs", "Bearer first ", "Bearer  first", "first",
                             "Bearer firstfirst", "Basic first", "Bearer firstsecond"})
    EXPECT_FALSE(keys.admit(header)) << header;
  EXPECT_FALSE(keys.admit(std::string("Bearer \0", 8)));
}

TEST(ChatMarkup, FindsTurnsAndTheResponse) {
  const std::string text =
      "<|im_start|>user\n<|vision_start|><|image_pad|><|image_pad|><|vision_end|>What?<|im_end|>\n"
      "<|im_start|>assistant\nA cat.<|im_end|>\n";
  const ChatMarkup any("");
  EXPECT_EQ(any.last_response(text, "query[0]"), "A cat.<|im_end|>\n");
  EXPECT_EQ(ChatMarkup::without_ends("A cat.<|im_end|>\n"), "A cat.");
  const auto turns = any.turns(text, "query[0]");
  ASSERT_EQ(turns.size(), 2);
  EXPECT_THAT(turns[0].text, ::testing::EndsWith("<|vision_end|>What?"));
  EXPECT_EQ(turns[1].role + ":" + turns[1].text, "assistant:A cat.");
  EXPECT_TRUE(turns[0].ended && turns[1].ended);
  EXPECT_EQ(any.responses(text + text, "query[0]"), 2);
}

TEST(ChatMarkup, TellsWhatIsBegun) {
  const ChatMarkup any(""), by_expression("Answer: ");
  const std::string prompt = "<|im_start|>user\nWhat?<|im_end|>\n<|im_start|>assistant\n";
  EXPECT_EQ(any.begun_response(prompt, "p"), "");
  EXPECT_EQ(any.begun_response(prompt + "<think>\n", "p"), "<think>\n");
  EXPECT_EQ(by_expression.begun_response("Q Answer: it", "p"), "it");
  EXPECT_THAT(refusal([&] { any.begun_response(prompt + "x<|im_end|>", "p"); }), HasSubstr("400 p: does not end with"));
  EXPECT_TRUE(any.fits(prompt) && by_expression.fits("Answer: x"));
  EXPECT_FALSE(any.fits("What?") || by_expression.fits("x") || ChatMarkup("llama3").fits(prompt));
}

OrderedJson user_says(const OrderedJson& content) {
  return OrderedJson::array({{{"role", "user"}, {"content", content}}});
}

TEST(ImageMarks, BecomeParts) {
  const auto content = [](const OrderedJson& of, size_t images, bool blind = false) {
    return with_image_places(user_says(of), images, blind, "prompt")[0]["content"].dump();
  };
  const std::string image = R"({"type":"image"})", a = R"({"type":"text","text":"a"})";
  EXPECT_EQ(content("<|image|>a<|image|>", 2), "[" + image + "," + a + "," + image + "]");
  EXPECT_EQ(content("<img><IMG_CONTEXT><IMG_CONTEXT></img>a", 1), "[" + image + "," + a + "]");
  EXPECT_EQ(content("<image>a", 1), "[" + image + "," + a + "]");
  EXPECT_EQ(content(OrderedJson::array({{{"type", "text"}, {"text", "a<image>"}}}), 1), "[" + a + "," + image + "]");
  EXPECT_EQ(content("a<image><|image|>", 1), R"([{"type":"text","text":"a<image>"},)" + image + "]");
  EXPECT_EQ(content("<|image|>a", 0, true), "\"a\"");
  for (const char* words : {"<image>a", "<img>a", "<img></img>", "<|vision_start|>a", "a"})
    EXPECT_EQ(content(words, 0), OrderedJson(words).dump());
  EXPECT_EQ(content("a", 3), "\"a\"");
  EXPECT_THAT(refusal([&] { content("<|image|>a", 2); }),
              HasSubstr("prompt: the prompt has the places of 1 image, and 2"));
  EXPECT_THAT(refusal([&] { content("<image>a<image>", 1); }), HasSubstr("the places of 2 images, and 1 is given"));
  const OrderedJson assistant = OrderedJson::array({{{"role", "assistant"}, {"content", "<|image|>"}}});
  EXPECT_EQ(with_image_places(assistant, 1, false, "prompt"), assistant);
}

TEST(ImageMarks, AreOneThingHoweverManyTokens) {
  EXPECT_EQ(end_of_prompt("ab", "a"), 1);
  EXPECT_EQ(end_of_prompt("<s>ab", "a"), 4);
  EXPECT_EQ(end_of_prompt("b", "a"), std::nullopt);
  EXPECT_EQ(end_of_prompt("a", "ab"), std::nullopt);
  EXPECT_EQ(end_of_prompt("<image><image>ab", "<image>a"), 15);
  EXPECT_EQ(end_of_prompt("ab", "<image>ab"), std::nullopt);
}

TEST(RewardLabel, IsReadStrictly) {
  EXPECT_TRUE(label_of("{1, 2}", "label").images.empty());
  EXPECT_EQ(label_of(R"({"image": "a", "answer": 3})", "label").images, std::vector<std::string>{"a"});
  EXPECT_THAT(refusal([] { label_of("{'image': 'a'}", "label"); }), HasSubstr("400 label: not valid JSON"));
  const std::string many = "{\"images\": [" + std::string(1 << 17, ',') + "]}";
  EXPECT_THAT(refusal([&] { label_of(many, "label"); }), HasSubstr("JSON of more than 65536 values"));
}

TEST(ApiKeys, AreWhatAHeaderCanHold) {
  EXPECT_TRUE(ApiKeys::is_fit("sk-1.~"));
  for (const char* key : {"", "a b", "a\n", "\x7f", "\xc3\xa4"}) EXPECT_FALSE(ApiKeys::is_fit(key)) << key;
}

TEST(ChatMarkup, RefusesWhatIsNoChat) {
  const ChatMarkup any(""), llama("llama3");
  const std::string chatml = "<|im_start|>assistant\nx", gemma = "<start_of_turn>model\n";
  EXPECT_THAT(refusal([&] { any.last_response("text", "query[7]"); }), HasSubstr("400 query[7]: is not a text"));
  EXPECT_THAT(refusal([&] { any.last_response(chatml + gemma, "query[0]"); }), HasSubstr("two chat templates fit"));
  EXPECT_THAT(refusal([&] { llama.turns(chatml, "query[0]"); }), HasSubstr("of llama3 (--response-template)"));
  EXPECT_THROW(ChatMarkup("(unclosed"), OptionError);
  EXPECT_EQ(any.turns("<|im_start|>assistant\n<|im_start|>user", "query").size(), 1);  // cut short
}

TEST(Media, StaysInTheFolder) {
  const testing::TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "in");
  std::filesystem::create_directories(directory / "inside");
  for (const char* name : {"in/cat", "secret", "inside/near"}) testing::write_text(directory / name, "x");
  std::filesystem::create_symlink("../secret", directory / "in" / "out");
  ASSERT_EQ(::mkfifo((directory / "in" / "pipe").c_str(), 0600), 0);
  const std::string allowed = (directory / "in").string();
  EXPECT_EQ(image_of_path(allowed + "/cat", allowed, "images[0]").bytes, "x");
  EXPECT_EQ(image_of_url("file://" + allowed + "/%63at#x", allowed, "images[0]").bytes, "x");
  for (const char* name : {"../secret", "../inside/near", "out", "pipe", "", ".", "missing", "cat/"}) {
    const std::string said = refusal([&] { image_of_path(allowed + "/" + name, allowed, "images[0]"); });
    EXPECT_THAT(said, HasSubstr("400 images[0]: ")) << name;
    EXPECT_THAT(said, HasSubstr("is not a file in the folder that this server may read")) << name;
  }
  EXPECT_THAT(refusal([&] { image_of_url("file://" + allowed + "/cat%00", allowed, "i"); }), HasSubstr("not a file"));
  EXPECT_THAT(refusal([&] { image_of_url("file:///x", "", "i"); }), HasSubstr("reads no files"));
  EXPECT_THAT(refusal([&] { image_of_url("http://x/y", allowed, "i"); }), HasSubstr("nothing is fetched"));
}

TEST(RequestBody, RefusesWhatIsAmbiguous) {
  const auto parse = [](const std::string& text) { return parse_body(text, counts_of_json(text)); };
  EXPECT_EQ(parse(R"({"a": {"b": ":,[{\""}, "c": [1, 2]})")["c"][1], 2);
  for (const char* twice :
       {R"({"a": 1, "a": 2})", R"({"x": [{"a": 1, "\u0061": {"b": 1}}]})", R"({"a": {"b": 1}, "a": 1})"})
    EXPECT_EQ(refusal([&] { parse(twice); }), "400 the body has an object with the same key twice") << twice;
  EXPECT_EQ(refusal([&] { parse("[1]"); }), "400 the body must be a JSON object");
  EXPECT_THROW(parse(R"({"a": NaN})"), Error);
  try {
    parse(R"({"a": 1e999})");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the body: not valid JSON: a number is too large for a double");
  }
  EXPECT_EQ(counts_of_json(R"({"a,b": [1, "x:[", {}]})").values, 5);
  EXPECT_EQ(counts_of_json(R"({"a:b": 1, "c": {"d": 2}})").keys, 3);
}

}  // namespace
}  // namespace vlrm
