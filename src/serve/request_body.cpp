#include "serve/request_body.h"

#include "serve/http_error.h"

namespace vlrm {
namespace {

int64_t keys_of(const OrderedJson& json) {
  if (!json.is_structured()) return 0;
  int64_t keys = json.is_object() ? std::ssize(json) : 0;
  for (const auto& each : json) keys += keys_of(each);
  return keys;
}

}  // namespace

JsonCounts counts_of_json(std::string_view text) {
  JsonCounts counts;
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
    } else {
      counts.values += c == ',' || c == '[' || c == '{' ? 1 : 0;
      counts.keys += c == ':' ? 1 : 0;
    }
  }
  return counts;
}

OrderedJson parse_object(std::string_view text, const JsonCounts& counts, const std::string& what) {
  OrderedJson object = parse_ordered_json_or_throw(text, what);
  if (!object.is_object()) throw bad_request(what + " must be a JSON object");
  if (keys_of(object) != counts.keys) throw bad_request(what + " has an object with the same key twice");
  return object;
}

OrderedJson parse_body(std::string_view text, const JsonCounts& counts) {
  return parse_object(text, counts, "the body");
}

}  // namespace vlrm
