// Added tokens: strings that are found in the text before it is split, and become one id each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text/added_token.h"
#include "text/normalizer.h"
#include "text/string_matcher.h"
#include "text/vocabulary.h"

namespace vlrm {

// Bytes of a text that come from elsewhere than the rest.
struct TextOrigin {
  size_t begin, end;
  int number;  // the caller's name for where they come from, from 0 on
};

class AddedTokens {
 public:
  // The added tokens of a tokenizer.json, and what the files beside it add or replace. A token has the id that
  // `tokenizers` gives it: that of the vocabulary, else the next one, whatever id tokenizer.json says. Throws Error
  // naming `source` for a token that is there twice, or has an id that no token can have.
  AddedTokens(const std::vector<AddedToken>& own, const std::vector<AddedToken>& additions,
              const Vocabulary& vocabulary, const Normalizer& normalizer, const std::string& source);

  // Calls on_token(id, origin) for each added token in `text` and on_text(normalized) for what lies between them, in
  // order. `origin`: the largest number of the `origins` that any of its bytes lies in, -1 where none does. A token
  // with an origin for which `takes` is false is text. `origins` are in order and apart; where the normalizer hides
  // which bytes came from where, all that it changed together have the largest of their origins.
  using OnToken = std::function<void(int32_t id, int origin)>;
  using OnText = std::function<void(std::string_view)>;
  using Takes = std::function<bool(int32_t id, int origin)>;
  void split(std::string_view text, const Normalizer& normalizer, const OnToken& on_token, const OnText& on_text,
             std::span<const TextOrigin> origins = {}, const Takes& takes = {}) const;

  // The first token in `text` from `start` on that is special or has the id `also`, by its content as it is written.
  struct Special {
    size_t begin, end;
    int32_t id;
  };
  std::optional<Special> find_special(std::string_view text, size_t start, int64_t also) const;

  // From now on they are not found in texts.
  void read_special_as_text() { special_are_text_ = true; }

  // One line for a person where ids in tokenizer.json are not those that its tokens have.
  std::optional<std::string> renumbered() const;

  const std::unordered_set<std::string>& special() const { return special_; }
  const AddedToken* with_id(int64_t id) const;
  const AddedToken* with_content(std::string_view content) const;
  bool is_special(std::string_view content) const { return special_.contains(std::string(content)); }
  int64_t count_outside_vocabulary() const { return count_outside_; }

 private:
  void add(AddedToken token, const Vocabulary& vocabulary);
  void prepare_matchers(const Normalizer& normalizer, const std::string& source);
  void split_by(const StringMatcher& matcher, std::string_view text, std::span<const TextOrigin> origins,
                const Takes& takes, const OnToken& on_token, const OnText& on_text) const;

  // What a token is looked for by. One that was listed with several settings has the pattern of its first special form,
  // and those of the forms before it, while its other settings are the last ones: so it is in tokenizers up to 0.22.
  struct Pattern {
    size_t token;
    bool normalized, special;
  };

  std::vector<AddedToken> tokens_;
  std::vector<Pattern> patterns_;
  std::unordered_map<std::string, size_t> by_content_;
  std::unordered_map<int64_t, size_t> by_id_;
  std::unordered_set<std::string> special_;
  StringMatcher in_raw_text_, in_normalized_text_, contents_;
  bool special_are_text_ = false;
  int64_t count_outside_ = 0, count_renumbered_ = 0, largest_id_ = -1;
  std::string renumbered_;  // the first of them
};

}  // namespace vlrm
