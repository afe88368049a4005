#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"
#include "data/data_files.h"
#include "data/row_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kLargestCard = 16 << 20;  // bytes
constexpr int64_t kMostCompared = 100'000'000;

// The YAML between the two lines of "---" at the start of a card; nothing where it starts otherwise.
std::optional<std::string> front_matter(const std::string& card) {
  if (!card.starts_with("---\n") && !card.starts_with("---\r\n")) return std::nullopt;
  const size_t begin = card.find('\n') + 1;
  const size_t end = card.find("\n---", begin - 1);
  if (end == std::string::npos) return std::nullopt;
  return card.substr(begin, end + 1 - begin);
}

// Reads the list "configs"; every complaint names the card and the line.
class CardReader {
 public:
  CardReader(fs::path card, const std::vector<std::string>& files) : card_(std::move(card)), files_(files) {}

  std::vector<SplitFiles> read(const YAML::Node& root) {
    if (!root.IsMap() || !root["configs"]) return {};
    const YAML::Node configs = root["configs"];
    if (!configs.IsSequence()) fail_at(configs, "\"configs\" must be a list");
    for (const auto& config : configs) read_config(config);
    return std::move(splits_);
  }

 private:
  [[noreturn]] void fail_at(const YAML::Node& node, const char* what) const {
    // The front matter starts at the card's second line.
    fail("{}:{}: {}", card_.string(), node.Mark().line + 2, what);
  }
  std::string text(const YAML::Node& node) const {
    if (!node.IsScalar()) fail_at(node, "a string is needed here");
    return node.Scalar();
  }

  void read_config(const YAML::Node& node) {
    if (!node.IsMap()) fail_at(node, "an entry of \"configs\" must be a mapping");
    const std::string config = node["config_name"] ? text(node["config_name"]) : "default";
    const std::string folder = node["data_dir"] ? text(node["data_dir"]) + "/" : "";
    const YAML::Node files = node["data_files"];
    if (!files) {
      if (!folder.empty()) add_by_name(config, folder + "**");
    } else if (files.IsSequence() && files.size() > 0 && files[0].IsMap()) {
      for (const auto& entry : files) {
        if (!entry.IsMap() || !entry["split"] || !entry["path"])
          fail_at(entry, "an entry of \"data_files\" needs \"split\" and \"path\"");
        add(config, text(entry["split"]), folder, entry["path"]);
      }
    } else if (files.IsMap()) {
      for (const auto& entry : files) add(config, text(entry.first), folder, entry.second);
    } else {
      add(config, "train", folder, files);
    }
  }

  // The files that a pattern, or a list of them, matches.
  void add(const std::string& config, const std::string& split, const std::string& folder, const YAML::Node& patterns) {
    SplitFiles result{config, split, {}};
    const auto add_matches = [&](const YAML::Node& node) {
      const std::string pattern = folder + text(node);
      compared_ += static_cast<int64_t>(pattern.size() * files_.size());
      if (compared_ > kMostCompared) fail_at(node, "the patterns of \"data_files\" are too many for so many files");
      for (const auto& file : files_)
        if (glob_matches(pattern, file)) result.files.push_back(card_.parent_path() / file);
    };
    if (patterns.IsSequence())
      for (const auto& each : patterns) add_matches(each);
    else
      add_matches(patterns);
    splits_.push_back(std::move(result));
  }

  void add_by_name(const std::string& config, const std::string& pattern) {
    std::vector<std::string> matched;
    std::ranges::copy_if(files_, std::back_inserter(matched), [&](const auto& f) { return glob_matches(pattern, f); });
    for (SplitFiles& each : splits_by_name(card_.parent_path(), matched))
      splits_.push_back({config, each.split, std::move(each.files)});
  }

  fs::path card_;
  const std::vector<std::string>& files_;
  int64_t compared_ = 0;  // bytes of patterns with files: aliases multiply them
  std::vector<SplitFiles> splits_;
};

}  // namespace

std::vector<SplitFiles> splits_of_card(const fs::path& directory, const std::vector<std::string>& files) {
  const fs::path card = directory / "README.md";
  std::error_code ignored;
  if (!fs::is_regular_file(card, ignored)) return {};
  const auto yaml = front_matter(read_text_or_throw(card, kLargestCard));
  if (!yaml) return {};
  try {
    return CardReader(card, files).read(YAML::Load(*yaml));
  } catch (const YAML::Exception& error) {
    fail("{}:{}: {}", card.string(), error.mark.line + 2, printable(error.msg));
  }
}

}  // namespace vlrm
