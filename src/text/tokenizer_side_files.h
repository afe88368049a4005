// What the files beside a tokenizer.json say about its tokens: tokenizer_config.json, special_tokens_map.json,
// added_tokens.json and config.json, read as transformers reads them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "text/added_token.h"

namespace vlrm {

class TokenizerSideFiles {
 public:
  // A token with a name, such as eos_token. Those of the lists have the list's name.
  struct Named {
    std::string name;
    AddedToken token;
    bool has_settings;  // written as an object, not only as a string
  };

  // Which of the named tokens a class of tokenizers puts around texts, in place of tokenizer.json's post-processor.
  struct Around {
    bool bos_token, eos_token;
  };

  // Files that are missing say nothing. The class of tokenizers is that of tokenizer_config.json, else that of
  // config.json or of its model_type. special_tokens_map.json and added_tokens.json only count where
  // tokenizer_config.json has no added_tokens_decoder. Throws Error naming a malformed file.
  static TokenizerSideFiles from_directory(const std::filesystem::path& directory);

  // In transformers' order; empty tokens are left out.
  const std::vector<Named>& named() const { return named_; }

  // Nothing: as tokenizer.json says.
  const std::optional<Around>& around() const { return around_; }

  // What transformers adds to `own`, the added tokens of tokenizer.json, or replaces there, in its order and without
  // ids: listed tokens with other settings, and named tokens, which become special.
  std::vector<AddedToken> additions(const std::vector<AddedToken>& own) const;

 private:
  std::vector<Named> named_;
  std::vector<AddedToken> listed_;  // by id
  std::optional<Around> around_;
  bool own_count_as_listed_ = true;
};

}  // namespace vlrm
