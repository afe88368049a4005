#include "tasks/own_data.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/joined.h"
#include "tasks/conversation_fields.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 9> kHeld{"prompt",  "image",       "chosen", "rejected", "responses",
                                                "ranking", "correctness", "id",     "group"};

// The name of one column, in the order in which rows are read.
std::string column(const OwnColumns& columns, const std::string& held) {
  const auto found = columns.find(held);
  return found == columns.end() ? held : found->second.front();
}

WantedColumns wanted(const OwnColumns& columns, std::initializer_list<const char*> held) {
  WantedColumns all;
  for (const char* each : held) all.values.push_back(column(columns, each));
  if (const auto images = columns.find("image"); images != columns.end()) all.images = images->second;
  return all;
}

// One that is missing is mostly called otherwise.
void require_columns(const Row& row, const OwnColumns& columns, std::initializer_list<const char*> held) {
  for (const char* each : held) {
    const std::string name = column(columns, each);
    if (row.values.contains(name)) continue;
    std::vector<std::string> known = row.unread;
    for (const auto& [other, value] : row.values.items()) known.push_back(other);
    std::ranges::sort(known);
    for (std::string& other : known) other = printable(other);
    fail("{}: has no column \"{}\" (it has {}){}", row.source, printable(name), joined(known),
         columns.contains(each) ? "" : fmt::format("; `columns` says what holds it, as in {}=COLUMN", each));
  }
}

OrderedJson id_of(const Row& row, const RowFields& fields, const OwnColumns& columns) {
  const std::string name = column(columns, "id");
  if (columns.contains("id") || row.values.contains(name)) return fields.id(name);
  return row.index;
}

std::string group_of(const RowFields& fields, const OwnColumns& columns) {
  if (!columns.contains("group")) return "";
  const OrderedJson& value = fields.any(column(columns, "group"));
  return value.is_null() ? "none" : printable(id_text(value));
}

// Id, group, question and images.
BenchmarkRow begun(Row& row, const RowFields& fields, const OwnColumns& columns) {
  BenchmarkRow made;
  made.id = id_of(row, fields, columns);
  made.group_name = group_of(fields, columns);
  made.images = fields.take_images();
  return made;
}

BenchmarkRow pair_of(Row& row, const OwnColumns& columns) {
  const RowFields fields(row);
  BenchmarkRow made = begun(row, fields, columns);
  const std::string prompt = column(columns, "prompt");
  const bool ranked = row.values.contains("responses") && row.values.contains("ranking");
  if (columns.contains("responses") || (ranked && !columns.contains("chosen") && !row.values.contains("chosen"))) {
    require_columns(row, columns, {"prompt", "responses", "ranking"});
    set_question(made, question_at(row, prompt));
    made.responses = fields.texts(column(columns, "responses"));
    if (made.responses.size() != 2)
      fail("{}: \"{}\" holds {} texts, not 2", row.source, printable(column(columns, "responses")),
           made.responses.size());
    made.fields = {{"ground_truth", fields.ranking(column(columns, "ranking"), 2)}};
    return made;
  }
  require_columns(row, columns, {"chosen", "rejected"});
  if (!row.values.at(column(columns, "chosen")).is_array()) require_columns(row, columns, {"prompt"});
  PreferencePair pair = preference_pair_at(row, prompt, column(columns, "chosen"), column(columns, "rejected"));
  set_question(made, std::move(pair.question));
  made.responses = {std::move(pair.rejected), std::move(pair.chosen)};
  made.fields = {{"ground_truth", {1, 0}}};
  return made;
}

BenchmarkRow best_of_n_row(Row& row, const OwnColumns& columns) {
  const RowFields fields(row);
  BenchmarkRow made = begun(row, fields, columns);
  require_columns(row, columns, {"prompt", "responses", "correctness"});
  set_question(made, question_at(row, column(columns, "prompt")));
  made.responses = fields.texts(column(columns, "responses"));
  const std::string marks = column(columns, "correctness");
  made.fields = {{"id", made.id},
                 {"input", made.query},
                 {"responses", made.responses},
                 {"correctness", fields.shares(marks, made.responses.size())}};
  return made;
}

void refuse_columns(const OwnColumns& columns, std::initializer_list<const char*> held, std::string_view of) {
  for (const char* each : held)
    if (columns.contains(each)) fail("{} is not read of {}", each, of);
}

BenchmarkSpec with_columns(BenchmarkSpec spec, const OwnColumns& columns) {
  spec.groups_in_rows = columns.contains("group");
  spec.settings = OrderedJson(columns);
  return spec;
}

}  // namespace

const BenchmarkKind kOwnPairs{.task = "pairs",
                              .title = "Pairs",
                              .shape = {RowKind::pairs, true},
                              .figures = {Figure::group, Figure::overall, Figure::macro}};

OwnColumns own_columns_or_throw(const std::vector<std::string>& assignments) {
  OwnColumns columns;
  for (const std::string& text : assignments) {
    const size_t sign = text.find('=');
    const std::string held = text.substr(0, sign), name = sign == text.npos ? "" : text.substr(sign + 1);
    if (name.empty()) fail("{}: is not NAME=COLUMN, as in prompt=question", printable(text));
    if (std::ranges::find(kHeld, held) == kHeld.end()) fail("{} is none of {}", printable(held), joined(kHeld));
    auto& names = columns[held];
    if (!names.empty() && held != "image") fail("{} is named twice", held);
    names.push_back(name);
  }
  if (columns.contains("chosen") + columns.contains("rejected") == 1)
    fail("chosen and rejected go together; the other one is not named");
  if (columns.contains("ranking") && !columns.contains("responses"))
    fail("ranking goes with responses, which are not named");
  if (columns.contains("responses") && columns.contains("chosen"))
    fail("responses and chosen are two layouts of the same; name one of them");
  return columns;
}

std::shared_ptr<const BenchmarkSpec> own_pairs(const OwnColumns& columns, const std::string& name) {
  refuse_columns(columns, {"correctness"}, "pairs");
  BenchmarkSpec spec;
  spec.kind = kOwnPairs;
  spec.kind.subtask = spec.kind.title = name;
  spec.columns = wanted(columns, {"id", "group", "prompt", "chosen", "rejected", "responses", "ranking"});
  spec.row = [columns](Row& row) { return pair_of(row, columns); };
  return std::make_shared<BenchmarkSpec>(with_columns(std::move(spec), columns));
}

std::shared_ptr<const BenchmarkSpec> own_best_of_n(const OwnColumns& columns, const std::string& name) {
  refuse_columns(columns, {"chosen", "rejected", "ranking"}, "best of N");
  BenchmarkSpec spec;
  spec.kind = best_of_n_kind(name, name);
  if (columns.contains("group")) spec.kind.figures.insert(spec.kind.figures.begin(), Figure::group);
  spec.columns = wanted(columns, {"id", "group", "prompt", "responses", "correctness"});
  spec.row = [columns](Row& row) { return best_of_n_row(row, columns); };
  return std::make_shared<BenchmarkSpec>(with_columns(std::move(spec), columns));
}

std::shared_ptr<const BenchmarkSpec> own_responses(const OwnColumns& columns, const std::string& name) {
  for (const auto& [held, names] : columns)
    if (held != "id" && held != "image") fail("{}: stands in the file of responses under its own name", held);
  struct WithAnswers : BenchmarkSpec {
    AnswerRules rules;
  };
  auto spec = std::make_shared<WithAnswers>();
  spec->kind = best_of_n_kind(name, name);
  if (columns.contains("id")) spec->rules.id = column(columns, "id");
  spec->columns = wanted(columns, {"id"});
  spec->answers = &spec->rules;
  spec->settings = OrderedJson(columns);
  return spec;
}

std::shared_ptr<const BenchmarkSpec> own_data_of(const BenchmarkKind& kind, const OrderedJson& columns,
                                                 bool responses_in_file) {
  OwnColumns known;
  for (const auto& [held, names] : columns.items()) known[held] = names.get<std::vector<std::string>>();
  if (kind.is_pairs()) return own_pairs(known, kind.name());
  return responses_in_file ? own_responses(known, kind.name()) : own_best_of_n(known, kind.name());
}

}  // namespace vlrm
