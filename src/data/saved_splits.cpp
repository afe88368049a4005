#include "base/error.h"
#include "base/json.h"
#include "data/data_files.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// A name that stays in its directory.
std::string plain_name(const std::string& name, const fs::path& source) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
    fail("{}: \"{}\" is not the name of a file in that directory", source.string(), printable(name));
  return name;
}

SplitFiles saved_split(const fs::path& directory, const std::string& split) {
  const fs::path source = directory / "state.json";
  const Json state = read_json_or_throw(source);
  if (!optional_field<std::vector<Json>>(state, "_indices_data_files", {}, source.string()).empty())
    fail("{}: rows are chosen by an indices mapping, which is not read; save the dataset after flatten_indices()",
         source.string());
  SplitFiles result{"default", split, {}};
  if (result.split.empty()) result.split = optional_field<std::string>(state, "_split", "", source.string());
  for (const auto& file : required_field<std::vector<Json>>(state, "_data_files", source.string()))
    result.files.push_back(directory /
                           plain_name(required_field<std::string>(file, "filename", source.string()), source));
  if (result.files.empty()) fail("{}: lists no file", source.string());
  return result;
}

}  // namespace

std::vector<SplitFiles> splits_saved_to_disk(const fs::path& directory) {
  std::error_code ignored;
  if (fs::exists(directory / "state.json", ignored)) return {saved_split(directory, "")};
  const fs::path dict = directory / "dataset_dict.json";
  std::vector<SplitFiles> splits;
  if (!fs::exists(dict, ignored)) return splits;
  for (const auto& split : required_field<std::vector<std::string>>(read_json_or_throw(dict), "splits", dict.string()))
    splits.push_back(saved_split(directory / plain_name(split, dict), split));
  if (splits.empty()) fail("{}: lists no split", dict.string());
  return splits;
}

}  // namespace vlrm
