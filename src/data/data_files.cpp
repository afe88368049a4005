#include "data/data_files.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "base/error.h"
#include "data/row_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int kDeepestFolder = 6;
constexpr size_t kMostFiles = 100'000;

// Every file of rows under `directory`, relative to it, sorted. Hidden files and folders are passed over.
std::vector<std::string> files_of_rows(const fs::path& directory) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator at(directory, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (at->is_directory(ignored)) {
      if (name.starts_with('.') || at.depth() + 1 >= kDeepestFolder) at.disable_recursion_pending();
    } else if (!name.starts_with('.') && row_format(name) && at->is_regular_file(ignored)) {
      files.push_back(at->path().lexically_relative(directory).generic_string());
      if (files.size() > kMostFiles) fail("{}: more than {} files of rows", directory.string(), kMostFiles);
    }
  }
  if (error) fail_with_errno(error.value(), "{}: cannot be listed", directory.string());
  std::ranges::sort(files);
  return files;
}

std::string listed(const std::set<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", printable(name));
  return list;
}

// The one of `names` that was asked for. A single name that only stands for there being no choice always fits.
std::string choose(const std::set<std::string>& names, const std::string& asked, const char* what,
                   const std::string& place) {
  if (names.size() == 1 && (asked.empty() || names.contains("") || names.contains("default"))) return *names.begin();
  if (asked.empty()) fail("{}: which {}? There are {}: `{}` chooses", place, what, listed(names), what);
  if (!names.contains(asked))
    fail("{}: there is no {} \"{}\"; there {} {}", place, what, printable(asked), names.size() == 1 ? "is" : "are",
         listed(names));
  return asked;
}

SplitFiles choose_split(const std::vector<SplitFiles>& splits, const fs::path& directory, const std::string& config,
                        const std::string& split) {
  // What a card lists and nobody fetched is no candidate where nothing is asked for.
  const bool fetched = std::ranges::any_of(splits, [](const auto& each) { return !each.files.empty(); });
  std::set<std::string> configs, names;
  for (const auto& each : splits)
    if (!config.empty() || !fetched || !each.files.empty()) configs.insert(each.config);
  const std::string config_chosen = choose(configs, config, "config", directory.string());
  const auto in_config = [&](const SplitFiles& each) { return each.config == config_chosen; };
  const bool config_fetched =
      std::ranges::any_of(splits, [&](const auto& each) { return in_config(each) && !each.files.empty(); });
  for (const auto& each : splits)
    if (in_config(each) && (!split.empty() || !config_fetched || !each.files.empty())) names.insert(each.split);
  const std::string place =
      configs.size() == 1 ? directory.string() : fmt::format("{}, {}", directory.string(), printable(config_chosen));
  const std::string split_chosen = choose(names, split, "split", place);

  SplitFiles result{config_chosen, split_chosen, {}};
  for (const auto& each : splits)
    if (in_config(each) && each.split == split_chosen)
      result.files.insert(result.files.end(), each.files.begin(), each.files.end());
  if (result.files.empty())
    fail("{}: README.md lists config \"{}\", split \"{}\", but its files are not there", directory.string(),
         printable(config_chosen), printable(split_chosen));
  return result;
}

// Of files called NAME-NNNNN-of-NNNNN, all must be there.
void check_shards(const std::vector<fs::path>& files) {
  static const std::regex shard("(.*)-([0-9]{5})-of-([0-9]{5})(-[0-9a-f]+)?");
  std::map<std::string, std::set<int>> numbers;  // by "DIR/NAME-*-of-NNNNN.parquet"
  std::map<std::string, int> totals;
  for (const auto& file : files) {
    std::smatch parts;
    const std::string stem = file.stem().string();
    if (!std::regex_match(stem, parts, shard)) continue;
    const std::string name = fmt::format("{}-*-of-{}{}", parts[1].str(), parts[3].str(), file.extension().string());
    const std::string set = (file.parent_path() / name).string();
    numbers[set].insert(std::stoi(parts[2]));
    totals[set] = std::stoi(parts[3]);
  }
  for (const auto& [set, present] : numbers)
    for (int number = 0; number < totals[set]; ++number)
      if (!present.contains(number))
        fail("{}: shard {:05} is not there, {} of {} are; fetch the others too", printable(set, 400), number,
             present.size(), totals[set]);
}

}  // namespace

SplitFiles find_split_files(const fs::path& directory, const std::string& config, const std::string& split) {
  std::vector<SplitFiles> splits = splits_saved_to_disk(directory);
  if (splits.empty()) {
    const auto files = files_of_rows(directory);
    splits = splits_of_card(directory, files);
    if (splits.empty()) splits = splits_by_name(directory, files);
  }
  if (splits.empty())
    fail("{}: holds no rows: no .parquet, .arrow or .jsonl file, and no state.json or dataset_dict.json",
         directory.string());
  SplitFiles chosen = choose_split(splits, directory, config, split);
  check_shards(chosen.files);
  return chosen;
}

}  // namespace vlrm
