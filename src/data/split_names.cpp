#include <algorithm>
#include <map>
#include <optional>
#include <regex>

#include "data/data_files.h"
#include "data/row_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// The words that name a split wherever they stand in a path, and the split.
const std::map<std::string, std::string, std::less<>> kKeywords{
    {"train", "train"},      {"training", "train"}, {"validation", "validation"},
    {"valid", "validation"}, {"val", "validation"}, {"dev", "validation"},
    {"test", "test"},        {"testing", "test"},   {"eval", "test"},
    {"evaluation", "test"},
};

std::string keyword_in(const std::string& name) {
  static const std::regex word("[A-Za-z]+");
  std::string split;
  for (std::sregex_iterator at(name.begin(), name.end(), word), end; at != end; ++at)
    if (const auto found = kKeywords.find(at->str()); found != kKeywords.end()) split = found->second;
  return split;
}

// Of a file's name without its ending.
std::string split_of_stem(const std::string& stem) {
  static const std::regex shard("(.+)-[0-9]{5}-of-[0-9]{5}(-[0-9a-f]+)?");
  std::smatch parts;
  if (std::regex_match(stem, parts, shard) && parts[1] != "data") return parts[1];
  return keyword_in(stem);
}

}  // namespace

NamesInPath names_in_path(const std::string& relative) {
  const fs::path path(relative);
  NamesInPath names{"", split_of_stem(path.stem().string())};
  for (const auto& part : path.parent_path()) {
    const std::string folder = part.string();
    if (folder == "data") continue;
    if (const auto keyword = kKeywords.find(folder); keyword != kKeywords.end() && names.split.empty())
      names.split = keyword->second;
    else
      names.config += (names.config.empty() ? "" : "/") + folder;
  }
  if (names.config.empty()) names.config = "default";
  return names;
}

std::vector<SplitFiles> splits_by_name(const fs::path& directory, const std::vector<std::string>& files) {
  // Of what nothing but its name recommends, .json is more often something else than rows.
  const auto is_data = [](const std::string& file) { return !file.ends_with(".json"); };
  std::optional<RowFormat> first;
  for (const auto& file : files)
    if (const auto format = row_format(file); is_data(file) && (!first || format < first)) first = format;
  std::vector<SplitFiles> splits;
  for (const auto& file : files) {
    if (!is_data(file) || row_format(file) != first) continue;
    const NamesInPath names = names_in_path(file);
    const auto same = std::ranges::find_if(
        splits, [&](const SplitFiles& each) { return each.config == names.config && each.split == names.split; });
    SplitFiles& place = same != splits.end() ? *same : splits.emplace_back(SplitFiles{names.config, names.split, {}});
    place.files.push_back(directory / file);
  }
  // Files that name no split count where none names one.
  const auto has_named = [&](const std::string& config) {
    return std::ranges::any_of(splits, [&](const auto& each) { return each.config == config && !each.split.empty(); });
  };
  std::vector<SplitFiles> kept;
  for (const auto& each : splits)
    if (!each.split.empty() || !has_named(each.config)) kept.push_back(each);
  return kept;
}

}  // namespace vlrm
