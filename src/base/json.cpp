#include "base/json.h"

#include "base/error.h"
#include "base/file.h"

namespace vlrm {
namespace {

// The parser recurses on destruction, so a deep document is refused before it is built.
void refuse_deep_nesting(std::string_view text, const std::string& source) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > json_limits::kDepth)
        fail("{}: JSON nested deeper than {} at byte {}", source, json_limits::kDepth, i);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

template <class J>
J parse(std::string_view text, const std::string& source) {
  refuse_deep_nesting(text, source);
  try {
    return J::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    fail("{}: not valid JSON at byte {}", source, error.byte);
  } catch (const nlohmann::json::out_of_range&) {
    fail("{}: not valid JSON: a number is too large for a double", source);
  }
}

}  // namespace

Json parse_json_or_throw(std::string_view text, const std::string& source) {
  return parse<Json>(text, source);
}
OrderedJson parse_ordered_json_or_throw(std::string_view text, const std::string& source) {
  return parse<OrderedJson>(text, source);
}
Json read_json_or_throw(const std::filesystem::path& path) {
  return parse<Json>(read_text_or_throw(path), path.string());
}
OrderedJson read_ordered_json_or_throw(const std::filesystem::path& path) {
  return parse<OrderedJson>(read_text_or_throw(path), path.string());
}
OrderedJson read_object_or_throw(const std::filesystem::path& path) {
  OrderedJson json = read_ordered_json_or_throw(path);
  if (!json.is_object()) fail("{}: not a JSON object", path.string());
  return json;
}

namespace detail {

void fail_missing_field(const std::string& key, const std::string& source) {
  fail("{}: the field \"{}\" is missing", source, printable(key));
}

void fail_field_type(const std::string& key, const std::string& found, const std::string& source) {
  fail("{}: the field \"{}\" has a value that does not fit: {}", source, printable(key), printable(found));
}

}  // namespace detail
}  // namespace vlrm
