#include "architecture/model.h"

#include <algorithm>
#include <charconv>

#include "architecture/reward_head.h"
#include "base/error.h"
#include "base/joined.h"
#include "weights/pickled_weights.h"
#include "weights/views.h"

namespace fs = std::filesystem;

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

bool has_head_file(const fs::path& directory) {
  return fs::exists(directory / kHeadFile) || fs::exists(directory / kPickledHead);
}

// A trainer of an adapter saves the head that it trained beside it.
fs::path directory_of_head(const ModelFiles& files) {
  if (!files.adapter || !has_head_file(*files.adapter)) return files.directory;
  if (has_head_file(files.directory) && !fs::equivalent(files.directory, *files.adapter))
    fail("{}: has a value head in a file of its own, and so has {}; take one of them away", files.directory.string(),
         files.adapter->string());
  return *files.adapter;
}

}  // namespace

Model open_model(const ModelFiles& files, const std::string& role, const WatchInput& watch) {
  ReadModel read = read_model(files, role, watch);
  const fs::path of_head = directory_of_head(files);
  CanonicalHead head = with_canonical_head(std::move(read.weights), of_head);
  ModelConfig config = ModelConfig::from_json(read.config, files.directory / "config.json", head.weights.get());
  if (!head.value_head.empty()) config.pooling = Pooling::last;
  const bool pickled = !fs::exists(of_head / kHeadFile) && fs::exists(of_head / kPickledHead);
  return {std::move(config),      std::move(head.weights),    files,
          std::move(read.prefix), std::move(head.value_head), pickled ? of_head : fs::path()};
}

void refuse_pickled_head(const Model& model) {
  const fs::path& directory = model.pickled_head;
  if (!directory.empty())
    fail("{}: a value head in a pickled file, which is not read: take it away, or convert it: {}",
         (directory / kPickledHead).string(), conversion_command(directory, {{"value_head", "value_head"}}));
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
