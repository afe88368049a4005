#include "generate/generation_config.h"

#include "architecture/config.h"
#include "base/error.h"
#include "base/json.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

int32_t token_or_throw(const Json& value, const std::string& source) {
  if (!value.is_number_integer() || value < 0 || value > INT32_MAX)
    fail("{}: \"eos_token_id\" must be a token's number, or a list of them", source);
  return value.get<int32_t>();
}

std::vector<int32_t> tokens_of(const Json& config, const std::string& source) {
  std::vector<int32_t> tokens;
  if (!config.is_object() || !config.contains("eos_token_id") || config["eos_token_id"].is_null()) return tokens;
  const Json& value = config["eos_token_id"];
  if (!value.is_array()) return {token_or_throw(value, source)};
  for (const Json& each : value) tokens.push_back(token_or_throw(each, source));
  return tokens;
}

}  // namespace

std::vector<int32_t> stop_tokens(const fs::path& directory) {
  const fs::path generation = directory / "generation_config.json", model = directory / "config.json";
  if (fs::exists(generation)) {
    auto tokens = tokens_of(read_json_or_throw(generation.string()), generation.string());
    if (!tokens.empty()) return tokens;
  }
  const Json config = read_config(directory);
  auto tokens = tokens_of(config, model.string());
  if (tokens.empty() && config.is_object() && config.contains("text_config"))
    tokens = tokens_of(config["text_config"], model.string());
  return tokens;
}

}  // namespace vlrm
