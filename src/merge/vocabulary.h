// The tensors of a merge that have a row for each token.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "merge/alignment.h"
#include "merge/merge_plan.h"

namespace vlrm {

// Whether `tensor` of `source`, which is in no layer, has a row for each token: by its name, or by its rows where the
// source's config says how many there are.
bool is_vocabulary(const TensorInfo& tensor, const MergeSource& source);

// What stands in for a head that `source` lacks: its embeddings (a tied model). Null where there are none.
const TensorInfo* tied_embeddings(const MergeSource& source);

// The recipe's tokenizer, and how the sources' rows fit it.
class Vocabularies {
 public:
  // Reads nothing yet. Both must outlive this.
  Vocabularies(const Recipe& recipe, const MergeSources& sources) : recipe_(recipe), sources_(sources) {}

  // One source's tensor of the merged one, [rows, …] or a head's bias, [rows].
  struct Input {
    const MergeSource* source;
    int64_t rows;
  };
  // Throws what TokenRows and RowAlignment throw, and Error for a token of the recipe whose row is not there.
  std::shared_ptr<const RowAlignment> align(const std::vector<Input>& inputs, std::optional<size_t> base);

 private:
  std::shared_ptr<const RowAlignment> planned(const std::vector<Input>& inputs, std::optional<size_t> base);
  std::shared_ptr<const TokenRows> read(const std::filesystem::path& directory);
  std::shared_ptr<const TokenRows> output();
  RowAlignment::Choices choices(const std::vector<Input>& inputs);
  RowAlignment::Choice choice(const std::string& token, const TokenSource& from, const std::vector<Input>& inputs);

  const Recipe& recipe_;
  const MergeSources& sources_;
};

}  // namespace vlrm
