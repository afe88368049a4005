// Multimodal RewardBench (arXiv 2502.14191): two outputs, of which one is better, by category.
#include "base/error.h"
#include "tasks/benchmarks/benchmarks.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

std::string in_small_letters(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// Two categories are told apart by ids, as in the authors' script.
std::string group_of(const std::string& category, const std::string& id) {
  const std::string small = in_small_letters(id);
  if (category == "safety") return small.starts_with("pairs") ? "safety/bias" : "safety/toxicity";
  if (category == "reasoning") return small.starts_with("math") ? "reasoning/math" : "reasoning/coding";
  return category;
}

// The hub's copy has a column, the authors' file an object that holds more of each row.
std::string category_of(const Row& row, const RowFields& fields) {
  const auto meta = row.values.find("Meta");
  if (!row.values.contains("Category") && meta != row.values.end() && meta->is_object() && meta->contains("Category") &&
      meta->at("Category").is_string())
    return meta->at("Category").get<std::string>();
  return fields.text("Category");
}

BenchmarkRow row_of(Row& row) {
  const RowFields fields(row);
  BenchmarkRow made;
  made.id = fields.id("ID");
  made.query = fields.text("Text");
  made.responses = {fields.text("Output1"), fields.text("Output2")};
  const std::string better = fields.text("Better");
  if (better != "Output1" && better != "Output2")
    fail("{}: \"Better\" is {}, neither Output1 nor Output2", row.source, printable(better));
  made.fields = {{"ground_truth", better == "Output1" ? OrderedJson{0, 1} : OrderedJson{1, 0}}};
  made.group_name = printable(group_of(category_of(row, fields), id_text(made.id)));
  made.images = fields.take_images();
  return made;
}

}  // namespace

const BenchmarkSpec multimodal_rewardbench_benchmark{
    .kind = {.task = "multimodal-rewardbench",
             .title = "Multimodal RewardBench",
             .shape = {RowKind::pairs, true},
             .figures = {Figure::group, Figure::overall}},
    .data = {"syhuggingface/multimodal_rewardbench", "", "test"},
    .columns = {{"ID", "Text", "Output1", "Output2", "Better", "Category", "Meta"}},
    .row = row_of,
    .summary = "Multimodal RewardBench: pairs by category",
    .groups_in_rows = true,
};

}  // namespace vlrm
