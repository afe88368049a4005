#include "text/tokenizer.h"

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/listening.h"
#include "base/replaced.h"
#include "base/utf8.h"
#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"
#include "text/token_decoder.h"
#include "text/tokenizer_side_files.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

const Json& part_of(const Json& file, const char* key) {
  static const Json nothing;
  return file.contains(key) ? file[key] : nothing;
}

// What transformers calls clean_up_tokenization.
std::string cleaned_up(std::string text) {
  for (const std::string_view what : {" .", " ?", " !", " ,"}) text = replaced(text, what, what.substr(1));
  text = replaced(text, " ' ", "'");
  for (const std::string_view what : {" n't", " 'm", " 's", " 've", " 're"})
    text = replaced(text, what, what.substr(1));
  return text;
}

constexpr size_t kLongestText = size_t{8} << 20;  // bytes; millions of tokens

void refuse_long(std::string_view text) {
  if (text.size() > kLongestText)
    fail("a text to tokenize has {} bytes, more than the {} allowed", text.size(), kLongestText);
}

void refuse_unreadable(std::string_view text) {
  refuse_long(text);
  if (const auto offset = utf8::first_invalid(text)) fail("a text to tokenize is not valid UTF-8 at byte {}", *offset);
}

}  // namespace

struct Tokenizer::Impl {
  Impl(const Json& file, const std::vector<AddedToken>& own, const TokenizerSideFiles& beside,
       const std::string& source)
      : normalizer(part_of(file, "normalizer"), source),
        pre_tokenizer(part_of(file, "pre_tokenizer"), source),
        model(part_of(file, "model"), pre_tokenizer.ends_in_bytes(), source),
        added(own, beside.additions(own), model.vocabulary(), normalizer, source),
        post_processor(
            part_of(file, "post_processor"), [this](int64_t id) { return token_of(id).has_value(); }, source),
        decoder(part_of(file, "decoder"), source) {
    if (pre_tokenizer.minds_start() && normalizer.may_drop_start())
      fail("{}: a Metaspace with the prepend_scheme \"first\" is not supported after a normalizer that removes text",
           source);
  }

  std::optional<std::string_view> token_of(int64_t id) const {
    if (const AddedToken* token = added.with_id(id)) return token->content;
    return model.vocabulary().token_of(id);
  }

  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  BytePairModel model;
  AddedTokens added;
  PostProcessor post_processor;
  TokenDecoder decoder;
  bool clean_up = false;
  std::optional<std::string> bos_token, eos_token;
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::from_json(std::string_view text, const std::string& source) {
  return from_files(text, TokenizerSideFiles(), source);
}

Tokenizer Tokenizer::from_files(std::string_view text, const TokenizerSideFiles& beside, const std::string& source) {
  const Json file = parse_json_or_throw(text, source);
  if (!file.is_object()) fail("{}: not a tokenizer: the file is not a JSON object", source);
  const std::vector<AddedToken> own = read_added_tokens(part_of(file, "added_tokens"), source);
  return Tokenizer(std::make_unique<Impl>(file, own, beside, source));
}

Tokenizer Tokenizer::from_directory(const fs::path& directory) {
  const fs::path path = directory / "tokenizer.json";
  const auto beside = TokenizerSideFiles::from_directory(directory);
  Tokenizer tokenizer = from_files(read_text_or_throw(path), beside, path.string());
  if (const auto renumbered = tokenizer.impl_->added.renumbered()) tell_warning(*renumbered);
  for (const TokenizerSideFiles::Named& named : beside.named()) {
    if (named.name == "bos_token") tokenizer.impl_->bos_token = named.token.content;
    if (named.name == "eos_token") tokenizer.impl_->eos_token = named.token.content;
  }
  if (const auto& around = beside.around()) {
    const auto ids = [&](bool wanted, const char* name, const std::optional<std::string>& token) {
      if (!wanted) return std::vector<int32_t>();
      if (!token) fail("{}: add_{} is true, but there is no {}", directory.string(), name, name);
      return std::vector{tokenizer.id_of(*token).value()};
    };
    tokenizer.impl_->post_processor = PostProcessor(ids(around->bos_token, "bos_token", tokenizer.bos_token()),
                                                    ids(around->eos_token, "eos_token", tokenizer.eos_token()));
  }
  const fs::path config_path = directory / "tokenizer_config.json";
  if (!fs::exists(config_path)) return tokenizer;
  const Json config = read_json_or_throw(config_path);
  const auto flag = [&](const char* name) { return optional_field<bool>(config, name, false, config_path.string()); };
  tokenizer.impl_->clean_up = flag("clean_up_tokenization_spaces");
  if (flag("split_special_tokens")) tokenizer.impl_->added.read_special_as_text();
  return tokenizer;
}

void Tokenizer::encode_piece(std::string_view piece, std::vector<int32_t>& ids) const {
  refuse_long(piece);                                                    // once normalized
  const Pieces pieces = impl_->pre_tokenizer.split(piece, ids.empty());  // between two pieces stands an added token
  refuse_long(pieces.text);
  for (const Match& range : pieces.ranges)
    impl_->model.encode(std::string_view(pieces.text).substr(range.begin, range.end - range.begin), ids);
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  refuse_unreadable(text);
  std::vector<int32_t> ids;
  impl_->added.split(
      text, impl_->normalizer, [&](int32_t id, int) { ids.push_back(id); },
      [&](std::string_view between) { encode_piece(between, ids); });
  return impl_->post_processor.process(std::move(ids), add_special_tokens);
}

std::vector<Tokenizer::ForeignToken> Tokenizer::foreign_tokens(std::string_view text,
                                                               std::span<const TextOrigin> origins) const {
  refuse_unreadable(text);
  std::vector<ForeignToken> found;
  const auto on_token = [&](int32_t id, int origin) {
    if (origin < 0) return;
    const std::string& content = impl_->added.with_id(id)->content;
    found.push_back({id, origin, content, impl_->added.is_special(content)});
  };
  impl_->added.split(
      text, impl_->normalizer, on_token, [](std::string_view) {}, origins);
  return found;
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, std::span<const TextOrigin> origins,
                                       const AddedTokens::Takes& takes) const {
  refuse_unreadable(text);
  std::vector<int32_t> ids;
  std::set<int32_t> left;
  const auto is_taken = [&](int32_t id, int origin) {
    const bool taken = takes(id, origin);
    if (!taken) left.insert(id);
    return taken;
  };
  const auto on_text = [&](std::string_view between) {
    const size_t before = ids.size();
    encode_piece(between, ids);
    for (size_t i = before; i < ids.size(); ++i)
      if (left.contains(ids[i]))
        fail("the special token \"{}\" cannot be read as text: the tokenizer has no other tokens for it",
             printable(*impl_->token_of(ids[i])));
  };
  impl_->added.split(
      text, impl_->normalizer, [&](int32_t id, int) { ids.push_back(id); }, on_text, origins, is_taken);
  return impl_->post_processor.process(std::move(ids), false);
}

std::optional<Tokenizer::SpecialToken> Tokenizer::special_token_in(std::string_view text, size_t start,
                                                                   int32_t also) const {
  const auto found = impl_->added.find_special(text, start, also);
  if (!found) return std::nullopt;
  return SpecialToken{found->begin, found->end, found->id};
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  std::string text = decode_as_is(ids, skip_special_tokens);
  return impl_->clean_up ? cleaned_up(std::move(text)) : text;
}

std::string Tokenizer::decode_as_is(std::span<const int32_t> ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  for (const int32_t id : ids) {
    const auto token = impl_->token_of(id);
    if (!token) fail("the id {} has no token", id);
    if (!skip_special_tokens || !impl_->added.is_special(*token)) tokens.emplace_back(*token);
  }
  return impl_->decoder.decode(std::move(tokens));
}

int64_t Tokenizer::size() const {
  return impl_->model.vocabulary().size() + impl_->added.count_outside_vocabulary();
}

std::optional<int32_t> Tokenizer::id_of(std::string_view token) const {
  if (const AddedToken* added = impl_->added.with_content(token)) return static_cast<int32_t>(added->id);
  const int32_t id = impl_->model.vocabulary().find(token);
  return id == Vocabulary::kNone ? std::nullopt : std::optional(id);
}

bool Tokenizer::has_token(int32_t id) const {
  return impl_->token_of(id).has_value();
}

bool Tokenizer::is_special(int32_t id) const {
  const AddedToken* token = impl_->added.with_id(id);
  return token != nullptr && impl_->added.is_special(token->content);
}

std::vector<std::string> Tokenizer::special_tokens() const {
  return {impl_->added.special().begin(), impl_->added.special().end()};
}

std::optional<std::string> Tokenizer::bos_token() const {
  return impl_->bos_token;
}
std::optional<std::string> Tokenizer::eos_token() const {
  return impl_->eos_token;
}

}  // namespace vlrm
