#include "text/added_token.h"

#include <algorithm>

#include "base/error.h"

namespace vlrm {

void AddedToken::make_special() {
  special = true;
  if (normalized_by_default) normalized = false;
}

AddedToken read_added_token(const Json& token, const std::string& source) {
  AddedToken added;
  added.content = required_field<std::string>(token, "content", source);
  added.single_word = optional_field<bool>(token, "single_word", false, source);
  added.left_strip = optional_field<bool>(token, "lstrip", false, source);
  added.right_strip = optional_field<bool>(token, "rstrip", false, source);
  added.special = optional_field<bool>(token, "special", false, source);
  added.normalized = optional_field<bool>(token, "normalized", !added.special, source);
  added.normalized_by_default = !token.contains("normalized");
  return added;
}

std::vector<AddedToken> read_added_tokens(const Json& tokens, const std::string& source) {
  std::vector<AddedToken> read;
  if (tokens.is_null()) return read;
  if (!tokens.is_array()) fail("{}: \"added_tokens\" is not a list", source);
  for (const Json& token : tokens) {
    AddedToken added = read_added_token(token, source);
    added.id = required_field<int64_t>(token, "id", source);
    if (!added.content.empty()) read.push_back(std::move(added));
  }
  return read;
}

int64_t next_added_id(int64_t vocabulary_size, int64_t largest_added_id) {
  return std::max(vocabulary_size, largest_added_id + 1);
}

}  // namespace vlrm
