// Which files hold the rows of a dataset's config and split.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vlrm {

// The files of one split, in the order of their rows.
struct SplitFiles {
  std::string config;  // "default" where nothing names one
  std::string split;   // "" where nothing names one
  std::vector<std::filesystem::path> files;
};

// Finds the config and split asked for ("" is the only one) in a directory of the kinds that open_dataset lists. Throws
// Error listing what there is where nothing fits or several do, and naming a shard that is missing.
SplitFiles find_split_files(const std::filesystem::path& directory, const std::string& config,
                            const std::string& split);

// What a directory offers, by one way of telling each: empty where that way does not apply.
std::vector<SplitFiles> splits_saved_to_disk(const std::filesystem::path& directory);  // state.json, dataset_dict.json
std::vector<SplitFiles> splits_of_card(const std::filesystem::path& directory,
                                       const std::vector<std::string>& files);  // README.md's front matter
std::vector<SplitFiles> splits_by_name(const std::filesystem::path& directory, const std::vector<std::string>& files);

// The split that a relative path names: "test-00000-of-00002.parquet", "data/x-val.jsonl" (validation),
// "en/train/0000.parquet"; "" where none is named. The folders that do not name it are the config: "en", else
// "default".
struct NamesInPath {
  std::string config, split;
};
NamesInPath names_in_path(const std::string& relative);

}  // namespace vlrm
