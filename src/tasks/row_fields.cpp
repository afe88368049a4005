#include "tasks/row_fields.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "python/json.h"

namespace fs = std::filesystem;

namespace vlrm {
void RowFields::refuse(const std::string& column, const std::string& wanted) const {
  if (row_.values.contains(column)) fail("{}: \"{}\" is not {}", row_.source, column, wanted);
  std::string known;
  for (const auto& [name, value] : row_.values.items()) known += (known.empty() ? "" : ", ") + printable(name);
  for (const std::string& name : row_.unread) known += (known.empty() ? "" : ", ") + printable(name);
  fail("{}: has no column \"{}\" (it has {})", row_.source, column, known);
}

const OrderedJson& RowFields::any(const std::string& column) const {
  const auto found = row_.values.find(column);
  if (found == row_.values.end()) refuse(column, "there");
  return *found;
}

OrderedJson RowFields::id(const std::string& column) const {
  return whole_number(any(column));
}

std::string RowFields::text(const std::string& column) const {
  const auto found = row_.values.find(column);
  if (found == row_.values.end() || !found->is_string()) refuse(column, "a text");
  return found->get<std::string>();
}

std::vector<std::string> RowFields::texts(const std::string& column) const {
  const auto found = row_.values.find(column);
  const auto is_text = [](const OrderedJson& value) { return value.is_string(); };
  if (found == row_.values.end() || !found->is_array() || found->empty() || !std::ranges::all_of(*found, is_text))
    refuse(column, "a list of texts");
  return found->get<std::vector<std::string>>();
}

OrderedJson RowFields::ranking(const std::string& column, size_t count) const {
  const auto found = row_.values.find(column);
  const auto is_index = [&](const OrderedJson& value) {
    return value.is_number_integer() && value >= 0 && value < count;
  };
  OrderedJson ranking = found == row_.values.end() ? OrderedJson() : *found;
  if (ranking.is_array())
    for (OrderedJson& place : ranking) place = whole_number(std::move(place));
  const bool fits = ranking.is_array() && ranking.size() == count && std::ranges::all_of(ranking, is_index);
  if (!fits || std::set<int64_t>(ranking.begin(), ranking.end()).size() != count)
    refuse(column, fmt::format("a list of the integers from 0 to {}, each once", count - 1));
  return ranking;
}

const OrderedJson& RowFields::shares(const std::string& column, size_t count) const {
  const auto found = row_.values.find(column);
  const auto is_share = [](const OrderedJson& value) {
    return value.is_boolean() || (value.is_number() && value.get<double>() >= 0 && value.get<double>() <= 1);
  };
  if (found == row_.values.end() || !found->is_array() || found->size() != count ||
      !std::ranges::all_of(*found, is_share))
    refuse(column, fmt::format("a list of {} numbers from 0 to 1, one for each response", count));
  return *found;
}

std::vector<EncodedImage> RowFields::take_images() const {
  std::vector<EncodedImage> images;
  for (auto& [column, cell] : row_.images)
    images.push_back(cell.bytes.empty()
                         ? EncodedImage{std::move(cell.path), {}, std::move(cell.folder)}
                         : EncodedImage{fmt::format("{}, column {}", row_.source, column), std::move(cell.bytes)});
  row_.images.clear();
  return images;
}

DatasetName or_else(DatasetName name, const DatasetName& fallback) {
  if (name.data.empty()) name.data = fallback.data;
  if (name.config.empty()) name.config = fallback.config;
  if (name.split.empty()) name.split = fallback.split;
  return name;
}

std::string whole_path(const fs::path& path) {
  return fs::absolute(path).lexically_normal().string();
}

OrderedJson describe(const DatasetName& name, const Dataset& data, const std::vector<std::string>& images) {
  std::error_code error;
  const bool is_path = fs::exists(name.data, error);
  return {{"name", is_path ? whole_path(name.data) : name.data},
          {"config", name.config},
          {"split", name.split},
          {"rows", data.rows()},
          {"stamp", data.stamp(images)}};
}

}  // namespace vlrm
