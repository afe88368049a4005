#include "writing/prompt_template.h"

#include <algorithm>
#include <utility>

#include "base/braces.h"
#include "base/content_digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

constexpr int64_t kLargestPrompt = int64_t{1} << 20;  // bytes

size_t count(std::string_view text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++found;
  return found;
}

}  // namespace

PromptTemplate PromptTemplate::parse_or_throw(std::string text, std::vector<std::string> needed,
                                              const std::string& source) {
  PromptTemplate made;
  made.text_ = std::move(text);
  made.read_parts(source);
  const auto has = [&](std::string_view field) {
    return std::ranges::any_of(made.parts_,
                               [&](const Part& part) { return part.kind == Part::Kind::field && part.text == field; });
  };
  std::string known = "INSTRUCTION";
  for (const std::string& field : needed) {
    if (!has(field)) fail("{}: has no place for {{{}}}", source, field);
    known += ", " + field;
  }
  for (const Part& part : made.parts_)
    if (part.kind == Part::Kind::field && part.text != kInstruction &&
        std::ranges::find(needed, part.text) == needed.end())
      fail("{}: \"{}\" is no field; there are {}", source, printable(part.text), known);
  if (count(made.text_, kImage) > 1) fail("{}: shows the images in more than one place", source);
  if (count(made.text_, kImage) == 0) {
    if (!has(kInstruction)) fail("{}: has neither {} nor {{{}}} to show images at", source, kImage, kInstruction);
    const auto first = std::ranges::find_if(made.parts_, [](const Part& part) { return part.text == kInstruction; });
    made.parts_.insert(first, {Part::Kind::images, ""});
  }
  return made;
}

void PromptTemplate::add_text(const std::string& text) {
  if (text.empty()) return;
  const size_t image = text.find(kImage);
  if (image == std::string::npos) {
    parts_.push_back({Part::Kind::text, text});
    return;
  }
  if (image > 0) parts_.push_back({Part::Kind::text, text.substr(0, image)});
  parts_.push_back({Part::Kind::images, ""});
  add_text(text.substr(image + kImage.size()));
}

void PromptTemplate::read_parts(const std::string& source) {
  for (BracedPart& part : braced_parts_or_throw(text_, source)) {
    if (part.is_field)
      parts_.push_back({Part::Kind::field, std::move(part.text)});
    else
      add_text(part.text);
  }
}

OrderedJson PromptTemplate::content(const std::map<std::string, std::string>& values, size_t images) const {
  OrderedJson content = OrderedJson::array();
  std::string text;
  const auto end_text = [&] {
    if (!text.empty()) content.push_back({{"type", "text"}, {"text", std::exchange(text, "")}});
  };
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::text) text += part.text;
    if (part.kind == Part::Kind::field) text += values.at(part.text);
    if (part.kind != Part::Kind::images || images == 0) continue;
    end_text();
    for (size_t i = 0; i < images; ++i) content.push_back({{"type", "image"}});
  }
  end_text();
  return content;
}

std::string PromptTemplate::fill(const std::map<std::string, std::string>& values, size_t images) const {
  std::string filled;
  for (const auto& part : content(values, images))
    filled += part["type"] == "text" ? part["text"].get<std::string>() : std::string(kImage);
  return filled;
}

OrderedJson describe_prompt(const std::string& text) {
  return {{"text", text}, {"digest", content_digest(text)}};
}

std::string read_prompt_text_or_throw(const std::filesystem::path& file) {
  std::string text = read_text_or_throw(file, kLargestPrompt);
  if (text.empty()) fail("{}: is empty", file.string());
  if (const auto invalid = utf8::first_invalid(text)) fail("{}: not UTF-8, from byte {} on", file.string(), *invalid);
  return text;
}

}  // namespace vlrm
