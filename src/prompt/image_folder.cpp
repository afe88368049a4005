#include "prompt/image_folder.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/utf8.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 4> kEndings{".jpg", ".jpeg", ".png", ".webp"};

bool is_called_image(const fs::path& file) {
  std::string ending = file.extension().string();
  for (char& letter : ending)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

}  // namespace

ImageFolder images_in(const fs::path& folder) {
  const std::string name = printable(folder.string());
  std::error_code error;
  fs::recursive_directory_iterator file(folder, error);
  if (error) fail_with_errno(error.value(), "{}: cannot be read as a folder of images", name);
  ImageFolder found;
  for (; file != fs::recursive_directory_iterator(); file.increment(error)) {
    if (file->path().filename().string().starts_with('.')) {
      ++found.hidden;
      file.disable_recursion_pending();
      continue;
    }
    if (file->is_directory(error)) continue;
    if (!file->is_regular_file(error) || !is_called_image(file->path())) {
      ++found.skipped;
      continue;
    }
    std::string image = file->path().lexically_relative(folder).generic_string();
    if (utf8::first_invalid(image)) fail("{}/{}: the file's name is not UTF-8; rename it", name, printable(image));
    found.images.push_back(std::move(image));
  }
  if (error) fail_with_errno(error.value(), "{}: cannot be read to its end", name);
  if (found.images.empty()) fail("{}: holds no image called .jpg, .jpeg, .png or .webp", name);
  std::ranges::sort(found.images);
  return found;
}

}  // namespace vlrm
