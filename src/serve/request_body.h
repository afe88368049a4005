// The JSON of a request, which strangers write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace vlrm {

// What `text` has outside of its strings, read from the punctuation.
struct JsonCounts {
  int64_t values = 0, keys = 0;
};
JsonCounts counts_of_json(std::string_view text);

// `counts`: of `text`. Throws HttpError naming `what` for what is not one JSON object, and for a key that an object has
// twice: programs differ in which of the two counts. Throws Error where parse_ordered_json_or_throw does, in one line.
OrderedJson parse_object(std::string_view text, const JsonCounts& counts, const std::string& what);
// Of a request's body.
OrderedJson parse_body(std::string_view text, const JsonCounts& counts);

}  // namespace vlrm
