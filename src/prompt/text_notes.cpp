#include "prompt/text_notes.h"

#include "base/error.h"

namespace vlrm {
namespace {

struct Kind {
  const char* name;
  int64_t TextNotes::*count;
  const char* warning;  // behind the count
};
constexpr Kind kKinds[] = {
    {"special_tokens", &TextNotes::special_tokens,
     "special token{} in prompts and responses read as tokens; `special_tokens` escape reads them as text"},
    {"escaped_tokens", &TextNotes::escaped_tokens, "special token{} in prompts and responses read as text"},
    {"placeholders", &TextNotes::placeholders, "image placeholder{} in prompts and responses read as text"},
    {"long_texts", &TextNotes::long_texts,
     "text{} longer than the model's positions, beyond what it was made for; `max_length` refuses or cuts them"},
    {"cut_texts", &TextNotes::cut_texts, "text{} cut to `max_length`"},
    {"outgrown_texts", &TextNotes::outgrown_texts,
     "text{} written on beyond the model's positions, further than it was made for; a smaller `max_new_tokens` ends "
     "before"},
    {"equal_pairs", &TextNotes::equal_pairs,
     "pair{} of two responses with the same text; the first of equals counts as chosen"},
};

}  // namespace

void TextNotes::add(const TextNotes& other) {
  for (const Kind& kind : kKinds) this->*kind.count += other.*kind.count;
}

TextNotes TextNotes::from_json(const OrderedJson& json, const std::string& source) {
  TextNotes notes;
  for (const Kind& kind : kKinds) {
    notes.*kind.count = optional_field<int64_t>(json, kind.name, 0, source);
    if (notes.*kind.count < 0) fail("{}: the field \"{}\" is negative", source, kind.name);
    if (notes.*kind.count > json_limits::kCount)
      fail("{}: the field \"{}\" is more than {}", source, kind.name, json_limits::kCount);
  }
  return notes;
}

OrderedJson TextNotes::json() const {
  OrderedJson json = OrderedJson::object();
  for (const Kind& kind : kKinds)
    if (this->*kind.count != 0) json[kind.name] = this->*kind.count;
  return json;
}

std::vector<std::string> TextNotes::warnings() const {
  std::vector<std::string> lines;
  for (const Kind& kind : kKinds)
    if (const int64_t count = this->*kind.count; count != 0)
      lines.push_back(fmt::format("{} ", count) + fmt::format(fmt::runtime(kind.warning), count == 1 ? "" : "s"));
  return lines;
}

std::vector<std::string> TextNotes::kinds() const {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds)
    if (this->*kind.count != 0) names.emplace_back(kind.name);
  return names;
}

}  // namespace vlrm
