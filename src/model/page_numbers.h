// Which pages of a cache are in use. A page may be that of several texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vlrm {

class PageNumbers {
 public:
  int32_t take();  // for one user
  bool in_use(int32_t page) const { return users_[static_cast<size_t>(page)] > 0; }
  void share(int32_t page) { ++users_[static_cast<size_t>(page)]; }
  void give_back(const std::vector<int32_t>& pages);                   // by one user of each
  int64_t end() const { return static_cast<int64_t>(users_.size()); }  // every page's number is below

 private:
  std::vector<int32_t> users_, free_;
};

}  // namespace vlrm
