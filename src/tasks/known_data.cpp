#include "tasks/known_data.h"

#include <map>

#include "base/error.h"

namespace vlrm {

const KnownData& known_data_or_throw(const std::string& task) {
  static const std::map<std::string, KnownData> known{
      {"textvqa_val", {{"lmms-lab/textvqa", "", "validation"}, "question_id", true}},
      {"textvqa_train_100", {{"lmms-lab/textvqa", "", "train"}, "question_id", true, 100}},
      {"mmmu_pro_standard_cot", {{"MMMU/MMMU_Pro", "standard (10 options)", "test"}, "id", false}},
      {"mmmu_pro_vision_cot", {{"MMMU/MMMU_Pro", "vision", "test"}, "id", false}},
  };
  if (const auto found = known.find(task); found != known.end()) return found->second;
  std::string names;
  for (const auto& [name, data] : known) names += (names.empty() ? "" : ", ") + name;
  fail("--task: {} is none of {}", printable(task), names);
}

}  // namespace vlrm
