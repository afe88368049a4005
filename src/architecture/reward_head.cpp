#include "architecture/reward_head.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "weights/safetensors.h"
#include "weights/views.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 3> kModules{"score.", "score.0.", "score.2."};
// What TRL, GRM and others call it; the longer ones first.
constexpr std::array<std::string_view, 6> kPrefixes{"v_head.summary.", "value_head.summary.", "v_head.",
                                                    "value_head.",     "classifier.",         "summary."};

std::optional<std::string> canonical_in_head(const std::string& name) {
  for (const std::string_view prefix : kPrefixes) {
    if (!name.starts_with(prefix)) continue;
    std::string canonical = "score." + name.substr(prefix.size());
    return is_in_reward_head(canonical) ? canonical : name;
  }
  return name;
}

// The name of a tensor of it. What reads it in TRL and what is made with it takes the last token, whatever it is.
std::string value_head_in(const Checkpoint& weights) {
  for (const TensorInfo& tensor : weights.tensors())
    if ((tensor.name.starts_with("v_head.") || tensor.name.starts_with("value_head.")) &&
        canonical_in_head(tensor.name) != tensor.name)
      return tensor.name;
  return "";
}

}  // namespace

bool is_in_reward_head(const std::string& name) {
  return std::ranges::any_of(kModules, [&](std::string_view module) {
    return name.starts_with(module) && (name.substr(module.size()) == "weight" || name.substr(module.size()) == "bias");
  });
}

std::vector<HeadLayer> reward_head_layers(const Checkpoint& weights) {
  if (weights.find("score.weight") != nullptr) return {{"score.weight", "score.bias"}};
  if (weights.find("score.0.weight") == nullptr) return {};
  return {{"score.0.weight", "score.0.bias"}, {"score.2.weight", "score.2.bias"}};
}

CanonicalHead with_canonical_head(CheckpointPtr weights, const fs::path& directory) {
  const fs::path own = directory / kHeadFile;
  std::string value_head = value_head_in(*weights);
  weights = renamed(std::move(weights), canonical_in_head);
  if (weights->find("score.weight") != nullptr && weights->find("score.0.weight") != nullptr)
    fail("{}: has two heads, one linear and one of two layers; remove one of them", weights->description());
  const bool has_head = !reward_head_layers(*weights).empty(), has_own = fs::exists(own);
  if (has_head && has_own)
    fail("{}: has two heads, this and {}; take one of them away", weights->description(), own.string());
  if (!has_own) return {std::move(weights), std::move(value_head)};
  return {overlay({std::move(weights), renamed(open_safetensors_file(own), canonical_in_head)}), kHeadFile};
}

}  // namespace vlrm
