#include "architecture/internvl/original_layout.h"

#include <array>
#include <charconv>
#include <optional>
#include <tuple>

#include "base/error.h"

namespace vlrm {
namespace {

constexpr const char* kImageToken = "<IMG_CONTEXT>";
constexpr std::string_view kLayers = "vision_tower.encoder.layer.", kFused = ".attention.qkv.";

// A field of the original config, whose default is that of the makers' code.
template <class T>
T original_field(const OrderedJson& json, const std::string& key, T fallback, const std::string& source) {
  return optional_field<T>(json, key, std::move(fallback), source);
}

void require_value(const OrderedJson& json, const std::string& key, const OrderedJson& supported,
                   const OrderedJson& fallback, const std::string& source) {
  const OrderedJson found = json.contains(key) ? json.at(key) : fallback;
  if (found != supported)
    fail("{}: \"{}\": {} is not supported, only {}", source, key, printable(found.dump()), supported.dump());
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// Of {"NAME": 3}.
std::optional<int64_t> number_by_name(const Json& tokens) {
  const auto found = tokens.is_object() ? tokens.find(kImageToken) : tokens.end();
  return found != tokens.end() && found->is_number_integer() ? std::optional(found->get<int64_t>()) : std::nullopt;
}

bool is_image_token(const Json& token) {
  return token.is_object() && token.contains("content") && token.at("content") == kImageToken;
}

// Of {"3": {"content": "NAME"}}.
std::optional<int64_t> number_by_content(const Json& tokens) {
  if (!tokens.is_object()) return std::nullopt;
  for (const auto& [number, token] : tokens.items())
    if (is_image_token(token)) return whole_number(number);
  return std::nullopt;
}

// Of [{"id": 3, "content": "NAME"}].
std::optional<int64_t> number_in_list(const Json& tokens) {
  if (!tokens.is_array()) return std::nullopt;
  for (const Json& token : tokens)
    if (is_image_token(token) && token.contains("id") && token.at("id").is_number_integer())
      return token.at("id").get<int64_t>();
  return std::nullopt;
}

// The image token's number, from the files of the tokenizer that list added tokens.
std::optional<int64_t> number_of_image_token(const std::filesystem::path& directory) {
  using Read = std::optional<int64_t> (*)(const Json&);
  const std::tuple<const char*, const char*, Read> places[] = {
      {"added_tokens.json", nullptr, number_by_name},
      {"tokenizer_config.json", "added_tokens_decoder", number_by_content},
      {"tokenizer.json", "added_tokens", number_in_list}};
  for (const auto& [name, key, read] : places) {
    if (!std::filesystem::exists(directory / name)) continue;
    const Json json = read_json_or_throw(directory / name);
    const bool there = key == nullptr || (json.is_object() && json.contains(key));
    if (const auto number = there ? read(key == nullptr ? json : json.at(key)) : std::nullopt) return number;
  }
  return std::nullopt;
}

OrderedJson vision_config(const OrderedJson& original, const std::string& source) {
  const auto vision = required_field<OrderedJson>(original, "vision_config", source);
  const std::string inside = source + ": vision_config";
  if (!vision.is_object()) fail("{}: not a JSON object", inside);
  OrderedJson config = {{"model_type", "internvl_vision"}};
  for (const auto& [key, fallback] :
       {std::pair("hidden_size", 3200), std::pair("intermediate_size", 12800), std::pair("num_hidden_layers", 48),
        std::pair("num_attention_heads", 25), std::pair("patch_size", 14), std::pair("num_channels", 3)})
    config[key] = original_field<int64_t>(vision, key, fallback, inside);
  const auto size = original_field<int64_t>(vision, "image_size", 224, inside);
  config["image_size"] = original_field<int64_t>(original, "force_image_size", size, source);
  config["hidden_act"] = original_field<std::string>(vision, "hidden_act", "gelu", inside);
  config["norm_type"] = original_field<std::string>(vision, "norm_type", "rms_norm", inside);
  config["layer_norm_eps"] = original_field<double>(vision, "layer_norm_eps", 1e-6, inside);
  config["attention_bias"] = original_field<bool>(vision, "qkv_bias", false, inside);
  config["use_qk_norm"] = original_field<bool>(vision, "qk_normalization", true, inside);
  return config;
}

int64_t tile_tokens(const OrderedJson& config, const std::string& source) {
  constexpr int64_t kLargestSide = 1 << 14;
  const OrderedJson& vision = config.at("vision_config");
  const auto tile = vision.at("image_size").get<int64_t>(), patch = vision.at("patch_size").get<int64_t>();
  const auto ratio = config.at("downsample_ratio").get<double>();
  if (patch < 1 || tile < patch || tile > kLargestSide || !(ratio > 0 && ratio <= 1))
    fail("{}: tiles of {} pixels in patches of {} with a \"downsample_ratio\" of {} cannot be", source, tile, patch,
         ratio);
  const int64_t patches = tile / patch;
  const auto side = static_cast<int64_t>(static_cast<double>(patches) * ratio);
  return side * side;
}

OrderedJson config_of_original(const OrderedJson& original, const std::filesystem::path& directory) {
  const std::string source = (directory / "config.json").string();
  require_value(original, "ps_version", "v2", "v1", source);
  require_value(original, "select_layer", -1, -1, source);
  const auto image_token = number_of_image_token(directory);
  if (!image_token)
    fail("{}: none of added_tokens.json, tokenizer_config.json and tokenizer.json has the token {}", directory.string(),
         kImageToken);
  OrderedJson config = {{"architectures", {"InternVLForConditionalGeneration"}},
                        {"model_type", "internvl"},
                        {"downsample_ratio", original_field<double>(original, "downsample_ratio", 0.5, source)},
                        {"image_token_id", *image_token},
                        {"text_config", required_field<OrderedJson>(original, "llm_config", source)},
                        {"vision_config", vision_config(original, source)}};
  config["image_seq_length"] = tile_tokens(config, source);
  for (const char* key : {"torch_dtype", "pad_token_id", "eos_token_id"})
    if (original.contains(key)) config[key] = original.at(key);
  return config;
}

std::map<std::string, OrderedJson> image_files_of_original(const OrderedJson& original,
                                                           const std::filesystem::path& directory) {
  const std::string source = (directory / "config.json").string();
  const OrderedJson config = config_of_original(original, directory);
  require_value(original, "use_thumbnail", true, false, source);
  const bool tiles = original_field<bool>(original, "dynamic_image_size", false, source);
  const OrderedJson side = config.at("vision_config").at("image_size");
  return {{"preprocessor_config.json",
           {{"crop_to_patches", true},
            {"do_convert_rgb", true},
            {"do_normalize", true},
            {"do_rescale", true},
            {"do_resize", true},
            {"image_mean", {0.485, 0.456, 0.406}},
            {"image_processor_type", "GotOcr2ImageProcessor"},
            {"image_std", {0.229, 0.224, 0.225}},
            {"max_patches", tiles ? original_field<int64_t>(original, "max_dynamic_patch", 6, source) : 1},
            {"min_patches", tiles ? original_field<int64_t>(original, "min_dynamic_patch", 1, source) : 1},
            {"processor_class", "InternVLProcessor"},
            {"resample", 3},
            {"size", {{"height", side}, {"width", side}}}}},
          {"processor_config.json",
           {{"image_seq_length", config.at("image_seq_length")}, {"processor_class", "InternVLProcessor"}}}};
}

std::vector<std::string> parts_of_original(const std::string& name) {
  const size_t fused = name.find(kFused);
  if (!name.starts_with(kLayers) || fused == name.npos) return {};
  std::vector<std::string> parts;
  for (const std::string_view part : {".attention.q_proj.", ".attention.k_proj.", ".attention.v_proj."})
    parts.push_back(name.substr(0, fused) + std::string(part) + name.substr(fused + kFused.size()));
  return parts;
}

// "N.norm1.weight" of a layer.
std::string name_in_layer(const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kModules{
      {{"attn.qkv.", "attention.qkv."},
       {"attn.proj.", "attention.projection_layer."},
       {"attn.q_norm.", "attention.q_norm."},
       {"attn.k_norm.", "attention.k_norm."},
       {"norm1.", "layernorm_before."},
       {"norm2.", "layernorm_after."},
       {"ls1", "lambda_1"},
       {"ls2", "lambda_2"}}};
  const size_t begin = std::min(name.find('.'), name.size() - 1) + 1;
  const std::string_view module = std::string_view(name).substr(begin);
  for (const auto& [original, canonical] : kModules)
    if (module.starts_with(original))
      return name.substr(0, begin) + std::string(canonical) + std::string(module.substr(original.size()));
  return name;
}

}  // namespace

std::string internvl_name_of_original(const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kPrefixes{
      {{"vision_model.embeddings.class_embedding", "vision_tower.embeddings.cls_token"},
       {"vision_model.embeddings.position_embedding", "vision_tower.embeddings.position_embeddings"},
       {"vision_model.embeddings.patch_embedding.", "vision_tower.embeddings.patch_embeddings.projection."},
       {"mlp1.0.", "multi_modal_projector.layer_norm."},
       {"mlp1.1.", "multi_modal_projector.linear_1."},
       {"mlp1.3.", "multi_modal_projector.linear_2."}}};
  constexpr std::string_view kOriginalLayers = "vision_model.encoder.layers.";
  if (name.starts_with(kOriginalLayers))
    return std::string(kLayers) + name_in_layer(name.substr(kOriginalLayers.size()));
  for (const auto& [original, canonical] : kPrefixes)
    if (name.starts_with(original)) return std::string(canonical) + name.substr(original.size());
  return name;
}

const OriginalLayout kInternVlOriginal = {
    .type = "internvl_chat",
    .config = config_of_original,
    .parts = parts_of_original,
    .image_files = image_files_of_original,
};

}  // namespace vlrm
