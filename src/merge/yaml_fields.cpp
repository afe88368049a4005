#include "merge/yaml_fields.h"

#include <algorithm>
#include <cmath>

#include "base/nearest.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

// Bytes of names and numbers that are read, which the largest recipe holds at most. Aliases would give more.
constexpr size_t kLargestContents = size_t{4} << 20;
constexpr std::string_view kMergeKey = "<<";  // of YAML 1.1: takes over the keys of another mapping

}  // namespace

void YamlFields::count(const YAML::Node& node) const {
  contents_ += node.Scalar().size() + 1;
  if (contents_ > kLargestContents) fail_at(node.Mark(), "the recipe's aliases make too much of it");
}

std::set<std::string> YamlFields::keys(const YAML::Node& node, std::string_view what) const {
  if (!node.IsMap()) fail_at(node.Mark(), "{} must be a mapping of keys to values", what);
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = text(entry.first);
    const YAML::Mark mark = entry.first.Mark();
    if (!seen.insert(key).second) fail_at(mark, "\"{}\" stands here a second time", printable(key));
    if (key == kMergeKey) fail_at(mark, "\"{}\" is not supported", key);
  }
  return seen;
}

void YamlFields::check_keys(const YAML::Node& node, std::string_view what,
                            std::initializer_list<std::string_view> known) const {
  keys(node, what);
  for (const auto& entry : node) {
    const std::string& key = entry.first.Scalar();
    if (std::ranges::find(known, key) == known.end())
      fail_at(entry.first.Mark(), "unknown key \"{}\"; {}", printable(key),
              suggestion(key, std::span(known.begin(), known.size())));
  }
}

YAML::Node YamlFields::required(const YAML::Node& node, const char* key) const {
  const YAML::Node value = node[key];
  if (!value) fail_at(node.Mark(), "\"{}\" is missing", key);
  return value;
}

std::string YamlFields::text(const YAML::Node& node) const {
  if (!node.IsScalar() || node.Scalar().empty()) fail_at(node.Mark(), "a name is needed here");
  if (utf8::first_invalid(node.Scalar())) fail_at(node.Mark(), "\"{}\" is not UTF-8", printable(node.Scalar()));
  count(node);
  return node.Scalar();
}

std::optional<double> YamlFields::number(const YAML::Node& node) const {
  double value = 0;
  if (!node.IsScalar() || !YAML::convert<double>::decode(node, value)) return std::nullopt;
  count(node);
  return value;
}

std::optional<bool> YamlFields::boolean(const YAML::Node& node) const {
  bool value = false;
  const bool quoted = node.Tag() == "!";  // a text, then
  if (!node.IsScalar() || quoted || !YAML::convert<bool>::decode(node, value)) return std::nullopt;
  return value;
}

int64_t YamlFields::whole_number(const YAML::Node& node, const std::string& what, int64_t least, int64_t most) const {
  const auto value = number(node);
  if (!value || !(*value >= static_cast<double>(least) && *value <= static_cast<double>(most)) ||
      *value != std::floor(*value))
    fail_at(node.Mark(), "{} must be a whole number between {} and {}", what, least, most);
  return static_cast<int64_t>(*value);
}

}  // namespace vlrm
