// Byte-level BPE from a tokenizer.json of the `tokenizers` library: the same ids, to the last one. Its "truncation" and
// "padding" are left aside, as transformers does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

class TokenizerSideFiles;

class Tokenizer {
 public:
  // Reads DIRECTORY/tokenizer.json and the files beside it that add tokens, name them, or change their settings. Throws
  // Error naming the file and the part that is malformed or not supported.
  static Tokenizer from_directory(const std::filesystem::path& directory);
  // The text of a tokenizer.json alone; `source` names it in errors.
  static Tokenizer from_json(std::string_view text, const std::string& source);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // UTF-8 in, ids out. add_special_tokens runs the post-processor's template (adds <|begin_of_text|>). Invalid UTF-8:
  // Error. Thread-safe.
  // `mark`, where it is not empty, is taken out of the text after added tokens have been looked for: a token that it
  // stands in is read as text.
  std::vector<int32_t> encode(std::string_view text, bool add_special_tokens, std::string_view mark = {}) const;

  // The first added token in `text` at or after the byte `start` that is special or has the id `also`.
  struct SpecialToken {
    size_t begin, end;  // bytes
    int32_t id;
  };
  std::optional<SpecialToken> special_token_in(std::string_view text, size_t start, int32_t also = -1) const;

  // Text as transformers decodes it: bytes that are not UTF-8 become U+FFFD, and where tokenizer_config.json sets
  // clean_up_tokenization_spaces, spaces before punctuation and English contractions go. Ids without a token: Error.
  std::string decode(std::span<const int32_t> ids, bool skip_special_tokens) const;
  // The same without that clean-up, as `tokenizers` decodes it.
  std::string decode_as_is(std::span<const int32_t> ids, bool skip_special_tokens) const;

  int64_t size() const;  // ids known, added tokens included
  std::optional<int32_t> id_of(std::string_view token) const;
  std::optional<std::string> bos_token() const;  // from tokenizer_config.json, for chat templates
  std::optional<std::string> eos_token() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  static Tokenizer from_files(std::string_view text, const TokenizerSideFiles& beside, const std::string& source);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vlrm
