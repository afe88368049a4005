// Benchmarks whose dataset holds the responses.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "results/result_folder.h"
#include "tasks/benchmark.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

constexpr size_t kMostGroups = 64;

// Which rows of a dataset are the benchmark's, and which groups they name.
struct Survey {
  std::vector<int64_t> kept;  // of the benchmark's rows, the dataset's; empty where all are
  std::vector<std::string> groups;
  std::vector<size_t> of_rows;  // the group of each row, where the rows name them
};

// The dataset's groups after those that are known, in the order of their names, so that the order of files is nothing
// to them.
void add_groups(const std::set<std::string>& found, std::vector<std::string>& groups, const Dataset& data) {
  std::erase_if(groups, [&](const std::string& known) { return !found.contains(known); });
  for (const std::string& name : found)
    if (std::ranges::find(groups, name) == groups.end()) groups.push_back(name);
  if (groups.size() > kMostGroups)
    fail("{}: its rows name {} groups, more than {}; a column of few values groups rows", data.description(),
         groups.size(), kMostGroups);
}

// The number of groups where it is none of them.
size_t place_of(const std::string& name, const std::vector<std::string>& groups) {
  return static_cast<size_t>(std::ranges::find(groups, name) - groups.begin());
}

Survey survey(const BenchmarkSpec& spec, const Dataset& data) {
  Survey all{{}, spec.kind.groups, {}};
  if (spec.kind.left_out_field.empty() && !spec.groups_in_rows) return all;
  std::set<std::string> groups;
  std::vector<std::string> named;
  const auto rows = data.stream(0, Images::without, spec.columns);
  while (auto row = rows->next()) {
    if (is_left_out(spec.kind, row->values)) continue;
    all.kept.push_back(row->index);
    if (spec.groups_in_rows) named.push_back(spec.row(*row).group_name);
  }
  if (all.kept.empty()) fail("{}: all are {}; there is nothing to evaluate", data.description(), spec.left_out);
  if (std::ssize(all.kept) == data.rows()) all.kept.clear();
  if (!spec.groups_in_rows) return all;
  groups.insert(named.begin(), named.end());
  add_groups(groups, all.groups, data);
  for (const std::string& name : named) all.of_rows.push_back(place_of(name, all.groups));
  return all;
}

// Of a user's own dataset the first row says whether its rows have images. Throws Error where a column that was named
// for them is not there.
bool shows_images(const BenchmarkSpec& spec, const Dataset& data) {
  const auto first = data.stream(0, Images::with, spec.columns)->next();
  if (!first) return false;
  for (const std::string& wanted : spec.columns.images)
    if (std::ranges::find(first->image_columns, wanted) == first->image_columns.end())
      fail("{}: has no column \"{}\" of images", first->source, printable(wanted));
  return !first->images.empty();
}

class DatasetStream : public BenchmarkStream {
 public:
  DatasetStream(SharedSpec spec, std::unique_ptr<RowStream> rows) : spec_(std::move(spec)), rows_(std::move(rows)) {}
  std::optional<BenchmarkRow> next() override {
    auto row = rows_->next();
    while (row && is_left_out(spec_->kind, row->values)) row = rows_->next();
    if (!row) return std::nullopt;
    BenchmarkRow made = spec_->row(*row);
    const auto& groups = spec_->kind.groups;
    if (spec_->groups_in_rows) made.group = place_of(made.group_name, groups);
    if (spec_->groups_in_rows && made.group == groups.size())
      fail("{}: its group {} was not there when the file was opened", row->source, printable(made.group_name));
    VLRM_ASSERT(groups.empty() || made.group < groups.size());
    made.may_lack_images = spec_->may_lack_images;
    made.source = std::move(row->source);
    return made;
  }

 private:
  const SharedSpec spec_;
  const std::unique_ptr<RowStream> rows_;
};

class DatasetBenchmark : public Benchmark {
 public:
  DatasetBenchmark(SharedSpec spec, DatasetName name, std::unique_ptr<Dataset> data, Survey found)
      : Benchmark(std::move(spec)),
        name_(std::move(name)),
        data_(std::move(data)),
        kept_(std::move(found.kept)),
        groups_(std::move(found.of_rows)) {}
  int64_t rows() const override { return kept_.empty() ? data_->rows() : std::ssize(kept_); }
  std::unique_ptr<BenchmarkStream> stream(int64_t first, Images images) const override {
    const bool ended = first >= rows();
    const int64_t from = ended ? data_->rows() : kept_.empty() ? first : kept_[static_cast<size_t>(first)];
    return std::make_unique<DatasetStream>(shared_spec(), data_->stream(from, images, spec().columns));
  }
  OrderedJson description() const override {
    OrderedJson all{{"task", spec().kind.task},
                    {"subtask", spec().kind.subtask.empty() ? OrderedJson() : OrderedJson(spec().kind.subtask)},
                    {"data", describe(name_, *data_, spec().columns.images)},
                    {"responses", nullptr}};
    if (!spec().settings.is_null()) all["columns"] = spec().settings;
    if (!kept_.empty()) all["left_out"] = {{"rows", left_out()}, {"are", spec().left_out}};
    return all;
  }
  OrderedJson groups() const override {
    if (spec().kind.groups.empty()) return OrderedJson::object();
    if (groups_.empty()) {
      const auto all = stream(0, Images::without);
      while (const auto row = all->next()) groups_.push_back(row->group);
    }
    return {{"groups", groups_json(spec().kind, groups_)}};
  }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all;
    if (!kept_.empty())
      all.push_back(fmt::format("{} of {} rows are left out: {}", left_out(), data_->rows(), spec().left_out));
    if (spec().may_lack_images && !spec().settings.is_null())
      all.emplace_back("the first row has no image: rows without images are scored by their texts");
    return all;
  }

 private:
  int64_t left_out() const { return data_->rows() - rows(); }

  const DatasetName name_;
  const std::unique_ptr<Dataset> data_;
  const std::vector<int64_t> kept_;     // the dataset's rows that are the benchmark's; empty where all are
  mutable std::vector<size_t> groups_;  // of each row, once they are asked for
};

}  // namespace

OrderedJson result_line(const BenchmarkKind& kind, const BenchmarkRow& row, const std::vector<std::string>& prompts,
                        const std::vector<double>& scores) {
  OrderedJson line = OrderedJson::object();
  switch (kind.shape.kind) {
    case RowKind::pairs:
      if (kind.shape.has_id) line["id"] = row.id;
      line["prompts"] = prompts;
      line["outputs"] = scores;
      line["predicted_answer"] = first_largest(scores);
      line.update(row.fields);
      break;
    case RowKind::best_of_n:
      line = row.fields;
      line["scores"] = scores;
      break;
  }
  return line;
}

std::unique_ptr<Benchmark> open_benchmark(SharedSpec spec, DatasetName given) {
  VLRM_ASSERT(spec->has_responses());
  DatasetName name = or_else(std::move(given), spec->data);
  std::unique_ptr<Dataset> data = open_dataset(name);
  if (data->rows() == 0) fail("{}; there is nothing to evaluate", data->description());
  Survey found = survey(*spec, *data);
  if (const bool own = !spec->settings.is_null(); own || spec->groups_in_rows) {
    auto seen = std::make_shared<BenchmarkSpec>(*spec);
    seen->kind.groups = found.groups;
    if (own) seen->may_lack_images = !shows_images(*spec, *data);
    spec = std::move(seen);
  }
  return std::make_unique<DatasetBenchmark>(std::move(spec), std::move(name), std::move(data), std::move(found));
}

std::unique_ptr<Benchmark> open_benchmark(const BenchmarkSpec& spec, DatasetName data) {
  return open_benchmark(SharedSpec(SharedSpec(), &spec), std::move(data));
}

}  // namespace vlrm
