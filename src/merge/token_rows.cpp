#include "merge/token_rows.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/tokenizer_side_files.h"

namespace vlrm {
namespace {

// Picks model.vocab and added_tokens out of a tokenizer.json as it is parsed: its merges, many times as many, would
// cost a tree of a hundred megabytes.
class VocabularyHandler {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  explicit VocabularyHandler(std::string source) : source_(std::move(source)) {}
  std::vector<TokenRows::Token> take() { return std::move(tokens_); }
  const std::vector<AddedToken>& added() const { return added_; }
  bool found_vocabulary() const { return found_vocabulary_; }

  bool start_object(size_t) {
    open_level("");
    if (in_vocabulary()) found_vocabulary_ = true;
    if (in_added_token()) content_.clear(), id_ = -1;
    return true;
  }
  bool key(string_t& name) {
    keys_.back() = name;
    return true;
  }
  bool end_object() {
    if (in_added_token()) {
      if (id_ < 0) fail("{}: an added token has no id", source_);
      check_id(content_, id_);
      added_.push_back({.content = content_, .id = id_});
    }
    keys_.pop_back();
    return true;
  }
  bool start_array(size_t) {
    if (keys_.size() == 2 && keys_[0] == "model" && keys_[1] == "vocab")
      fail("{}: a vocabulary that is a list (Unigram) is not supported", source_);
    open_level("[]");
    return true;
  }
  bool end_array() {
    keys_.pop_back();
    return true;
  }
  bool number_unsigned(number_unsigned_t value) {
    return number_integer(static_cast<int64_t>(std::min<number_unsigned_t>(value, INT64_MAX)));
  }
  bool number_integer(number_integer_t value) {
    if (in_vocabulary()) add(keys_.back(), value);
    if (in_added_token() && keys_.back() == "id") id_ = value;
    return true;
  }
  bool string(string_t& value) {
    if (in_added_token() && keys_.back() == "content") content_ = value;
    return no_id();
  }
  bool number_float(number_float_t, const string_t&) { return no_id(); }
  bool boolean(bool) { return no_id(); }
  bool null() { return no_id(); }
  bool binary(binary_t&) { return true; }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) {
    fail("{}: not valid JSON at byte {}", source_, position);
  }

 private:
  // keys_ holds, for each level that is open, the key that is being read ("[]" for an array).
  bool in_vocabulary() const { return keys_.size() == 3 && keys_[0] == "model" && keys_[1] == "vocab"; }
  bool in_added_token() const { return keys_.size() == 3 && keys_[0] == "added_tokens" && keys_[1] == "[]"; }
  void open_level(const char* key) {
    no_id();
    if (keys_.size() >= json_limits::kDepth) fail("{}: JSON nested deeper than {}", source_, json_limits::kDepth);
    keys_.emplace_back(key);
  }
  // What is no whole number may stand anywhere but as a token's id.
  bool no_id() const {
    if (in_vocabulary()) fail("{}: token \"{}\" has no whole number for an id", source_, printable(keys_.back()));
    return true;
  }
  void add(const std::string& token, int64_t id) {
    check_id(token, id);
    tokens_.push_back({token, id});
  }
  void check_id(const std::string& token, int64_t id) const {
    if (id < 0 || id >= json_limits::kCount) fail("{}: token \"{}\" has the id {}", source_, printable(token), id);
  }

  const std::string source_;
  std::vector<std::string> keys_;
  std::string content_;
  int64_t id_ = -1;
  bool found_vocabulary_ = false;
  std::vector<TokenRows::Token> tokens_;
  std::vector<AddedToken> added_;
};

// Those of tokenizer.json, then those of the files beside it, as the tokenizer numbers them: by their order.
void add_added_tokens(const std::filesystem::path& directory, std::vector<AddedToken> added,
                      std::vector<TokenRows::Token>& tokens) {
  const auto vocabulary_size = static_cast<int64_t>(tokens.size());
  std::unordered_map<std::string, int64_t> ids;
  for (const TokenRows::Token& token : tokens) ids.emplace(token.text, token.id);
  std::ranges::copy(TokenizerSideFiles::from_directory(directory).additions(added), std::back_inserter(added));
  int64_t largest = -1;
  for (const AddedToken& token : added) {
    if (token.content.empty()) continue;
    const auto [entry, fresh] = ids.try_emplace(token.content, next_added_id(vocabulary_size, largest));
    largest = std::max(largest, entry->second);
    if (fresh) tokens.push_back({token.content, entry->second});
  }
}

}  // namespace

TokenRows TokenRows::from_directory(const std::filesystem::path& directory) {
  const auto path = directory / "tokenizer.json";
  const std::string text = read_text_or_throw(path);
  VocabularyHandler handler(path.string());
  Json::sax_parse(text, &handler);
  std::vector<Token> tokens = handler.take();
  add_added_tokens(directory, handler.added(), tokens);
  if (!handler.found_vocabulary() || tokens.empty())
    fail("{}: there is no model with a vocabulary in it", path.string());
  return TokenRows(std::move(tokens), path.string());
}

TokenRows::TokenRows(std::vector<Token> tokens, std::string source)
    : tokens_(std::move(tokens)), source_(std::move(source)) {
  std::ranges::stable_sort(tokens_, {}, &Token::id);
  // An added token may stand in the model's vocabulary too, with the same id.
  const auto same = [](const Token& a, const Token& b) { return a.id == b.id && a.text == b.text; };
  tokens_.erase(std::unique(tokens_.begin(), tokens_.end(), same), tokens_.end());
  ids_.reserve(tokens_.size());
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const auto& [text, id] = tokens_[i];
    if (i > 0 && tokens_[i - 1].id == id)
      fail("{}: the id {} has two tokens, \"{}\" and \"{}\"", source_, id, printable(tokens_[i - 1].text),
           printable(text));
    const auto [entry, fresh] = ids_.emplace(text, id);
    if (!fresh) fail("{}: the token \"{}\" has two ids, {} and {}", source_, printable(text), entry->second, id);
  }
}

std::optional<int64_t> TokenRows::id(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> TokenRows::difference(const TokenRows& other) const {
  const auto same = [](const Token& a, const Token& b) { return a.id == b.id && a.text == b.text; };
  const auto [here, there] = std::ranges::mismatch(tokens_, other.tokens_, same);
  if (here == tokens_.end() && there == other.tokens_.end()) return std::nullopt;
  const int64_t id = std::min(here == tokens_.end() ? INT64_MAX : here->id,  //
                              there == other.tokens_.end() ? INT64_MAX : there->id);
  const auto token = [&](const auto& at, const auto& end) {
    return at != end && at->id == id ? fmt::format("\"{}\"", printable(at->text)) : std::string("no token");
  };
  return fmt::format("the id {} is {} in {}, but {} in {}", id, token(here, tokens_.end()), source_,
                     token(there, other.tokens_.end()), other.source_);
}

std::shared_ptr<const TokenRows> TokenRowsCache::read(const std::filesystem::path& directory) {
  auto& vocabulary = read_[directory];
  if (!vocabulary) vocabulary = std::make_shared<const TokenRows>(TokenRows::from_directory(directory));
  return vocabulary;
}

}  // namespace vlrm
