#include "report/thumbnails.h"

#include <algorithm>
#include <array>

#include "base/content_digest.h"
#include "base/error.h"
#include "base/hub_cache.h"
#include "base/threads.h"
#include "vision/encode_jpeg.h"
#include "vision/resize.h"

namespace vlrm {
namespace {

struct Step {
  double side;  // of the side asked for
  int quality;
};
constexpr std::array kSteps{Step{1, 82}, Step{1, 65}, Step{0.75, 60}, Step{0.5, 55}, Step{0.375, 50}, Step{0.25, 40}};

int64_t base64_size(const std::string& bytes) {
  return static_cast<int64_t>((bytes.size() + 2) / 3 * 4);
}

Image at_most(Image image, int64_t side) {
  const int64_t longest = std::max(image.width, image.height);
  if (longest <= side) return image;
  const auto scaled = [&](int64_t length) { return std::max<int64_t>(1, (length * side + longest / 2) / longest); };
  return resized(image, scaled(image.width), scaled(image.height));
}

}  // namespace

Thumbnails::Thumbnails(int64_t side, int64_t budget, bool allow_outside)
    : side_(side), allow_outside_(allow_outside), budget_(budget) {
  VLRM_ASSERT(side > 0);
}

std::string Thumbnails::picture_of(const Image& image) const {
  const auto& [fraction, quality] = kSteps[step_];
  const auto side = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(side_) * fraction));
  return encode_jpeg(at_most(image, side), quality);
}

std::vector<std::optional<size_t>> Thumbnails::add(std::span<const EncodedImage> images, const DecodeOptions& options) {
  struct Made {
    std::string digest, picture, error;
  };
  std::vector<Made> made(images.size());
  parallel_for(static_cast<int64_t>(images.size()), [&](int64_t i) {
    const EncodedImage& image = images[static_cast<size_t>(i)];
    Made& result = made[static_cast<size_t>(i)];
    try {
      const std::string name = printable(image.path.string());
      if (!allow_outside_ && image.bytes.empty() && !image.folder.empty() && !lies_within(image.path, image.folder))
        fail("{}: lies outside of the dataset's folder; `allow_outside` shows such images", name);
      const std::string bytes = image.bytes.empty() ? read_image_file(image.path) : image.bytes;
      result.digest = content_digest(bytes);
      if (!numbers_.contains(result.digest)) result.picture = picture_of(decode_image(bytes, name, options));
    } catch (const Error& error) {
      result.error = error.what();
    }
  });
  std::vector<std::optional<size_t>> numbers;
  for (Made& each : made) {
    if (!each.error.empty()) {
      if (unreadable_++ == 0) first_error_ = each.error;
      numbers.emplace_back();
      continue;
    }
    const auto [found, is_new] = numbers_.emplace(std::move(each.digest), files_.size());
    if (is_new) files_.push_back(std::move(each.picture));
    numbers.emplace_back(found->second);
  }
  count_bytes();
  fit(budget_);
  return numbers;
}

void Thumbnails::fit(int64_t budget) {
  budget_ = std::min(budget_, budget);
  while (bytes_ > budget_ && step_ + 1 < kSteps.size()) shrink();
  for (size_t i = files_.size(); i-- > 0 && bytes_ > budget_;) {
    bytes_ -= base64_size(files_[i]);
    files_[i].clear();
  }
}

void Thumbnails::shrink() {
  ++step_;
  parallel_for(static_cast<int64_t>(files_.size()), [&](int64_t i) {
    std::string& file = files_[static_cast<size_t>(i)];
    file = picture_of(decode_image(file, "a thumbnail", {}));
  });
  count_bytes();
}

void Thumbnails::count_bytes() {
  bytes_ = 0;
  for (const std::string& file : files_) bytes_ += base64_size(file);
}

void Thumbnails::keep_first(size_t count) {
  files_.resize(std::min(count, files_.size()));
  std::erase_if(numbers_, [&](const auto& item) { return item.second >= count; });
  count_bytes();
}

int64_t Thumbnails::left_out() const {
  return std::ranges::count_if(files_, [](const std::string& file) { return file.empty(); });
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) text += k <= count ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

}  // namespace vlrm
