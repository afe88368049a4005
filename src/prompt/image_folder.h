// The images of a folder, as samples of one prompt.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vlrm {

struct ImageFolder {
  std::vector<std::string> images;  // relative to the folder, with "/", in the order of their bytes; UTF-8
  int64_t skipped = 0;              // other files
  int64_t hidden = 0;               // files and folders whose names begin with a dot
};

// Files that are called .jpg, .jpeg, .png or .webp, in capitals or not, in the folder and the folders in it; links to
// folders are not followed, and what is hidden is passed over. Throws Error for what is no folder or cannot be read,
// for a folder without images, and for a name that is not UTF-8.
ImageFolder images_in(const std::filesystem::path& folder);

}  // namespace vlrm
