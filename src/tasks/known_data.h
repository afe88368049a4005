// The datasets whose questions are answered several times for best-of-N.
#pragma once

#include <string>

#include "data/dataset.h"

namespace vlrm {

struct KnownData {
  DatasetName data;
  std::string id;          // column
  bool drops_alpha;        // the reference converts these images to RGB itself, before the processor sees them
  int64_t first_rows = 0;  // only so many of its rows are the task; 0: all
};

// Of textvqa_val, textvqa_train_100, mmmu_pro_standard_cot and mmmu_pro_vision_cot. Throws Error for other names.
const KnownData& known_data_or_throw(const std::string& task);

}  // namespace vlrm
