// Models that keep the same tensors under different names: a language model inside a vision-language model
// (language_model.model.layers…), the same since transformers 4.52 (model.language_model.layers…), and on its own
// (model.layers…).
#pragma once

#include <map>
#include <set>
#include <string>

#include "weights/checkpoint.h"

namespace vlrm {

// The names of a merge: those of the models seen so far.
class Layouts {
 public:
  // How many tensors have other names than in their model's files, and one of them.
  struct Change {
    int64_t count = 0;
    std::string from = {}, to = {};
  };
  // `weights` under the names seen so far, where its own differ from them by such words alone. Its other names are seen
  // from now on.
  CheckpointPtr unified(CheckpointPtr weights, Change& change);

 private:
  std::set<std::string> names_;
  std::map<std::string, std::string> by_core_;  // "" where several have it
};

}  // namespace vlrm
