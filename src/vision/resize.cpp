#include "vision/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/target_clones.h"

namespace vlrm {
namespace {

constexpr int kPrecision = 22;
constexpr int32_t kHalf = 1 << (kPrecision - 1);  // sums start from it, so that cutting them off rounds them

// What one output position is made of: source positions [first, first + taps) with fixed-point weights.
struct Window {
  int64_t first, taps, weights;  // weights: index of its first one in Filter::weights
};

struct Filter {
  std::vector<Window> windows;
  std::vector<int32_t> weights;
};

double radius_of(Kernel kernel) {
  return kernel == Kernel::bilinear ? 1 : 2;
}

// At a distance from the centre, in pixels. The operations and their order are Pillow's.
double weight_of(Kernel kernel, double distance) {
  if (kernel == Kernel::bilinear) return distance < 1.0 ? 1.0 - distance : 0.0;
  constexpr double kSharpness = -0.5;
  if (distance < 1.0) return ((kSharpness + 2.0) * distance - (kSharpness + 3.0)) * distance * distance + 1;
  if (distance < 2.0) return (((distance - 5) * distance + 8) * distance - 4) * kSharpness;
  return 0.0;
}

Filter filter_of(Kernel kernel, int64_t source_size, int64_t size) {
  const double scale = static_cast<double>(source_size) / static_cast<double>(size);
  const double enlarged = std::max(scale, 1.0), support = radius_of(kernel) * enlarged, shrink = 1.0 / enlarged;
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
      exact.push_back(weight_of(kernel, distance));
      sum += exact.back();
    }
    filter.windows.push_back({first, end - first, static_cast<int64_t>(filter.weights.size())});
    for (const double weight : exact) {
      const double fraction = sum != 0 ? weight / sum : weight;
      filter.weights.push_back(static_cast<int32_t>((fraction < 0 ? -0.5 : 0.5) + fraction * (1 << kPrecision)));
    }
  }
  return filter;
}

// The same pixel of four rows, each with a lane to spare, so that they fill vector registers.
constexpr size_t kRows = 4, kLanes = kRows * 4;
struct Pixels {
  uint8_t lanes[kLanes];
};

void interleave_rows(const std::array<const uint8_t*, kRows>& rows, std::vector<Pixels>& pixels) {
  for (size_t x = 0; x < pixels.size(); ++x)
    for (size_t row = 0; row < kRows; ++row) std::memcpy(pixels[x].lanes + row * 4, rows[row] + x * 3, 3);
}

VLRM_TARGET_CLONES
void resize_pixels(const std::vector<Pixels>& source, const Filter& filter, Pixels* out) {
  for (const Window& window : filter.windows) {
    const Pixels* pixel = source.data() + window.first;
    const int32_t* weights = filter.weights.data() + window.weights;
    int32_t sums[kLanes];
    std::fill_n(sums, kLanes, kHalf);
    for (int64_t tap = 0; tap < window.taps; ++tap)
      for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += pixel[tap].lanes[lane] * weights[tap];
    for (size_t lane = 0; lane < kLanes; ++lane)
      out->lanes[lane] = static_cast<uint8_t>(std::clamp(sums[lane] >> kPrecision, 0, 255));
    ++out;
  }
}

void separate_rows(const std::vector<Pixels>& pixels, const std::array<uint8_t*, kRows>& rows) {
  for (size_t x = 0; x < pixels.size(); ++x)
    for (size_t row = 0; row < kRows; ++row) std::memcpy(rows[row] + x * 3, pixels[x].lanes + row * 4, 3);
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
    for (int64_t i = 0; i < count; ++i)
      out[start + i] = static_cast<uint8_t>(std::clamp(sums[i] >> kPrecision, 0, 255));
  }
}

Image with_width(const Image& image, int64_t width, Kernel kernel) {
  const Filter filter = filter_of(kernel, image.width, width);
  Image result{width, image.height, std::vector<uint8_t>(static_cast<size_t>(width * image.height * 3))};
  std::vector<Pixels> before(static_cast<size_t>(image.width)), after(static_cast<size_t>(width));
  for (int64_t y = 0; y < image.height; y += kRows) {
    std::array<const uint8_t*, kRows> rows;
    std::array<uint8_t*, kRows> resized_rows;
    for (size_t i = 0; i < kRows; ++i) {  // at the end, the last row more than once
      const int64_t row = std::min(y + static_cast<int64_t>(i), image.height - 1);
      rows[i] = image.rgb.data() + row * image.width * 3;
      resized_rows[i] = result.rgb.data() + row * width * 3;
    }
    interleave_rows(rows, before);
    resize_pixels(before, filter, after.data());
    separate_rows(after, resized_rows);
  }
  return result;
}

Image with_height(const Image& image, int64_t height, Kernel kernel) {
  const Filter filter = filter_of(kernel, image.height, height);
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

Image resized(const Image& image, int64_t width, int64_t height, Kernel kernel) {
  VLRM_ASSERT(width > 0 && height > 0 && image.width > 0 && image.height > 0);
  if (width == image.width && height == image.height) return image;
  if (width == image.width) return with_height(image, height, kernel);
  if (height == image.height) return with_width(image, width, kernel);
  return with_height(with_width(image, width, kernel), height, kernel);
}

}  // namespace vlrm
