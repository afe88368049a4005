#include "serve/dialects/reward_label.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/nearest.h"
#include "serve/chat.h"
#include "serve/http_error.h"
#include "serve/request_body.h"

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 3> kLabelFields{"images", "image", "prompt"};
// "image" is short, and near words that a label may have: "page", "usage".
constexpr std::array<std::string_view, 2> kLongFields{"images", "prompt"};
constexpr int64_t kMostValuesOfLabel = 1 << 16;

// Whether the text has one of the fields in quotes, as JSON and Python write them.
bool names_a_field(const std::string& text) {
  return std::ranges::any_of(kLabelFields, [&](std::string_view name) {
    return text.find(fmt::format("\"{}\"", name)) != text.npos || text.find(fmt::format("'{}'", name)) != text.npos;
  });
}

// Null for a label of the user's own.
OrderedJson object_of(const std::string& text, const std::string& field) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos || text[begin] != '{') return {};
  const JsonCounts counts = counts_of_json(text);
  if (counts.values > kMostValuesOfLabel)
    throw bad_request(fmt::format("{}: JSON of more than {} values", field, kMostValuesOfLabel), field);
  try {
    return parse_object(text, counts, field);
  } catch (const Error& error) {
    if (names_a_field(text)) throw bad_request(error.what(), field);
    return {};  // as "{x | x > 0}"
  }
}

}  // namespace

RewardLabel label_of(const OrderedJson& value, const std::string& field) {
  const OrderedJson json = value.is_string() ? object_of(value.get<std::string>(), field) : value;
  RewardLabel label;
  if (!json.is_object()) return label;
  for (const auto& [key, unused] : json.items())
    if (std::ranges::find(kLabelFields, key) == kLabelFields.end())
      if (const auto near = near_name(key, kLongFields))
        throw bad_request(fmt::format("{}: unknown field \"{}\"; did you mean \"{}\"?", field, printable(key), *near),
                          field);
  const auto given = [&](const char* name) { return json.contains(name) && !json[name].is_null(); };
  if (given("prompt")) {
    label.prompt = json["prompt"];
    if (!label.prompt.is_string() && !label.prompt.is_array())
      throw bad_request(field + ".prompt must be a string or a list of messages", field);
    const bool no_text = label.prompt.is_string() && label.prompt.get_ref<const std::string&>().empty();
    if (label.prompt.empty() || no_text) throw bad_request(field + ".prompt is empty", field);
  }
  if (given("image") && given("images"))
    throw bad_request(field + ": has both \"image\" and \"images\"; leave one out", field);
  if (given("image") && !json["image"].is_string()) throw bad_request(field + ".image must be a string", field);
  for (const char* name : {"image", "images"})
    if (given(name)) label.images = strings_of(json[name], field + "." + name);
  return label;
}

}  // namespace vlrm
