#include "model/page_numbers.h"

namespace vlrm {

int32_t PageNumbers::take() {
  if (free_.empty()) {
    users_.push_back(1);
    return static_cast<int32_t>(users_.size()) - 1;
  }
  const int32_t page = free_.back();
  free_.pop_back();
  users_[static_cast<size_t>(page)] = 1;
  return page;
}

void PageNumbers::give_back(const std::vector<int32_t>& pages) {
  for (const int32_t page : pages)
    if (--users_[static_cast<size_t>(page)] == 0) free_.push_back(page);
}

}  // namespace vlrm
