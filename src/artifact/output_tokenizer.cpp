#include "artifact/output_tokenizer.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "text/tokenizer_side_files.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

OrderedJson read_tokenizer(const fs::path& directory) {
  const fs::path file = directory / "tokenizer.json";
  if (!fs::exists(file)) fail("{}: is not there; a vocabulary cannot be made without it", file.string());
  OrderedJson json = read_ordered_json_or_throw(file);
  if (!json.is_object()) fail("{}: not a JSON object", file.string());
  if (!json.contains("added_tokens") || json.at("added_tokens").is_null()) json["added_tokens"] = OrderedJson::array();
  if (!json.at("added_tokens").is_array()) fail("{}: added_tokens is not a list", file.string());
  return json;
}

OrderedJson settings_of(const AddedToken& token) {
  return {{"content", token.content},    {"single_word", token.single_word}, {"lstrip", token.left_strip},
          {"rstrip", token.right_strip}, {"normalized", token.normalized},   {"special", token.special}};
}

// Writes what the files beside a tokenizer.json add and change into its own added tokens.
void complete(OrderedJson& json, const fs::path& directory, const TokenRows& tokens) {
  OrderedJson& own = json.at("added_tokens");
  const std::string source = (directory / "tokenizer.json").string();
  const auto beside = TokenizerSideFiles::from_directory(directory);
  for (const AddedToken& token : beside.additions(read_added_tokens(Json(own), source))) {
    const auto id = tokens.id(token.content);
    if (!id) continue;
    const auto entry = std::ranges::find_if(own, [&](const OrderedJson& each) {
      return each.is_object() && each.value("content", OrderedJson()) == token.content;
    });
    OrderedJson& settings = entry != own.end() ? *entry : (own.push_back({{"id", *id}}), own.back());
    const bool was_special = settings.value("special", false);  // and stays so
    settings.update(settings_of(token));
    settings["special"] = token.special || was_special;
  }
  for (OrderedJson& entry : own)  // which may say others than its tokens have
    if (entry.is_object() && entry.contains("content") && entry.at("content").is_string())
      if (const auto id = tokens.id(entry.at("content").get<std::string>())) entry["id"] = *id;
}

// What transformers' add_tokens(text) makes of a text.
OrderedJson plain_token(const std::string& text) {
  return settings_of({.content = text});
}

class Extension {
 public:
  explicit Extension(const fs::path& directory)
      : directory_(directory), json_(read_tokenizer(directory)), old_(TokenRows::from_directory(directory)) {
    complete(json_, directory, old_);
    for (const TokenRows::Token& token : old_.tokens()) {
      tokens_.push_back(token);
      known_.insert(token.text);
      next_ = std::max(next_, token.id + 1);
    }
  }

  void add_from(const TokenizerModel& model) {
    OrderedJson json = read_tokenizer(model.directory);
    const TokenRows tokens = TokenRows::from_directory(model.directory);
    complete(json, model.directory, tokens);
    std::map<std::string, const OrderedJson*> settings;
    for (const OrderedJson& token : json.at("added_tokens"))
      if (token.is_object() && token.contains("content") && token.at("content").is_string())
        settings.emplace(token.at("content").get<std::string>(), &token);
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
