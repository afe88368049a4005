#include "eval/evaluation.h"

#include <xxhash.h>

#include <array>
#include <utility>

#include "base/content_digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/version.h"
#include "python/json.h"
#include "results/metrics.h"
#include "reward/scoring_loop.h"
#include "tasks/row_fields.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kLargestCaptions = int64_t{1} << 30;  // bytes

struct ModeName {
  EvaluationMode mode;
  std::string_view name;
};
constexpr std::array kModes{ModeName{EvaluationMode::image, "image"}, ModeName{EvaluationMode::no_image, "no-image"},
                            ModeName{EvaluationMode::text_only, "text-only"},
                            ModeName{EvaluationMode::cascade, "cascade"}, ModeName{EvaluationMode::random, "random"}};

OrderedJson run_settings(const Benchmark& benchmark, const OrderedJson& description, const EvaluationOptions& options) {
  OrderedJson settings = {{"vlrm", version()}, {"format", kResultsFormat}};
  settings["task"] = description.at("task");
  settings["subtask"] = description.at("subtask");
  settings["mode"] = evaluation_mode_name(options.mode);
  settings["label"] = options.label;
  settings.update(options.model_settings);
  settings["data"] = description.at("data");
  for (const char* key : {"columns", "left_out"})
    if (description.contains(key)) settings[key] = description.at(key);
  settings["responses"] = description.at("responses");
  settings["captions"] = nullptr;
  if (options.captions)
    settings["captions"] = {{"file", options.captions->file().string()},
                            {"digest", file_digest(options.captions->file())}};
  settings["rows"] = benchmark.rows();
  if (description.contains("limit")) settings["limit"] = description.at("limit");
  settings["batch_samples"] = options.batch_samples;
  settings.update(benchmark.groups());
  return settings;
}

// Between 0 and 1, from nothing but row and response.
double drawn_score(int64_t row, size_t response) {
  const std::array<uint64_t, 2> key{static_cast<uint64_t>(row), response};
  return static_cast<double>(XXH3_64bits(key.data(), sizeof key) >> 11) * 0x1p-53;
}

std::vector<double> rounded(std::vector<double> scores) {
  for (double& score : scores) score = rounded_score(score);
  return scores;
}

}  // namespace

EvaluationMode evaluation_mode_or_throw(const std::string& name) {
  for (const auto& [mode, known] : kModes)
    if (known == name) return mode;
  throw OptionError("mode", printable(name) + " is none of image, no-image, text-only, cascade, random");
}

std::string_view evaluation_mode_name(EvaluationMode mode) {
  return kModes[static_cast<size_t>(mode)].name;
}

Mode scorer_mode(EvaluationMode mode) {
  VLRM_ASSERT(mode != EvaluationMode::random);
  if (mode == EvaluationMode::image) return Mode::image;
  return mode == EvaluationMode::no_image ? Mode::no_image : Mode::text_only;
}

Captions Captions::read_or_throw(const fs::path& file) {
  const OrderedJson json = parse_python_json_or_throw(read_text_or_throw(file, kLargestCaptions), file.string());
  if (!json.is_object()) fail("{}: not a JSON object of captions by id", file.string());
  Captions captions;
  captions.file_ = file;
  for (const auto& [id, caption] : json.items()) {
    if (!caption.is_string()) fail("{}: the caption of {} is not a text", file.string(), printable(id));
    captions.texts_[id] = caption.get<std::string>();
  }
  return captions;
}

const std::string& Captions::of(const OrderedJson& id, const std::string& source) const {
  const auto found = texts_.find(id_text(id));
  if (found == texts_.end())
    fail("{}: {} has no caption for the id {}", source, file_.string(), printable(id_text(id)));
  return found->second;
}

void Captions::add_to(BenchmarkRow& row) const {
  const std::string& caption = of(row.id, row.source);
  row.query = caption + " " + row.query;
  if (!row.messages.is_null()) put_before_question(row.messages, caption + " ");
}

Sample sample_of(BenchmarkRow& row, EvaluationMode mode) {
  std::vector<EncodedImage> images = std::exchange(row.images, {});
  if (mode == EvaluationMode::image && images.empty() && !row.may_lack_images)
    fail("{}: has no image; `mode` no-image evaluates without", row.source);
  if (!row.messages.is_null()) {
    OrderedJson messages = row.messages;
    if (mode != EvaluationMode::image) leave_out_images(messages);
    return sample_of(messages, std::move(images), row.responses, row.source);
  }
  Sample sample;
  sample.images = std::move(images);
  sample.messages.push_back(user_message(row.query, sample.images.size()));
  sample.responses = row.responses;
  return sample;
}

Evaluation::Evaluation(const std::shared_ptr<const Benchmark>& benchmark, EvaluationOptions options)
    : Evaluation(benchmark, benchmark->description(), std::move(options)) {
  const Evaluation* const one = this;
  check_rows({&one, 1});
}

Evaluation::Evaluation(std::shared_ptr<const Benchmark> benchmark, const OrderedJson& description,
                       EvaluationOptions options)
    : benchmark_(std::move(benchmark)), options_(std::move(options)) {
  VLRM_ASSERT(options_.captions.has_value() == (options_.mode == EvaluationMode::cascade));
  // Its end would put a judge's rows beside this run's settings.
  const fs::path texts = options_.output / "results.jsonl.partial";
  if (fs::exists(texts))
    fail("{}: of a vlrm judge that has not finished; let it go on, remove the file, or take another folder",
         texts.string());
  output_.emplace(ResumableLines::Options{.output = options_.output / "results.jsonl",
                                          .settings_file = options_.output / "run.json",
                                          .settings = run_settings(*benchmark_, description, options_),
                                          .batch = options_.batch_samples,
                                          .total = benchmark_->rows(),
                                          .force = options_.force,
                                          .mixed = options_.mixed});
}

void Evaluation::check_rows(std::span<const Evaluation* const> evaluations) {
  const Evaluation& first = *evaluations.front();
  std::vector<ResumableLines::Done> done;
  for (const Evaluation* evaluation : evaluations) {
    VLRM_ASSERT(evaluation->benchmark_ == first.benchmark_ && evaluation->options_.mode == first.options_.mode);
    done.emplace_back(*evaluation->output_);
  }
  const bool shows = first.options_.mode == EvaluationMode::image;
  const auto rows = first.benchmark_->stream(0, shows ? Images::checked : Images::without);
  while (const auto row = first.next(*rows))
    for (size_t i = 0; i < evaluations.size(); ++i)
      if (const auto line = done[i].next(); line && !evaluations[i]->holds_result_of(*line, *row))
        done[i].refuse("the result of " + row->source);
}

bool Evaluation::holds_result_of(const std::string& text, const BenchmarkRow& row) const {
  try {
    const BenchmarkKind& kind = benchmark_->spec().kind;
    const ResultRow kept = parse_result_row(parse_python_json_or_throw(text, ""), kind.shape, "");
    std::vector<std::string> prompts;
    if (kind.is_pairs()) prompts = required_field<std::vector<std::string>>(kept.values, "prompts", "");
    return kept.scores.size() == row.responses.size() &&
           line(row, prompts, kept.scores, kept.values.value("texts", OrderedJson::object())) == text;
  } catch (const Error&) {
    return false;
  }
}

// The query as the model is to read it.
std::optional<BenchmarkRow> Evaluation::next(BenchmarkStream& rows) const {
  auto row = rows.next();
  if (row && options_.captions) options_.captions->add_to(*row);
  return row;
}

std::unique_ptr<BenchmarkStream> Evaluation::stream(int64_t first) const {
  return benchmark_->stream(first, options_.mode == EvaluationMode::image ? Images::with : Images::without);
}

std::vector<Evaluation::Item> Evaluation::read(BenchmarkStream& rows, int64_t count) const {
  std::vector<Item> items;
  while (static_cast<int64_t>(items.size()) < count) {
    auto row = next(rows);
    if (!row) break;
    Sample sample = sample_of(*row, options_.mode);
    std::string source = row->source;
    items.push_back({std::move(*row), std::move(sample), std::move(source)});
  }
  return items;
}

std::string Evaluation::line(const BenchmarkRow& row, const std::vector<std::string>& prompts,
                             const std::vector<double>& scores, const OrderedJson& notes) const {
  OrderedJson result = result_line(benchmark_->spec().kind, row, prompts, rounded(scores));
  if (!notes.empty()) result["texts"] = notes;
  return python_json(result);
}

void Evaluation::score(Scorer& scorer) {
  output_->begin();
  const auto rows = stream(done());
  Progress progress(options_.label, total() - done(), Progress::Unit::samples);
  score_in_batches<Item>(
      scorer, options_.batch_samples, [&](int64_t count) { return read(*rows, count); },
      [&](const PreparedBatch<Item>& batch, const BatchScores& scores) {
        add(batch, scores);
        progress.advance(static_cast<int64_t>(scores.size()));
      });
}

void Evaluation::begin() {
  output_->begin();
}

void Evaluation::add(const PreparedBatch<Item>& batch, const BatchScores& scores) {
  std::string text;
  for (size_t i = 0; i < scores.size(); ++i) {
    const PreparedSample& sample = batch.samples[i];
    const BenchmarkRow& row = batch.items[i].row;
    TextNotes notes = sample.notes;
    if (benchmark_->spec().kind.shape.kind == RowKind::pairs) notes.equal_pairs = row.responses[0] == row.responses[1];
    text += line(row, sample.prompts, scores[i], notes.json()) + "\n";
  }
  output_->append(text);
  if (finished()) output_->finish();
}

void Evaluation::draw() {
  output_->begin();
  const auto rows = benchmark_->stream(done(), Images::without);
  while (const auto row = rows->next()) {
    std::vector<double> scores;
    for (size_t i = 0; i < row->responses.size(); ++i) scores.push_back(drawn_score(done(), i));
    const std::vector<std::string> prompts(row->responses.size(), row->query);
    output_->append(line(*row, prompts, scores, OrderedJson::object()) + "\n");
  }
  output_->finish();
}

}  // namespace vlrm
