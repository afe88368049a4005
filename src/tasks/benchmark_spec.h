// What a benchmark is, as data: all that the program knows of one stands here, in its file under benchmarks/.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "results/benchmark_kind.h"
#include "vision/image.h"

namespace vlrm {

// One question of a benchmark, with its responses.
struct BenchmarkRow {
  OrderedJson id = {};  // null where the benchmark has none
  std::string query = {};
  std::vector<EncodedImage> images = {};
  // In place of the query, which then is its text alone, where the question is a conversation of several messages.
  OrderedJson messages = {};
  std::vector<std::string> responses = {};
  OrderedJson fields = {};       // what the result line takes over: the ground truth, or a whole row of best of N
  size_t group = 0;              // of the benchmark's, where it has some
  std::string group_name = {};   // where the dataset says which groups there are
  bool may_lack_images = false;  // set by the stream, as the benchmark says
  std::string source = {};       // what errors call it
};

// A question that a model is to answer.
struct Question {
  OrderedJson fields;  // of the published responses: id, what the row says of question and truth, and input
  std::string input;   // what the model is asked
  std::vector<EncodedImage> images;
  std::vector<std::string> answers;  // TextVQA: what people answered
  std::vector<std::string> options;  // MMMU-Pro, whose `fields` hold the right letter as "answer"
  std::string source;                // what errors call it
};

// A dataset of questions without responses: how they are asked, and how answers are marked.
struct AnswerRules {
  // The column that a file of responses names rows by; "": "id", if there is one, else the row's number, from 0.
  std::string id = {};
  int64_t max_new_tokens = 0;  // of an answer, as the reference has it
  WantedColumns columns = {};  // that `question` reads
  // The row as a question, but for its source. Throws Error naming row and column.
  std::function<Question(Row& row)> question = {};
  // How right a response is, from 0 to 1 or as true and false. A user's own task may not say.
  std::function<OrderedJson(const Question& question, const std::string& response)> correctness = {};
  OrderedJson settings = {};  // of a user's own task: what answers depend on, beside the data

  // lmms-eval's log of a sample. Fields of its "doc" that a file of responses keeps, as (name there, name in the log).
  struct LoggedField {
    std::string name, logged;
  };
  std::vector<LoggedField> logged_fields = {};
  std::string logged_mark = {};  // without "doc", the object that names the question
  // The mark that it gave. Throws Error naming `source` where there is none.
  OrderedJson (*logged_correctness)(const OrderedJson& line, const std::string& source) = nullptr;
};

struct BenchmarkSpec {
  BenchmarkKind kind = {};   // its name, groups and figures
  DatasetName data = {};     // where it is unless the user names another place
  int64_t first_rows = 0;    // only so many of its rows are the benchmark; 0: all
  bool drops_alpha = false;  // the reference converts these images to RGB itself, before the processor sees them
  // One of the two. Of a dataset that holds responses: the columns that are read; its row, but for the source, and what
  // --help says of it. The function throws Error naming row and column.
  WantedColumns columns = {};
  std::function<BenchmarkRow(Row& row)> row = {};
  std::string summary = {};
  std::string left_out = {};     // what rows with the kind's left_out_field are called: "rows that show a video"
  bool groups_in_rows = false;   // the rows name their groups, of which `kind` has those that come first, if any
  bool may_lack_images = false;  // rows without an image are of texts alone
  OrderedJson settings = {};     // of a user's own dataset: what run.json has as "columns"
  // Of a dataset whose questions are answered several times: the responses stand in a file.
  const AnswerRules* answers = nullptr;

  const std::string& name() const { return kind.name(); }
  bool has_responses() const { return static_cast<bool>(row); }
};

// The kind of all benchmarks whose responses stand in a file.
BenchmarkKind best_of_n_kind(std::string subtask, std::string title, std::string variant = "",
                             std::string id_column = "id");

}  // namespace vlrm
