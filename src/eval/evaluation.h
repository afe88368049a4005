// A benchmark, scored: results.jsonl in the reference's fields, resumable.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/resumable_lines.h"
#include "reward/scoring_loop.h"
#include "tasks/benchmark.h"

namespace vlrm {

// image, no_image, text_only: as the scorer's. cascade: a text reward model that reads a caption in the image's place.
// random: no model, scores are drawn, the same ones each time.
enum class EvaluationMode { image, no_image, text_only, cascade, random };
EvaluationMode evaluation_mode_or_throw(const std::string& name);
std::string_view evaluation_mode_name(EvaluationMode mode);
Mode scorer_mode(EvaluationMode mode);  // not of random

// A caption for each id of a benchmark, as text.
class Captions {
 public:
  // {"id": "caption", …}. Throws Error naming the file.
  static Captions read_or_throw(const std::filesystem::path& file);
  // Throws Error naming the file, and `source` for what has none.
  const std::string& of(const OrderedJson& id, const std::string& source) const;
  void add_to(BenchmarkRow& row) const;  // before its question; throws as of()
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  std::map<std::string, std::string> texts_;
};

// A row as a sample, which takes its images. Throws Error naming the row where the mode shows images and it has none.
Sample sample_of(BenchmarkRow& row, EvaluationMode mode);

struct EvaluationOptions {
  EvaluationMode mode = EvaluationMode::image;
  std::optional<Captions> captions = {};               // of cascade
  std::filesystem::path output = {};                   // the result folder
  std::string label = {};                              // the row's name in tables
  OrderedJson model_settings = OrderedJson::object();  // what the scores depend on of the model: into run.json
  int64_t batch_samples = 8;                           // above 0: computed together
  bool force = false;                                  // start again even if results exist
  bool mixed = false;                                  // go on though last digits may move
};

// Plans at construction (what is done already), so that finished work costs no model.
class Evaluation {
 public:
  // Looks at all rows, and whether the image files that JSON lines name are there, so that what is wrong is told before
  // a model is loaded. Throws Error naming the row, and if, force not being set, the folder holds another run's
  // results.
  Evaluation(const std::shared_ptr<const Benchmark>& benchmark, EvaluationOptions options);
  // One of several of a benchmark, whose description is `description`: check_rows() is to be called before the rest.
  Evaluation(std::shared_ptr<const Benchmark> benchmark, const OrderedJson& description, EvaluationOptions options);
  // Looks at all rows, once for all evaluations. They are of one benchmark, mode and captions. Throws as the first
  // constructor.
  static void check_rows(std::span<const Evaluation* const> evaluations);

  bool finished() const { return done() == total(); }
  int64_t done() const { return output_->done(); }  // rows
  int64_t total() const { return benchmark_->rows(); }

  // A row and what of it is scored.
  struct Item {
    BenchmarkRow row;
    Sample sample;
    std::string source;
  };
  // The benchmark's rows from `first` on, with their images where the mode shows them.
  std::unique_ptr<BenchmarkStream> stream(int64_t first) const;
  // The next `count` of them, fewer at the end.
  std::vector<Item> read(BenchmarkStream& rows, int64_t count) const;

  // Scores the rest. Throws Error naming the row; what was scored before it is kept.
  void score(Scorer& scorer);
  void draw();  // the same, at random

  // The same step by step, for who reads the rows: begin(), and then add() for whole batches from row done() on.
  void begin();
  void add(const PreparedBatch<Item>& batch, const BatchScores& scores);
  int64_t batch_samples() const { return options_.batch_samples; }

 private:
  bool holds_result_of(const std::string& text, const BenchmarkRow& row) const;
  std::optional<BenchmarkRow> next(BenchmarkStream& rows) const;
  std::string line(const BenchmarkRow& row, const std::vector<std::string>& prompts, const std::vector<double>& scores,
                   const OrderedJson& notes) const;
  std::shared_ptr<const Benchmark> benchmark_;
  EvaluationOptions options_;
  std::optional<ResumableLines> output_;
};

}  // namespace vlrm
