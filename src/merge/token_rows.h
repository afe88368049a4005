// The vocabulary of a tokenizer, as far as a merge needs it: which token has which row of the embeddings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vlrm {

class TokenRows {
 public:
  struct Token {
    std::string text;
    int64_t id = 0;
  };

  // Reads DIRECTORY/tokenizer.json and the files beside it: the model's vocabulary and the added tokens. Throws Error
  // where tokenizer.json is missing, a file is malformed, or the vocabulary is empty.
  static TokenRows from_directory(const std::filesystem::path& directory);
  // `source` names it in errors. Throws Error where one id has two tokens or one token two ids.
  TokenRows(std::vector<Token> tokens, std::string source);
  TokenRows(TokenRows&&) = default;
  TokenRows& operator=(TokenRows&&) = default;

  const std::vector<Token>& tokens() const { return tokens_; }  // by id
  const std::string& source() const { return source_; }
  std::optional<int64_t> id(std::string_view token) const;
  // The first id that is not the same token in `other`, as a sentence; nothing where all are.
  std::optional<std::string> difference(const TokenRows& other) const;

 private:
  std::vector<Token> tokens_;
  std::unordered_map<std::string_view, int64_t> ids_;  // views into tokens_
  std::string source_;
};

// Vocabularies by the directory that they stand in; each is read once. For one thread at a time.
class TokenRowsCache {
 public:
  // Throws what TokenRows::from_directory throws.
  std::shared_ptr<const TokenRows> read(const std::filesystem::path& directory);

 private:
  std::map<std::filesystem::path, std::shared_ptr<const TokenRows>> read_;
};

}  // namespace vlrm
