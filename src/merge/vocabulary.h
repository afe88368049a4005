// The vocabulary of a tokenizer, as far as a merge needs it: which token has which row of the embeddings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vlrm {

class Vocabulary {
 public:
  struct Token {
    std::string text;
    int64_t id = 0;
  };

  // Reads DIRECTORY/tokenizer.json: the model's vocabulary and the added tokens. Throws Error where it is missing or
  // malformed.
  static Vocabulary from_directory(const std::filesystem::path& directory);
  // `source` names it in errors. Throws Error where one id has two tokens or one token two ids.
  Vocabulary(std::vector<Token> tokens, std::string source);

  const std::vector<Token>& tokens() const { return tokens_; }  // by id
  const std::string& source() const { return source_; }
  std::optional<int64_t> id(std::string_view token) const;

 private:
  std::vector<Token> tokens_;
  std::unordered_map<std::string_view, int64_t> ids_;  // views into tokens_
  std::string source_;
};

}  // namespace vlrm
