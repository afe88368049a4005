#include "vision/resize.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "weights/target_clones.h"

namespace vlrm {
namespace {

constexpr int kPrecision = 22;
constexpr int32_t kHalf = 1 << (kPrecision - 1);

// What one output position is made of: source positions [first, first + taps) with fixed-point weights.
struct Window {
  int64_t first, taps, weights;  // weights: index of its first one in Filter::weights
};

struct Filter {
  std::vector<Window> windows;
  std::vector<int32_t> weights;
};

Filter triangle_filter(int64_t source_size, int64_t size) {
  const double scale = static_cast<double>(source_size) / static_cast<double>(size);
  const double support = std::max(scale, 1.0), shrink = 1.0 / support;
  Filter filter;
  std::vector<double> exact;
  for (int64_t i = 0; i < size; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max(static_cast<int64_t>(center - support + 0.5), int64_t{0});
    const auto end = std::min(static_cast<int64_t>(center + support + 0.5), source_size);
    exact.clear();
    double sum = 0;
    for (int64_t position = first; position < end; ++position) {
      const double distance = std::abs((static_cast<double>(position) - center + 0.5) * shrink);
      exact.push_back(distance < 1.0 ? 1.0 - distance : 0.0);
      sum += exact.back();
    }
    filter.windows.push_back({first, end - first, static_cast<int64_t>(filter.weights.size())});
    for (const double weight : exact) {
      const double share = sum != 0 ? weight / sum : weight;
      filter.weights.push_back(static_cast<int32_t>(0.5 + share * (1 << kPrecision)));
    }
  }
  return filter;
}

inline uint8_t rounded(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kPrecision, 0, 255));
}

VLRM_TARGET_CLONES
void resize_row(const uint8_t* source, const Filter& filter, uint8_t* out) {
  for (const Window& window : filter.windows) {
    const uint8_t* pixel = source + window.first * 3;
    const int32_t* weights = filter.weights.data() + window.weights;
    int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int64_t tap = 0; tap < window.taps; ++tap, pixel += 3) {
      red += pixel[0] * weights[tap];
      green += pixel[1] * weights[tap];
      blue += pixel[2] * weights[tap];
    }
    *out++ = rounded(red);
    *out++ = rounded(green);
    *out++ = rounded(blue);
  }
}

// One output row from `window.taps` rows of `length` bytes.
VLRM_TARGET_CLONES
void blend_rows(const uint8_t* first_row, const Window& window, const int32_t* weights, int64_t length, uint8_t* out) {
  constexpr int64_t kBlock = 256;
  int32_t sums[kBlock];
  for (int64_t start = 0; start < length; start += kBlock) {
    const int64_t count = std::min(kBlock, length - start);
    std::fill_n(sums, count, kHalf);
    for (int64_t tap = 0; tap < window.taps; ++tap) {
      const uint8_t* row = first_row + tap * length + start;
      const int32_t weight = weights[tap];
      for (int64_t i = 0; i < count; ++i) sums[i] += row[i] * weight;
    }
    for (int64_t i = 0; i < count; ++i) out[start + i] = rounded(sums[i]);
  }
}

Image with_width(const Image& image, int64_t width) {
  const Filter filter = triangle_filter(image.width, width);
  Image result{width, image.height, std::vector<uint8_t>(static_cast<size_t>(width * image.height * 3))};
  for (int64_t y = 0; y < image.height; ++y)
    resize_row(image.rgb.data() + y * image.width * 3, filter, result.rgb.data() + y * width * 3);
  return result;
}

Image with_height(const Image& image, int64_t height) {
  const Filter filter = triangle_filter(image.height, height);
  const int64_t length = image.width * 3;
  Image result{image.width, height, std::vector<uint8_t>(static_cast<size_t>(length * height))};
  for (int64_t y = 0; y < height; ++y) {
    const Window& window = filter.windows[static_cast<size_t>(y)];
    blend_rows(image.rgb.data() + window.first * length, window, filter.weights.data() + window.weights, length,
               result.rgb.data() + y * length);
  }
  return result;
}

}  // namespace

Image resized(const Image& image, int64_t width, int64_t height) {
  VLRM_ASSERT(width > 0 && height > 0 && image.width > 0 && image.height > 0);
  if (width == image.width && height == image.height) return image;
  if (width == image.width) return with_height(image, height);
  if (height == image.height) return with_width(image, width);
  return with_height(with_width(image, width), height);
}

}  // namespace vlrm
