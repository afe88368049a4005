#include "text/tokenizer_side_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::array kTokenNames{"bos_token", "eos_token", "unk_token", "sep_token",
                                 "pad_token", "cls_token", "mask_token"};
constexpr std::array kListNames{"additional_special_tokens", "extra_special_tokens"};

using Named = TokenizerSideFiles::Named;
using NamedLists = std::map<std::string, std::vector<Named>>;  // by name; most have one token

// What a class of tokenizers has where tokenizer_config.json does not say otherwise.
struct TokenizerClass {
  std::string_view name;    // without "Fast"
  std::string_view models;  // the model types whose class it is where no file names one
  std::array<std::pair<const char*, const char*>, 4> tokens;
  std::optional<bool> add_bos_token = {};  // nothing: the class leaves the post-processor of tokenizer.json as it is
};
constexpr std::array kClasses{
    TokenizerClass{"LlamaTokenizer",
                   " chameleon idefics idefics2 idefics3 jamba jetmoe llama llava llava_next llava_next_video "
                   "llava_onevision mistral mixtral mllama paligemma persimmon phi3 phimoe video_llava vipllava zamba ",
                   {{{"unk_token", "<unk>"}, {"bos_token", "<s>"}, {"eos_token", "</s>"}, {}}},
                   true},
    TokenizerClass{"CodeLlamaTokenizer",
                   " code_llama ",
                   {{{"unk_token", "<unk>"}, {"bos_token", "<s>"}, {"eos_token", "</s>"}, {}}},
                   true},
    TokenizerClass{"GemmaTokenizer",
                   " gemma gemma2 recurrent_gemma ",
                   {{{"unk_token", "<unk>"}, {"bos_token", "<bos>"}, {"eos_token", "<eos>"}, {"pad_token", "<pad>"}}},
                   true},
    TokenizerClass{"CohereTokenizer",
                   " cohere ",
                   {{{"unk_token", "<UNK>"}, {"bos_token", "<BOS_TOKEN>"}, {"eos_token", "<|END_OF_TURN_TOKEN|>"}, {}}},
                   true},
    TokenizerClass{
        "Qwen2Tokenizer",
        " qwen2 qwen2_audio qwen2_moe qwen2_vl ",
        {{{"unk_token", "<|endoftext|>"}, {"eos_token", "<|endoftext|>"}, {"pad_token", "<|endoftext|>"}, {}}}},
    TokenizerClass{
        "GPT2Tokenizer",
        " blip-2 dbrx gpt2 gpt_bigcode gpt_neo gptj instructblip instructblipvideo opt starcoder2 ",
        {{{"unk_token", "<|endoftext|>"}, {"bos_token", "<|endoftext|>"}, {"eos_token", "<|endoftext|>"}, {}}}},
    TokenizerClass{
        "GPTNeoXTokenizer",
        " falcon_mamba gpt_neox mamba mamba2 mpt olmo olmo2 olmoe rwkv stablelm ",
        {{{"unk_token", "<|endoftext|>"}, {"bos_token", "<|endoftext|>"}, {"eos_token", "<|endoftext|>"}, {}}},
        false}};

OrderedJson read_object_if_there(const fs::path& path) {
  return fs::exists(path) ? read_object_or_throw(path) : OrderedJson::object();
}

// Null: not a class that has something of its own.
const TokenizerClass* class_in(const OrderedJson& config, const fs::path& directory) {
  const fs::path model_path = directory / "config.json";
  auto name =
      optional_field<std::string>(config, "tokenizer_class", "", (directory / "tokenizer_config.json").string());
  const OrderedJson model = name.empty() ? read_object_if_there(model_path) : OrderedJson::object();
  if (name.empty()) name = optional_field<std::string>(model, "tokenizer_class", "", model_path.string());
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  const std::string type = " " + optional_field<std::string>(model, "model_type", "", model_path.string()) + " ";
  const auto found = std::ranges::find_if(kClasses, [&](const TokenizerClass& each) {
    return name.empty() ? each.models.find(type) != each.models.npos : each.name == name;
  });
  return found == kClasses.end() ? nullptr : &*found;
}

NamedLists names_of_class(const TokenizerClass* tokenizer_class) {
  NamedLists named;
  if (tokenizer_class == nullptr) return named;
  for (const auto& [token, content] : tokenizer_class->tokens)
    if (token != nullptr) named[token] = {{token, {.content = content, .normalized = false, .special = true}, false}};
  return named;
}

// "<s>" or {"content": "<s>", …}
Named read_named_token(const std::string& name, const OrderedJson& token, const fs::path& path) {
  if (token.is_string())
    return {name, {.content = token.get<std::string>(), .normalized = false, .special = true}, false};
  if (!token.is_object() || !token.contains("content") || !token.at("content").is_string())
    fail("{}: {} is neither a string nor a token with a \"content\"", path.string(), name);
  Json settings(token);
  settings["special"] = true;
  return {name, read_added_token(settings, path.string() + ": " + name), true};
}

// A list, or an object whose keys are the names that a model has for them.
std::vector<Named> read_token_list(const std::string& name, const OrderedJson& tokens, const fs::path& path) {
  if (!tokens.is_array() && !tokens.is_object()) fail("{}: {} is not a list of tokens", path.string(), name);
  std::vector<Named> list;
  for (const OrderedJson& token : tokens) list.push_back(read_named_token(name, token, path));
  return list;
}

// What a file names replaces what another named before, null included.
void read_names(const OrderedJson& from, const fs::path& path, NamedLists& named) {
  const auto read = [&](const char* name, const auto& tokens_of) {
    if (!from.contains(name)) return;
    named.erase(name);
    if (!from.at(name).is_null()) named[name] = tokens_of(name, from.at(name));
  };
  for (const char* name : kTokenNames)
    read(name,
         [&](const char* key, const OrderedJson& token) { return std::vector{read_named_token(key, token, path)}; });
  for (const char* name : kListNames)
    read(name, [&](const char* key, const OrderedJson& tokens) { return read_token_list(key, tokens, path); });
}

// A list of special_tokens_map.json goes on with that of tokenizer_config.json.
void read_special_tokens_map(const fs::path& path, NamedLists& named) {
  NamedLists mapped;
  read_names(read_object_if_there(path), path, mapped);
  for (auto& [name, tokens] : mapped) {
    std::vector<Named>& all = named[name];
    if (std::ranges::find(kListNames, name) == kListNames.end()) all.clear();
    std::set<std::string> contents;
    for (const Named& each : all) contents.insert(each.token.content);
    for (Named& each : tokens)
      if (contents.insert(each.token.content).second) all.push_back(std::move(each));
  }
}

// CodeLlama's tokens for filling in are special without being listed.
void add_code_tokens(const OrderedJson& config, const fs::path& path, NamedLists& named) {
  constexpr std::pair<const char*, const char*> kTokens[] = {{"prefix_token", "\u2581<PRE>"},
                                                             {"middle_token", "\u2581<MID>"},
                                                             {"suffix_token", "\u2581<SUF>"},
                                                             {"eot_token", "\u2581<EOT>"}};
  for (const auto& [name, content] : kTokens) {
    const OrderedJson token = config.value(name, OrderedJson(content));
    if (token.is_null()) continue;
    Named read = read_named_token(name, token, path);
    read.name = "additional_special_tokens";
    named[read.name].push_back(std::move(read));
  }
}

// Null counts as false.
bool is_set(const OrderedJson& config, const char* name, bool fallback, const fs::path& path) {
  return optional_field<bool>(config, name, config.contains(name) ? false : fallback, path.string());
}

int64_t listed_id(const std::string& key, const fs::path& path) {
  int64_t id = -1;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || end != key.data() + key.size() || id < 0)
    fail("{}: added_tokens_decoder: \"{}\" is not an id", path.string(), printable(key));
  return id;
}

using ById = std::map<int64_t, AddedToken>;

ById read_decoder(const OrderedJson& decoder, const fs::path& path) {
  if (!decoder.is_object()) fail("{}: added_tokens_decoder is not a JSON object", path.string());
  ById listed;
  for (const auto& [key, token] : decoder.items())
    listed[listed_id(key, path)] = read_added_token(Json(token), path.string() + ": added_tokens_decoder: " + key);
  return listed;
}

// {"<pad>": 32000}
ById read_added_tokens_file(const fs::path& path, const std::set<std::string>& special) {
  ById listed;
  const OrderedJson file = read_object_if_there(path);
  for (const auto& [content, id] : file.items()) {
    const auto number = required_field<int64_t>(file, content, path.string());
    if (number < 0) fail("{}: the token \"{}\" has the id {}", path.string(), printable(content), number);
    const bool is_special = special.contains(content);
    listed[number] = {.content = content, .normalized = !is_special, .special = is_special};
  }
  return listed;
}

bool same_settings(const AddedToken& a, const AddedToken& b) {
  return a.content == b.content && a.single_word == b.single_word && a.left_strip == b.left_strip &&
         a.right_strip == b.right_strip && a.normalized == b.normalized && a.special == b.special;
}

// Tokens by content, in their order.
using ByContent = std::multimap<std::string_view, const AddedToken*>;

ByContent by_content(const std::vector<AddedToken>& tokens) {
  ByContent sorted;
  for (const AddedToken& token : tokens) sorted.emplace(token.content, &token);
  return sorted;
}

bool contains_same(const ByContent& tokens, const AddedToken& token) {
  const auto [begin, end] = tokens.equal_range(token.content);
  return std::any_of(begin, end, [&](const auto& other) { return same_settings(token, *other.second); });
}

const AddedToken* last_with_content(const ByContent& tokens, const std::string& content) {
  const auto end = tokens.upper_bound(content);
  return end == tokens.begin() || std::prev(end)->first != content ? nullptr : std::prev(end)->second;
}

bool is_in_list(const Named& token) {
  return std::ranges::find(kListNames, token.name) != kListNames.end();
}

}  // namespace

TokenizerSideFiles TokenizerSideFiles::from_directory(const fs::path& directory) {
  const fs::path config_path = directory / "tokenizer_config.json";
  const OrderedJson config = read_object_if_there(config_path);
  const TokenizerClass* tokenizer_class = class_in(config, directory);
  NamedLists named = names_of_class(tokenizer_class);
  read_names(config, config_path, named);
  TokenizerSideFiles files;
  ById listed;
  files.own_count_as_listed_ = !config.contains("added_tokens_decoder") || config.at("added_tokens_decoder").is_null();
  if (files.own_count_as_listed_) {
    read_special_tokens_map(directory / "special_tokens_map.json", named);
    std::set<std::string> special;
    for (const auto& [name, tokens] : named)
      for (const Named& each : tokens) special.insert(each.token.content);
    listed = read_added_tokens_file(directory / "added_tokens.json", special);
  } else {
    listed = read_decoder(config.at("added_tokens_decoder"), config_path);
  }
  if (tokenizer_class != nullptr && tokenizer_class->name == "CodeLlamaTokenizer")
    add_code_tokens(config, config_path, named);
  if (tokenizer_class != nullptr && tokenizer_class->add_bos_token)
    files.around_ = {is_set(config, "add_bos_token", *tokenizer_class->add_bos_token, config_path),
                     is_set(config, "add_eos_token", false, config_path)};
  for (auto& [id, token] : listed) {
    token.id = id;
    files.listed_.push_back(std::move(token));
  }
  const auto take = [&](const char* name) {
    if (const auto found = named.find(name); found != named.end())
      for (Named& each : found->second)
        if (!each.token.content.empty()) files.named_.push_back(std::move(each));
  };
  std::ranges::for_each(kTokenNames, take);
  std::ranges::for_each(kListNames, take);
  return files;
}

// All that is listed is added, with named tokens behind it. A name that is only a string stands for the listed token of
// that content, and adds nothing where tokenizer.json alone has it.
std::vector<AddedToken> TokenizerSideFiles::additions(const std::vector<AddedToken>& own) const {
  std::vector<AddedToken> added = listed_;
  if (own_count_as_listed_) {
    std::set<int64_t> ids;
    for (const AddedToken& token : own) ids.insert(token.id);
    std::erase_if(added, [&](const AddedToken& token) { return ids.contains(token.id); });
    added.insert(added.end(), own.begin(), own.end());
    std::ranges::stable_sort(added, {}, &AddedToken::id);
  }
  const std::vector<AddedToken> listed = added;
  const ByContent in_own = by_content(own), in_listed = by_content(listed);
  const ByContent& names_stand_for = own_count_as_listed_ ? in_own : in_listed;
  std::set<std::string> special;
  for (const Named& each : named_) {
    if (!special.insert(each.token.content).second) continue;
    const AddedToken* known = is_in_list(each) ? nullptr : last_with_content(names_stand_for, each.token.content);
    const AddedToken& token = known ? *known : each.token;
    if (known || each.has_settings
            ? !contains_same(in_listed, token)
            : !last_with_content(in_own, token.content) && !last_with_content(in_listed, token.content))
      added.push_back(token);
  }
  for (AddedToken& token : added) {
    if (special.contains(token.content)) token.make_special();
    token.id = -1;
  }
  return added;
}

}  // namespace vlrm
