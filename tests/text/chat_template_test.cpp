// Where templates and special tokens come from, and the reference's renderings.
#include "text/chat_template.h"

#include "support/support.h"

namespace vlrm {
namespace {

using testing::error_of;
using testing::TemporaryDirectory;
using testing::write_text;

std::string render(const ChatTemplate& chat_template, OrderedJson variables = OrderedJson::object()) {
  ChatTemplate::Input input;
  input.variables = std::move(variables);
  return chat_template.render(input);
}

TEST(ChatTemplate, EqualsTheReference) {
  VLRM_NEED_GOLDENS();
  const OrderedJson models = read_ordered_json_or_throw(testing::goldens() / "reference/chat_templates.json");
  int count = 0;
  for (const auto& [model, cases] : models.items()) {
    const auto directory = testing::goldens() / "models" / model;
    const ChatTemplate chat_template = ChatTemplate::from_directory(directory);
    for (const auto& [name, expected] : cases.items()) {
      ChatTemplate::Input input;
      input.messages = expected.at("messages");
      input.add_generation_prompt = expected.at("add_generation_prompt").get<bool>();
      input.variables = ChatTemplate::special_tokens(directory);
      input.variables.update(expected.at("kw"));
      input.variables["tools"] = expected.at("tools");
      EXPECT_EQ(chat_template.render(input), expected.at("text").get<std::string>()) << model << " " << name;
      ++count;
    }
  }
  EXPECT_EQ(count, 46);
}

TEST(ChatTemplate, TakesTheFirstFileThatTheReferenceTakes) {
  const TemporaryDirectory directory;
  const auto rendered = [&] { return render(ChatTemplate::from_directory(directory.path())); };
  EXPECT_NE(error_of(rendered).find("has no chat template"), std::string::npos);
  write_text(directory / "chat_template.json", R"({"chat_template": "processor"})");
  EXPECT_EQ(rendered(), "processor");
  write_text(directory / "tokenizer_config.json", R"({"chat_template": "tokenizer"})");
  EXPECT_EQ(rendered(), "tokenizer");
  write_text(directory / "preprocessor_config.json", "{}");
  EXPECT_EQ(rendered(), "processor");
  write_text(directory / "chat_template.jinja", "jinja\n");
  EXPECT_EQ(rendered(), "jinja");
}

TEST(ChatTemplate, OfSeveralTakesTheDefaultOrTheOneForTools) {
  const TemporaryDirectory directory;
  write_text(
      directory / "tokenizer_config.json",
      R"({"chat_template": [{"name": "rag", "template": "r"}, {"name": "tool_use", "template": "t{{ tools|length }}"},
                                   {"name": "default", "template": "d"}]})");
  const ChatTemplate chat_template = ChatTemplate::from_directory(directory.path());
  EXPECT_EQ(render(chat_template), "d");
  EXPECT_EQ(render(chat_template, {{"tools", nullptr}}), "d");
  EXPECT_EQ(render(chat_template, {{"tools", OrderedJson::array({1, 2})}}), "t2");
  EXPECT_EQ(chat_template.text(), "d");
  write_text(directory / "tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "r"}]})");
  EXPECT_NE(error_of([&] { ChatTemplate::from_directory(directory.path()); }).find("none of the templates is named"),
            std::string::npos);
  write_text(directory / "tokenizer_config.json", R"({"chat_template": 1})");
  EXPECT_NE(error_of([&] { ChatTemplate::from_directory(directory.path()); }).find("neither a string nor a list"),
            std::string::npos);
}

TEST(ChatTemplate, ErrorsNameTheFile) {
  const TemporaryDirectory directory;
  write_text(directory / "chat_template.jinja", "a\n{% if %}");
  EXPECT_EQ(
      error_of([&] { ChatTemplate::from_directory(directory.path()); }),
      (directory / "chat_template.jinja").string() + ": line 2: expected an expression, got end of statement block");
}

TEST(ChatTemplate, SpecialTokensAsTheReferencePassesThem) {
  const TemporaryDirectory directory;
  EXPECT_EQ(ChatTemplate::special_tokens(directory.path()), OrderedJson::object());
  write_text(directory / "special_tokens_map.json", R"({"bos_token": "<m>", "cls_token": {"content": "<c>"}})");
  EXPECT_EQ(ChatTemplate::special_tokens(directory.path()), OrderedJson({{"bos_token", "<m>"}, {"cls_token", "<c>"}}));
  write_text(
      directory / "tokenizer_config.json",
      R"({"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "unk_token": null, "pad_token": "",
                 "additional_special_tokens": ["<a>", {"content": "<b>"}], "added_tokens_decoder": {}})");
  EXPECT_EQ(ChatTemplate::special_tokens(directory.path()),
            OrderedJson({{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"additional_special_tokens", {"<a>", "<b>"}}}));
  write_text(directory / "tokenizer_config.json", R"({"bos_token": 1})");
  EXPECT_EQ(error_of([&] { ChatTemplate::special_tokens(directory.path()); }),
            (directory / "tokenizer_config.json").string() +
                ": bos_token is neither a string nor a token with a \"content\"");
}

TEST(Clock, ReadsDates) {
  for (const char* date : {"01 Jan 2025", "2025-01-01", "1 January 2025"})
    EXPECT_EQ(jinja::Clock::parse_or_throw(date).date(), "01 Jan 2025") << date;
  EXPECT_EQ(jinja::Clock::parse_or_throw("today").date().size(), 11u);
  for (const char* date : {"", "2025-02-29", "yesterday", "01 Jan 2025 ", "2025-13-01"})
    EXPECT_NE(error_of([&] { jinja::Clock::parse_or_throw(date); }).find("is no date"), std::string::npos) << date;
}

TEST(Clock, FormatsAsPythonDoes) {
  const jinja::Clock clock = jinja::Clock::parse_or_throw("2024-07-26");
  EXPECT_EQ(clock.format("%d %b %Y|%A %B|%H:%M:%S.%f|%j %%|%z%Z"), "26 Jul 2024|Friday July|00:00:00.000000|208 %|");
  EXPECT_EQ(clock.format(""), "");
}

TEST(Clock, IsWhatStrftimeNowAnswers) {
  const jinja::Clock clock = jinja::Clock::parse_or_throw("2024-07-26");
  const auto chat_template =
      ChatTemplate::parse("{{ strftime_now('%d.%m.') if strftime_now is defined else 'none' }}", "t");
  ChatTemplate::Input input;
  EXPECT_EQ(chat_template.render(input), "none");
  input.clock = &clock;
  EXPECT_EQ(chat_template.render(input), "26.07.");
}

TEST(ChatTemplate, ErrorsNameTheSourceAndTheLine) {
  const auto error = [](const std::string& text) { return error_of([&] { render(ChatTemplate::parse(text, "t")); }); };
  EXPECT_EQ(error("\n\n{{ raise_exception('no\nway') }}"), "t: line 3: no\\x0away");
  EXPECT_EQ(error("{% if 1 %}"), "t: line 1: the block 'if' has no end: 'endif' is missing");
  EXPECT_EQ(error("a\xFF"), "t: the chat template is not UTF-8 at byte 1");
  EXPECT_EQ(
      error("{{ strftime_now('%d') }}"),
      "t: line 1: 'strftime_now' is undefined: the template asks for a date without a fallback; `date` gives one");
}

}  // namespace
}  // namespace vlrm
