// What the vision tower made of images, kept for when they are shown again.
#pragma once

#include <list>
#include <map>
#include <string>

#include "model/aten.h"

namespace vlrm {

// By the digest of an image's content. Where the limit does not hold all, those that were used longest ago go.
class FeatureCache {
 public:
  void set_limit(int64_t bytes);
  // Undefined where nothing is kept under this digest.
  at::Tensor find(const std::string& digest);
  // Under an empty digest nothing is kept, nor what alone is larger than the limit.
  void keep(const std::string& digest, const at::Tensor& features);

 private:
  struct Entry {
    std::string digest;
    at::Tensor features;
  };
  void shrink_to(int64_t bytes);

  std::list<Entry> entries_;  // the one used last comes first
  std::map<std::string, std::list<Entry>::iterator> places_;
  int64_t limit_ = 0, bytes_ = 0;
};

}  // namespace vlrm
