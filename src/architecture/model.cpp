#include "architecture/model.h"

#include <algorithm>
#include <charconv>

#include "architecture/reward_head.h"
#include "base/error.h"
#include "base/joined.h"
#include "weights/views.h"

namespace vlrm {
namespace {

std::string names_of(const std::vector<std::string>& labels) {
  constexpr size_t kNamed = 12;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(labels.size(), kNamed); ++i) names.push_back(printable(labels[i], 40));
  return joined(names) + (labels.size() > kNamed ? " …" : "");
}

size_t chosen(const std::vector<std::string>& labels, const std::string& label) {
  const auto named = static_cast<size_t>(std::ranges::find(labels, label) - labels.begin());
  size_t number = labels.size();
  const auto [end, problem] = std::from_chars(label.data(), label.data() + label.size(), number);
  if (problem != std::errc() || end != label.data() + label.size()) number = labels.size();
  const size_t row = std::min(named, labels.size()) < labels.size() ? named : number;
  if (row >= labels.size())
    throw OptionError("score_label", fmt::format("\"{}\" is none of the labels {}, nor a number from 0 to {}",
                                                 printable(label), names_of(labels), labels.size() - 1));
  const bool two_names = std::ranges::count(labels, label) > 1,
             name_and_number = number < labels.size() && number != row;
  if (two_names || name_and_number)
    throw OptionError("score_label",
                      fmt::format("\"{}\" may be more than one of the labels {}", printable(label), names_of(labels)));
  return row;
}

CheckpointPtr with_one_row(CheckpointPtr weights, const std::string& tensor, size_t labels, size_t row) {
  const TensorInfo* info = weights->find(tensor);
  if (info == nullptr) return weights;
  if (info->shape.empty() || info->shape[0] != static_cast<int64_t>(labels))
    fail("{}: tensor {} is {}, but config.json has {} labels", weights->description(), tensor,
         shape_string(info->shape), labels);
  return with_row(std::move(weights), tensor, static_cast<int64_t>(row));
}

}  // namespace

Model open_model(const ModelFiles& files, const std::string& role, const WatchInput& watch) {
  ReadModel read = read_model(files, role, watch);
  CanonicalHead head = with_canonical_head(std::move(read.weights), files.directory);
  ModelConfig config = ModelConfig::from_json(read.config, files.directory / "config.json", head.weights.get());
  if (!head.value_head.empty()) config.pooling = Pooling::last;
  return {std::move(config), std::move(head.weights), files, std::move(read.prefix), std::move(head.value_head)};
}

std::optional<std::string> several_labels(const ModelConfig& config) {
  if (config.labels.size() < 2) return std::nullopt;
  return fmt::format("a reward model has one label, this classifier has {} ({})", config.labels.size(),
                     names_of(config.labels));
}

void choose_label(Model& model, const std::string& label) {
  std::vector<std::string>& labels = model.config.labels;
  if (labels.empty() && !label.empty())
    throw OptionError("score_label", fmt::format("{} is not a classifier", model.files.directory.string()));
  if (const auto several = several_labels(model.config); several && label.empty())
    fail("{}: \"id2label\": {}; `score_label` says which one", (model.files.directory / "config.json").string(),
         *several);
  if (label.empty()) return;
  const size_t row = chosen(labels, label);
  if (labels.size() > 1)
    if (const std::vector<HeadLayer> layers = reward_head_layers(*model.weights); !layers.empty())
      for (const std::string& tensor : {layers.back().weight, layers.back().bias})
        model.weights = with_one_row(std::move(model.weights), tensor, labels.size(), row);
  labels = {labels[row]};
}

}  // namespace vlrm
