#include "family/output_tokenizer.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

OrderedJson read_tokenizer(const fs::path& directory) {
  const fs::path file = directory / "tokenizer.json";
  if (!fs::exists(file)) fail("{}: is not there; a vocabulary cannot be made without it", file.string());
  OrderedJson json = read_ordered_json_or_throw(file);
  if (!json.is_object()) fail("{}: not a JSON object", file.string());
  if (!json.contains("added_tokens") || json.at("added_tokens").is_null()) json["added_tokens"] = OrderedJson::array();
  if (!json.at("added_tokens").is_array()) fail("{}: added_tokens is no list", file.string());
  return json;
}

// What transformers' add_tokens(text) makes of a text.
OrderedJson plain_token(const std::string& text) {
  return {{"content", text}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", true},   {"special", false}};
}

class Extension {
 public:
  explicit Extension(const fs::path& directory)
      : directory_(directory), json_(read_tokenizer(directory)), old_(TokenRows::from_directory(directory)) {
    for (const TokenRows::Token& token : old_.tokens()) {
      tokens_.push_back(token);
      known_.insert(token.text);
      next_ = std::max(next_, token.id + 1);
    }
  }

  void add_from(const TokenizerModel& model) {
    const OrderedJson json = read_tokenizer(model.directory);
    std::map<std::string, const OrderedJson*> settings;
    for (const OrderedJson& token : json.at("added_tokens"))
      if (token.is_object() && token.contains("content") && token.at("content").is_string())
        settings.emplace(token.at("content").get<std::string>(), &token);
    const TokenRows tokens = TokenRows::from_directory(model.directory);
    for (const TokenRows::Token& token : tokens.tokens()) {
      if (model.vocabulary > 0 && token.id >= model.vocabulary) continue;
      const auto found = settings.find(token.text);
      add(token.text, found == settings.end() ? plain_token(token.text) : *found->second);
    }
  }

  void add(const std::string& text, const OrderedJson& settings) {
    if (!known_.insert(text).second) return;
    OrderedJson entry{{"id", next_}};
    for (const auto& [key, value] : settings.items())
      if (key != "id") entry[key] = value;
    added_.push_back(entry);
    tokens_.push_back({text, next_++});
  }

  OutputTokenizer take() {
    OutputTokenizer output;
    output.tokens = std::make_shared<const TokenRows>(std::move(tokens_), "the output's tokenizer");
    for (const OrderedJson& entry : added_) json_["added_tokens"].push_back(entry);
    output.files["tokenizer.json"] = json_.dump(2) + "\n";
    if (const auto config = changed_config()) output.files["tokenizer_config.json"] = config->dump(2) + "\n";
    return output;
  }

 private:
  // Where tokenizer_config.json lists added tokens, it lists these too.
  std::optional<OrderedJson> changed_config() const {
    const fs::path file = directory_ / "tokenizer_config.json";
    if (!fs::exists(file)) return std::nullopt;
    OrderedJson config = read_ordered_json_or_throw(file);
    if (!config.is_object() || !config.contains("added_tokens_decoder") ||
        !config.at("added_tokens_decoder").is_object())
      return std::nullopt;
    for (const OrderedJson& entry : added_) {
      OrderedJson settings = entry;
      settings.erase("id");
      config["added_tokens_decoder"][std::to_string(entry.at("id").get<int64_t>())] = settings;
    }
    return config;
  }

  const fs::path directory_;
  OrderedJson json_;
  const TokenRows old_;
  std::vector<TokenRows::Token> tokens_;
  std::set<std::string> known_;
  std::vector<OrderedJson> added_;
  int64_t next_ = 0;
};

}  // namespace

OutputTokenizer extended_tokenizer(const std::vector<TokenizerModel>& models, const std::vector<std::string>& more) {
  Extension extension(models.at(0).directory);
  for (size_t i = 1; i < models.size(); ++i) extension.add_from(models[i]);
  for (const std::string& token : more) extension.add(token, plain_token(token));
  return extension.take();
}

}  // namespace vlrm
