// The tokenizer of a merge's output, where it is no model's own.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "merge/token_rows.h"

namespace vlrm {

struct TokenizerModel {
  std::filesystem::path directory;
  int64_t vocabulary = 0;  // tokens with an id beyond have no row and do not count; 0: not known
};

struct OutputTokenizer {
  std::shared_ptr<const TokenRows> tokens;
  std::map<std::string, std::string> files;  // tokenizer.json and what must agree with it, by name
};

// The first model's tokenizer with the tokens of the others that it lacks, as added tokens behind its own: in the order
// of the models and of their ids, with the settings that they are added with there, if they are. Then `more`. Throws
// Error for a tokenizer.json that is missing or malformed.
OutputTokenizer extended_tokenizer(const std::vector<TokenizerModel>& models, const std::vector<std::string>& more);

}  // namespace vlrm
