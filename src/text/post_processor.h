// Post-processors: the special tokens around a text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace vlrm {

class PostProcessor {
 public:
  // The "post_processor" of a tokenizer.json. `is_known`: whether an id has a token. Throws Error naming `source`.
  PostProcessor(const Json& description, const std::function<bool(int64_t)>& is_known, const std::string& source);

  // Puts these around a text.
  PostProcessor(std::vector<int32_t> before, std::vector<int32_t> after);

  // The ids of a text with the template's special tokens, or, without add_special_tokens, what it leaves of the text
  // (nearly always all of it). Throws Error where that is too much.
  std::vector<int32_t> process(std::vector<int32_t> ids, bool add_special_tokens) const;

 private:
  struct Piece {
    bool is_text;
    std::vector<int32_t> special;
  };
  void add(const Json& description, const std::function<bool(int64_t)>& is_known, const std::string& source);
  void add_template(const Json& description, const std::function<bool(int64_t)>& is_known, const std::string& source);

  std::optional<std::vector<Piece>> template_;
};

}  // namespace vlrm
