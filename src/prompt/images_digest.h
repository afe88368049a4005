// What the images of many samples hold, in a few digits.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/digest.h"

namespace vlrm {

// Of images in the order in which they are named. One that is named again at once is read once.
class ImagesDigest {
 public:
  void add(const std::filesystem::path& image) { add(image, ""); }
  // The same of one whose file_digest() is known.
  void add(const std::filesystem::path& image, const std::string& digest);
  std::string hex();  // once, after the last

 private:
  std::string flushed();
  std::vector<std::filesystem::path> files_;  // since the last were added to the digest
  std::vector<std::string> known_;            // theirs, or ""
  Digest digest_;
};

}  // namespace vlrm
