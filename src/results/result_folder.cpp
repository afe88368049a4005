#include "results/result_folder.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/joined.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr const char* kRows = "results.jsonl";
constexpr const char* kInfo = "run.json";
constexpr int kDeepest = 4;  // folders: results/BENCHMARK/SWEEP/RECIPE
constexpr const char* kGroups = "groups";

bool holds_name(const fs::path& path, const std::string& name) {
  return same_name(path.stem().string(), name) ||
         std::any_of(path.begin(), path.end(), [&](const fs::path& part) { return same_name(part.string(), name); });
}

// What rows of this shape are of, in a file of which nothing else is known. The reference names its files or their
// folders after what they hold.
const BenchmarkKind& kind_of_bare_file(const fs::path& path, RowShape shape, const BenchmarkKinds& kinds) {
  const BenchmarkKind* fallback = nullptr;
  for (const BenchmarkKind* kind : kinds) {
    if (kind->shape != shape) continue;
    if (holds_name(path, kind->name())) return *kind;
    if (fallback == nullptr && kind->subtask.empty() && kind->of_bare_files) fallback = kind;
  }
  if (fallback == nullptr) fail("{}: which benchmark these rows are of is not known", path.string());
  return *fallback;
}

std::string tasks_of(const BenchmarkKinds& kinds) {
  std::vector<std::string> tasks;
  for (const BenchmarkKind* kind : kinds)
    if (std::find(tasks.begin(), tasks.end(), kind->task) == tasks.end()) tasks.push_back(kind->task);
  return joined(tasks);
}

// That of run.json. A subtask that is not in the table is a benchmark all the same, under its own name.
BenchmarkKind kind_named(const std::string& task, const std::string& subtask, const std::string& source,
                         const BenchmarkKinds& kinds) {
  const BenchmarkKind* fallback = nullptr;
  for (const BenchmarkKind* kind : kinds) {
    if (!same_name(kind->task, task)) continue;
    if (same_name(kind->subtask, subtask)) return *kind;
    if (kind->subtask.empty()) fallback = kind;
  }
  if (fallback == nullptr) fail("{}: unknown task \"{}\"; known are {}", source, printable(task), tasks_of(kinds));
  BenchmarkKind other = *fallback;
  other.subtask = other.title = printable(subtask);
  return other;
}

// Of a figure's column, or of what runs are sorted by.
bool is_taken(const std::string& name) {
  if (name == "label" || name.starts_with("Pass@")) return true;
  for (int figure = 0; figure <= static_cast<int>(Figure::drawn); ++figure)
    if (name == figure_title(static_cast<Figure>(figure))) return true;
  return false;
}

// The group's name, or `group "Overall"` where a figure is called so.
std::string column_of_group(const std::string& name) {
  return is_taken(name) ? fmt::format("group \"{}\"", name) : name;
}

// What run.json says of the rows' groups: their names into `kind`, and the group of each row.
std::vector<size_t> parse_groups(const OrderedJson& groups, BenchmarkKind& kind, size_t rows,
                                 const std::string& source) {
  if (!groups.is_object()) fail("{}: the field \"{}\" must be an object", source, kGroups);
  kind.groups.clear();
  for (const auto& name : required_field<std::vector<std::string>>(groups, "names", source))
    kind.groups.push_back(column_of_group(printable(name)));
  auto of_rows = required_field<std::vector<size_t>>(groups, "rows", source);
  if (of_rows.size() != rows)
    fail("{}: \"{}\" says the groups of {} rows, not of {}", source, kGroups, of_rows.size(), rows);
  for (const size_t group : of_rows)
    if (group >= kind.groups.size())
      fail("{}: \"{}\" has a row in group {} of {}", source, kGroups, group, kind.groups.size());
  if (std::ranges::find(kind.figures, Figure::group) == kind.figures.end())
    kind.figures.insert(kind.figures.begin(), Figure::group);
  return of_rows;
}

std::string name_of(const fs::path& path) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  const fs::path named = whole.has_filename() ? whole : whole.parent_path();
  const bool plain = named.filename() == kRows;
  return printable((plain ? named.parent_path().filename() : named.stem()).string());
}

bool is_result_folder(const fs::path& path) {
  return fs::is_regular_file(path / kRows) || fs::is_regular_file(path / kInfo);
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) found.push_back(entry.path());
  if (error) fail_with_errno(error.value(), "{}: cannot be read", folder.string());
  return found;
}

// Folders within folders, as where sweeps stand beside runs. What is hidden is passed over.
void add_result_folders(const fs::path& folder, int depth, std::vector<fs::path>& found) {
  for (const fs::path& entry : entries(folder)) {
    if (entry.filename().string().starts_with('.') || !fs::is_directory(entry)) continue;
    if (is_result_folder(entry))
      found.push_back(entry);
    else if (depth > 1)
      add_result_folders(entry, depth - 1, found);
  }
}

// "d_2" before "d_10": digits by their number.
bool natural_less(const std::string& left, const std::string& right) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t i = 0, j = 0;
  while (i < left.size() && j < right.size()) {
    if (digit(left[i]) && digit(right[j])) {
      const size_t end_i = std::find_if_not(left.begin() + i, left.end(), digit) - left.begin();
      const size_t end_j = std::find_if_not(right.begin() + j, right.end(), digit) - right.begin();
      const auto number = [](std::string text) {
        return text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
      };
      const std::string a = number(left.substr(i, end_i - i)), b = number(right.substr(j, end_j - j));
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
      i = end_i, j = end_j;
    } else {
      if (left[i] != right[j]) return left[i] < right[j];
      ++i, ++j;
    }
  }
  return left.size() - i != right.size() - j ? left.size() - i < right.size() - j : left < right;
}

RunInfo info_of_bare_file(const fs::path& path) {
  RunInfo info;
  info.label = name_of(path);
  return info;
}

const OrderedJson* object_at(const OrderedJson& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? &*found : nullptr;
}

std::optional<RunData> parse_data(const OrderedJson& run_json, const std::string& source) {
  const OrderedJson* data = object_at(run_json, "data");
  if (data == nullptr) return std::nullopt;
  return RunData{
      required_field<std::string>(*data, "name", source), optional_field<std::string>(*data, "config", "", source),
      optional_field<std::string>(*data, "split", "", source), optional_field<std::string>(*data, "stamp", "", source)};
}

std::optional<double> optional_number(const OrderedJson& object, const char* key, const std::string& source) {
  if (!object.contains(key) || object.at(key).is_null()) return std::nullopt;
  return required_field<double>(object, key, source);
}

std::optional<MergedRecipe> parse_recipe(const OrderedJson& run_json, const std::string& source) {
  const OrderedJson* recipe = object_at(run_json, "recipe");
  if (recipe == nullptr) return std::nullopt;
  MergedRecipe result;
  result.file = printable(optional_field<std::string>(*recipe, "file", "", source));
  result.method = printable(optional_field<std::string>(*recipe, "method", "", source));
  if (result.method.empty()) return std::nullopt;
  if (const OrderedJson* weights = object_at(*recipe, "weights")) {
    result.weight_vlm = optional_number(*weights, "vlm", source);
    result.weight_rm = optional_number(*weights, "rm", source);
  }
  result.density = optional_number(*recipe, "density", source);
  for (const char* role : {"vlm", "rm", "base"})
    if (const OrderedJson* model = object_at(run_json, role))
      result.models += fmt::format("{} {} ", role, optional_field<std::string>(*model, "stamp", "", source));
  return result;
}

// The responses of best of N, of which equal ones have equal scores. The two of a pair are to differ, so all count.
std::vector<std::string> texts_of(const ResultRow& row, RowShape shape) {
  if (shape.kind == RowKind::pairs) return {};
  return row.values.at("responses").get<std::vector<std::string>>();
}

std::vector<uint64_t> hashes(const std::vector<std::string>& texts) {
  std::vector<uint64_t> all;
  for (const std::string& text : texts) all.push_back(std::hash<std::string>{}(text));
  return all;
}

void set_groups(RunResults& run, const std::optional<std::vector<size_t>>& of_rows) {
  const BenchmarkKind& kind = run.info.benchmark;
  if (!of_rows && !kind.groups.empty() && kind.group_of_id == nullptr)
    fail("{}: no run.json says the groups of its rows; evaluate again with `force`", run.path.string());
  for (size_t i = 0; i < run.outcomes.size() && !kind.groups.empty(); ++i)
    run.outcomes[i].group = of_rows ? (*of_rows)[i] : kind.group_of_id(run.outcomes[i].id);
}

}  // namespace

bool is_left_out(const BenchmarkKind& kind, const OrderedJson& values) {
  if (kind.left_out_field.empty()) return false;
  const auto found = values.find(kind.left_out_field);
  return found != values.end() && found->is_string() && !found->get_ref<const std::string&>().empty();
}

bool known_by_stamp(const RunResults& run) {
  if (!run.info.data || run.info.data->stamp.empty()) return false;
  for (size_t i = 0; i < run.outcomes.size(); ++i)
    if (run.outcomes[i].id != fmt::format("{}", i)) return false;
  return true;
}

RunResults without_ties(RunResults run) {
  std::erase_if(run.outcomes, [](const Outcome& outcome) { return outcome.tie; });
  return run;
}

void regroup(RunResults& run, const std::string& grouping) {
  std::vector<std::string> names;
  for (const Grouping& known : run.info.benchmark.groupings) {
    names.push_back(known.name);
    if (!same_name(known.name, grouping)) continue;
    for (Outcome& outcome : run.outcomes) outcome.group = known.group_of_id(outcome.id);
    if (&known != &run.info.benchmark.groupings.front())
      run.info.benchmark.title += fmt::format(" ({} grouping)", known.name);
    return;
  }
  if (names.empty()) fail("{}: {} is grouped in one way only", run.path.string(), run.info.benchmark.full_title());
  fail("{}: {} is none of {}'s groupings: {}", run.path.string(), printable(grouping), run.info.benchmark.title,
       joined(names));
}

fs::path rows_file(const fs::path& path) {
  return fs::is_directory(path) ? path / kRows : path;
}

OrderedJson groups_json(const BenchmarkKind& kind, const std::vector<size_t>& of_rows) {
  return {{"names", kind.groups}, {"rows", of_rows}};
}

RunInfo parse_run_info(const OrderedJson& run_json, const std::string& source, const BenchmarkKinds& kinds) {
  RunInfo info;
  info.benchmark = kind_named(required_field<std::string>(run_json, "task", source),
                              optional_field<std::string>(run_json, "subtask", "", source), source, kinds);
  info.label = printable(optional_field<std::string>(run_json, "label", "", source));
  info.mode = printable(optional_field<std::string>(run_json, "mode", "", source));
  info.rows = required_field<int64_t>(run_json, "rows", source);
  if (*info.rows < 0) fail("{}: the field \"rows\" is negative", source);
  info.limited = run_json.contains("limit");
  info.data = parse_data(run_json, source);
  if (const OrderedJson* responses = object_at(run_json, "responses"))
    info.responses = optional_field<std::string>(*responses, "file", "", source);
  info.recipe = parse_recipe(run_json, source);
  if (const OrderedJson* columns = object_at(run_json, "columns")) info.columns = *columns;
  if (const OrderedJson* out = object_at(run_json, "left_out"))
    info.left_out = fmt::format("{} {}", required_field<int64_t>(*out, "rows", source),
                                printable(required_field<std::string>(*out, "are", source)));
  return info;
}

RunResults read_run(const fs::path& path, const BenchmarkKinds& kinds) {
  const bool folder = fs::is_directory(path);
  const fs::path rows = rows_file(path);
  const bool described = folder && fs::is_regular_file(path / kInfo);
  RunResults run{path, info_of_bare_file(path), {}};
  std::optional<std::vector<size_t>> groups;  // of rows
  if (described) {
    const fs::path file = path / kInfo;
    const OrderedJson json = read_ordered_json_or_throw(file);
    run.info = parse_run_info(json, file.string(), kinds);
    if (run.info.label.empty()) run.info.label = name_of(path);
    if (json.contains(kGroups))
      groups = parse_groups(json.at(kGroups), run.info.benchmark, static_cast<size_t>(*run.info.rows), file.string());
    if (!fs::exists(rows)) return run;  // nothing scored yet
  }
  ResultReader reader(rows, described ? std::optional(run.info.benchmark.shape) : std::nullopt, described);
  while (auto row = reader.next()) {
    const auto texts = texts_of(*row, *reader.shape());
    if (!row->scores.empty()) run.equal_scores.add(row->scores, texts);
    run.notes.add(row->notes);
    run.outcomes.push_back({std::move(row->id), std::move(row->correctness), std::move(row->scores), row->chosen,
                            std::move(row->lengths), 0, hashes(texts), row->tie});
  }
  if (described && static_cast<int64_t>(run.outcomes.size()) > *run.info.rows)
    fail("{}: has {} rows where run.json says {}; evaluate again with `force`", rows.string(), run.outcomes.size(),
         *run.info.rows);
  if (!described) {
    if (!reader.shape()) fail("{}: has no rows", rows.string());
    run.info.benchmark = kind_of_bare_file(rows, *reader.shape(), kinds);
  }
  set_groups(run, groups);
  return run;
}

std::vector<fs::path> expand_results(const fs::path& path) {
  if (!fs::exists(path)) fail("{}: is not there", path.string());
  if (!fs::is_directory(path) || is_result_folder(path)) return {path};
  std::vector<fs::path> runs;
  add_result_folders(path, kDeepest, runs);
  if (runs.empty())
    for (const fs::path& entry : entries(path))
      if (fs::is_regular_file(entry) && entry.extension() == ".jsonl") runs.push_back(entry);
  if (runs.empty()) fail("{}: holds no results.jsonl, nor does a folder in it", path.string());
  std::sort(runs.begin(), runs.end(),
            [](const auto& left, const auto& right) { return natural_less(left.string(), right.string()); });
  return runs;
}

std::vector<fs::path> expand_results(const std::vector<std::string>& paths) {
  std::vector<fs::path> runs;
  std::set<fs::path> known;
  for (const std::string& path : paths)
    for (fs::path& run : expand_results(fs::path(path)))
      if (known.insert(fs::canonical(run)).second) runs.push_back(std::move(run));
  return runs;
}

}  // namespace vlrm
