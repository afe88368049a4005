// Decoders: how the strings of tokens become text again.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "text/metaspace.h"
#include "text/regular_expression.h"
#include "text/text_effort.h"

namespace vlrm {

class TokenDecoder {
 public:
  // The "decoder" of a tokenizer.json; null joins tokens with spaces. Throws Error naming `source`.
  TokenDecoder(const Json& description, const std::string& source);

  // Thread-safe. Throws Error where replacements make the text grow, or steps cost, out of all proportion.
  std::string decode(std::vector<std::string> tokens) const;

 private:
  struct ByteLevel {};
  struct ByteFallback {};
  struct Fuse {};
  struct Replace {
    RegularExpression pattern;
    std::string by;
  };
  struct Strip {  // up to so many of a character off the ends of each token
    std::string character;
    size_t at_start, at_end;
  };
  using Step = std::variant<ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace>;
  using Tokens = std::vector<std::string>;

  void add(const Json& description, const std::string& source);
  static Tokens apply(const ByteLevel& step, const Tokens& tokens, TextEffort& effort);
  static Tokens apply(const ByteFallback& step, Tokens tokens, TextEffort& effort);
  static Tokens apply(const Fuse& step, const Tokens& tokens, TextEffort& effort);
  static Tokens apply(const Replace& step, Tokens tokens, TextEffort& effort);
  static Tokens apply(const Strip& step, Tokens tokens, TextEffort& effort);
  static Tokens apply(const Metaspace& step, Tokens tokens, TextEffort& effort);

  bool join_with_spaces_;
  std::vector<Step> steps_;
  std::string source_;
};

}  // namespace vlrm
