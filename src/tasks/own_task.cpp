#include "tasks/own_task.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/braces.h"
#include "base/error.h"
#include "base/file.h"
#include "base/joined.h"
#include "merge/yaml_fields.h"
#include "tasks/benchmark_table.h"
#include "tasks/multiple_choice.h"
#include "tasks/own_marks.h"
#include "tasks/row_fields.h"
#include "tasks/vqa_accuracy.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kLargestTask = 1 << 20, kMostTokens = 1'000'000, kUsualTokens = 1024;
constexpr size_t kMostOptions = 26;

enum class Marking { equal, contains, number, vqa, choice };
const std::map<std::string, Marking> kMarkings{{"equal", Marking::equal},
                                               {"contains", Marking::contains},
                                               {"number", Marking::number},
                                               {"vqa", Marking::vqa},
                                               {"choice", Marking::choice}};

// A column, and where the file names it.
struct NamedColumn {
  std::string name, source;  // "my_task.yml:4"
};

struct Correct {
  Marking how = Marking::equal;
  NamedColumn answers, options;  // options: of a choice
};

// What the file says.
struct TaskFile {
  std::string name, prompt_source;
  DatasetName data;
  std::optional<NamedColumn> id;
  std::vector<BracedPart> prompt;
  std::vector<NamedColumn> images;
  int64_t max_new_tokens = kUsualTokens;
  std::optional<Correct> correct;
  OrderedJson settings = OrderedJson::object();  // what answers depend on, beside the data
};

class TaskReader {
 public:
  explicit TaskReader(const fs::path& file) : yaml_(printable(file.string())), file_(file) {}

  TaskFile read(const YAML::Node& root) {
    yaml_.check_keys(root, "a task", {"name", "data", "id", "prompt", "images", "max_new_tokens", "correct"});
    task_.name = printable(file_.stem().string());
    if (there(root["name"])) task_.name = printable(yaml_.text(root["name"]));
    if (find_benchmark(all_benchmarks(), task_.name) != nullptr)
      yaml_.fail_at(root["name"] ? root["name"].Mark() : root.Mark(),
                    "{} is a task of the program's own; give it another \"name\"", task_.name);
    if (there(root["data"])) read_data(root["data"]);
    if (there(root["id"])) task_.id = column(root["id"]);
    read_prompt(yaml_.required(root, "prompt"));
    if (there(root["images"])) read_images(root["images"]);
    if (there(root["max_new_tokens"]))
      task_.max_new_tokens = yaml_.whole_number(root["max_new_tokens"], "max_new_tokens", 1, kMostTokens);
    if (there(root["correct"])) read_correct(root["correct"]);
    if (task_.id) task_.settings["id"] = task_.id->name;
    return std::move(task_);
  }

 private:
  static bool there(const YAML::Node& node) { return node && !node.IsNull(); }
  std::string place(const YAML::Node& node) const { return fmt::format("{}:{}", yaml_.source(), node.Mark().line + 1); }
  NamedColumn column(const YAML::Node& node) const { return {yaml_.text(node), place(node)}; }

  // A path starts at the file's folder, if something is there.
  void read_data(const YAML::Node& node) {
    yaml_.check_keys(node, "\"data\"", {"path", "config", "split"});
    const std::string name = yaml_.text(yaml_.required(node, "path"));
    const fs::path beside = file_.parent_path() / name;
    std::error_code error;
    task_.data.data = fs::exists(beside, error) ? beside.string() : name;
    if (there(node["config"])) task_.data.config = yaml_.text(node["config"]);
    if (there(node["split"])) task_.data.split = yaml_.text(node["split"]);
  }

  void read_prompt(const YAML::Node& node) {
    std::string text = yaml_.text(node);
    text.erase(text.find_last_not_of('\n') + 1);  // that of a block
    task_.prompt_source = place(node);
    task_.prompt = braced_parts_or_throw(text, task_.prompt_source);
    task_.settings["prompt"] = text;
  }

  void read_images(const YAML::Node& node) {
    if (!node.IsSequence() || node.size() == 0) yaml_.fail_at(node.Mark(), "\"images\" must be a list of columns");
    for (const YAML::Node& each : node) {
      task_.images.push_back(column(each));
      task_.settings["images"].push_back(task_.images.back().name);
    }
  }

  void read_correct(const YAML::Node& node) {
    yaml_.check_keys(node, "\"correct\"", {"how", "answers", "options"});
    const YAML::Node how = yaml_.required(node, "how");
    const auto known = kMarkings.find(yaml_.text(how));
    if (known == kMarkings.end())
      yaml_.fail_at(how.Mark(), "\"{}\" is none of equal, contains, number, vqa, choice", printable(how.Scalar()));
    const bool is_choice = known->second == Marking::choice;
    Correct correct{known->second, column(yaml_.required(node, "answers")), {}};
    if (is_choice) correct.options = column(yaml_.required(node, "options"));
    if (!is_choice && there(node["options"])) yaml_.fail_at(node["options"].Mark(), "\"options\" go with choice only");
    task_.settings["correct"] = {
        {"how", known->first}, {"answers", correct.answers.name}, {"options", correct.options.name}};
    task_.correct = std::move(correct);
  }

  const YamlFields yaml_;
  const fs::path file_;
  TaskFile task_;
};

const OrderedJson& value_of(const Row& row, const NamedColumn& column) {
  const auto found = row.values.find(column.name);
  if (found != row.values.end() && !found->is_null()) return *found;
  if (found != row.values.end()) fail("{}: {}: \"{}\" is empty", column.source, row.source, printable(column.name));
  std::vector<std::string> known;
  for (const auto& [name, value] : row.values.items()) known.push_back(printable(name));
  for (const std::string& name : row.unread) known.push_back(printable(name));
  std::ranges::sort(known);
  fail("{}: {} has no column \"{}\" (it has {})", column.source, row.source, printable(column.name), joined(known));
}

[[noreturn]] void refuse(const Row& row, const NamedColumn& column, std::string_view wanted) {
  fail("{}: {}: \"{}\" is not {}", column.source, row.source, printable(column.name), wanted);
}

bool is_plain(const OrderedJson& value) {
  return value.is_string() || value.is_number() || value.is_boolean();
}

// A text or a number, or a list of them.
std::vector<std::string> plain_texts(const Row& row, const NamedColumn& column) {
  const OrderedJson& value = value_of(row, column);
  std::vector<std::string> texts;
  if (is_plain(value)) return {id_text(value)};
  if (!value.is_array() || value.empty() || !std::ranges::all_of(value, is_plain))
    refuse(row, column, "a text, a number, or a list of these");
  for (const OrderedJson& each : value) texts.push_back(id_text(each));
  return texts;
}

std::vector<std::string> options_of_row(const Row& row, const NamedColumn& column) {
  std::vector<std::string> options = plain_texts(row, column);
  if (options.size() < 2 || options.size() > kMostOptions)
    refuse(row, column, fmt::format("a list of 2 to {} options", kMostOptions));
  return options;
}

// The letter of the right option: the row has it, or the option's own text.
std::string right_letter(const Row& row, const NamedColumn& column, const std::vector<std::string>& options) {
  const OrderedJson& value = value_of(row, column);
  std::string answer = is_plain(value) ? id_text(value) : "";
  if (const auto at = std::ranges::find(options, answer); at != options.end())
    return std::string(1, static_cast<char>('A' + (at - options.begin())));
  if (answer.size() == 1 && answer[0] >= 'A' && answer[0] < static_cast<char>('A' + options.size())) return answer;
  refuse(row, column, "the letter of an option, or its text");
}

std::string filled(const TaskFile& task, const Row& row, const std::vector<std::string>& options) {
  std::string text;
  for (const BracedPart& part : task.prompt) {
    if (!part.is_field) {
      text += part.text;
      continue;
    }
    const NamedColumn column{part.text, task.prompt_source};
    const OrderedJson& value = value_of(row, column);
    const bool is_options = task.correct && part.text == task.correct->options.name;
    if (!is_options && !is_plain(value)) refuse(row, column, "a text or a number");
    text += is_options ? lettered(options) : id_text(value);
  }
  return text;
}

OrderedJson id_of_row(const TaskFile& task, Row& row) {
  const RowFields fields(row);
  if (task.id) {
    value_of(row, *task.id);
    return fields.id(task.id->name);
  }
  return row.values.contains("id") ? fields.id("id") : OrderedJson(row.index);
}

Question question_of_row(const TaskFile& task, Row& row) {
  Question made;
  made.fields = {{"id", id_of_row(task, row)}};
  if (task.correct && task.correct->how == Marking::choice) {
    made.options = options_of_row(row, task.correct->options);
    made.fields["options"] = made.options;
    made.fields["answer"] = right_letter(row, task.correct->answers, made.options);
  } else if (task.correct) {
    made.answers = plain_texts(row, task.correct->answers);
    const auto has_number = [](const std::string& text) { return last_number(text).has_value(); };
    if (task.correct->how == Marking::number && !std::ranges::all_of(made.answers, has_number))
      refuse(row, task.correct->answers, "a number");
    made.fields["answers"] = made.answers;
  }
  made.input = filled(task, row, made.options);
  made.fields["input"] = made.input;
  made.images = RowFields(row).take_images();
  return made;
}

OrderedJson mark_of(Marking how, const Question& question, const std::string& response) {
  switch (how) {
    case Marking::equal:
      return equals_an_answer(response, question.answers);
    case Marking::contains:
      return contains_an_answer(response, question.answers);
    case Marking::number:
      return is_an_answers_number(response, question.answers);
    case Marking::vqa:
      return vqa_accuracy(response, question.answers);
    case Marking::choice:
      break;
  }
  const char chosen = chosen_option(response, question.options, question.fields.at("id").dump());
  return question.fields.at("answer") == std::string(1, chosen);
}

WantedColumns columns_of(const TaskFile& task) {
  WantedColumns columns({task.id ? task.id->name : "id"});
  for (const BracedPart& part : task.prompt)
    if (part.is_field) columns.values.push_back(part.text);
  if (task.correct) columns.values.push_back(task.correct->answers.name);
  if (task.correct && !task.correct->options.name.empty()) columns.values.push_back(task.correct->options.name);
  for (const NamedColumn& image : task.images) columns.images.push_back(image.name);
  return columns;
}

SharedSpec answers_of(const std::shared_ptr<const TaskFile>& task) {
  struct WithRules : BenchmarkSpec {
    AnswerRules rules;
  };
  auto spec = std::make_shared<WithRules>();
  const WantedColumns columns = columns_of(*task);
  spec->kind = best_of_n_kind(task->name, task->name);
  spec->data = task->data;
  spec->columns.images = columns.images;
  spec->settings = OrderedJson::object();  // as own_data.h has them: the file of responses has the rest
  if (task->id) spec->settings["id"] = {task->id->name};
  if (!columns.images.empty()) spec->settings["image"] = columns.images;
  spec->rules.id = task->id ? task->id->name : "";
  spec->rules.max_new_tokens = task->max_new_tokens;
  spec->rules.columns = columns;
  spec->rules.question = [task](Row& row) { return question_of_row(*task, row); };
  if (task->correct)
    spec->rules.correctness = [how = task->correct->how](const Question& question, const std::string& response) {
      return mark_of(how, question, response);
    };
  spec->rules.settings = task->settings;
  spec->answers = &spec->rules;
  return spec;
}

SharedSpec questions_of(const std::shared_ptr<const TaskFile>& task) {
  auto spec = std::make_shared<BenchmarkSpec>();
  spec->kind = best_of_n_kind(task->name, task->name);
  spec->data = task->data;
  spec->columns = columns_of(*task);
  spec->row = [task](Row& row) {
    Question question = question_of_row(*task, row);
    BenchmarkRow made;
    made.id = question.fields.at("id");
    made.query = std::move(question.input);
    made.images = std::move(question.images);
    return made;
  };
  spec->settings = task->settings;
  return spec;
}

}  // namespace

bool is_task_file(std::string_view task) {
  return task.ends_with(".yml") || task.ends_with(".yaml");
}

OwnTask own_task_or_throw(const fs::path& file) {
  const std::string source = printable(file.string());
  const YAML::Node root = load_document_or_throw(read_text_or_throw(file, kLargestTask), source, "task");
  if (root.IsNull()) fail("{}: is empty; a task has at least a \"prompt\"", source);
  const auto task = std::make_shared<const TaskFile>(TaskReader(file).read(root));
  return {answers_of(task), questions_of(task)};
}

}  // namespace vlrm
