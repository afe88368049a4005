// BPE, of bytes or of characters, from a tokenizer.json of the `tokenizers` library: the same ids, to the last one. Its
// "truncation" and "padding" are left aside, as transformers does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"

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

  // UTF-8 in, ids out. add_special_tokens runs the post-processor's template (adds <|begin_of_text|>). Throws Error for
  // invalid UTF-8, for more than 8 MiB and for what costs too many steps. Thread-safe.
  std::vector<int32_t> encode(std::string_view text, bool add_special_tokens) const;

  // An added token that encode() finds in a text, and the largest number of the origins of its bytes.
  struct ForeignToken {
    int32_t id;
    int origin;
    std::string content;
    bool special;
  };
  // Those with bytes of `origins`, which are in order and apart, in order.
  std::vector<ForeignToken> foreign_tokens(std::string_view text, std::span<const TextOrigin> origins) const;
  // As encode() without the post-processor, but added tokens with an origin for which `takes` is false are read as
  // text. Throws Error where the model makes a special token of that text all the same.
  std::vector<int32_t> encode(std::string_view text, std::span<const TextOrigin> origins,
                              const AddedTokens::Takes& takes) const;

  // The first added token in `text` at or after the byte `start` that is special or has the id `also`, by its content
  // as it is written.
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

  int64_t size() const;               // ids known, added tokens included
  bool is_special(int32_t id) const;  // of an added token
  bool has_token(int32_t id) const;   // embeddings may have rows behind the last one
  std::optional<int32_t> id_of(std::string_view token) const;
  std::vector<std::string> special_tokens() const;  // what they are written as, in no order
  std::optional<std::string> bos_token() const;     // from tokenizer_config.json, for chat templates
  std::optional<std::string> eos_token() const;

 private:
  struct Impl;
  void encode_piece(std::string_view piece, std::vector<int32_t>& ids) const;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  static Tokenizer from_files(std::string_view text, const TokenizerSideFiles& beside, const std::string& source);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vlrm
