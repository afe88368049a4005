#include "model/patch_places.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

#include "model/index_tensor.h"

namespace vlrm {
namespace {

constexpr double kPatchTheta = 10000;

// Between which entries of one side of the table a patch lies, and how near to the second.
struct Between {
  int64_t first, second;
  float share;
};

// From the first entry to the last, in even steps counted from both ends.
std::vector<Between> spread(int64_t count, int64_t side) {
  const auto end = static_cast<float>(side - 1);
  const float step = count > 1 ? end / static_cast<float>(count - 1) : 0;
  std::vector<Between> places;
  for (int64_t i = 0; i < count; ++i) {
    const float place =
        i < count / 2 || count == 1 ? step * static_cast<float>(i) : end - step * static_cast<float>(count - 1 - i);
    const auto first = static_cast<int64_t>(place);
    places.push_back({first, std::min(first + 1, side - 1), place - static_cast<float>(first)});
  }
  return places;
}

}  // namespace

PatchPlaces PatchPlaces::of(const Qwen2VlGrid& grid, int64_t window) {
  const int64_t merge = grid.merge_size, rows = grid.rows / merge, columns = grid.columns / merge;
  const int64_t height = window > 0 ? window : rows, width = window > 0 ? window : columns;
  PatchPlaces places;
  for (int64_t top = 0; top < rows; top += height)
    for (int64_t left = 0; left < columns; left += width) {
      const int64_t bottom = std::min(top + height, rows), right = std::min(left + width, columns);
      for (int64_t row = top; row < bottom; ++row)
        for (int64_t column = left; column < right; ++column) {
          if (window > 0) places.tokens.push_back(row * columns + column);
          for (int64_t i = 0; i < merge * merge; ++i)
            places.patches.push_back({row * merge + i / merge, column * merge + i % merge});
        }
      places.windows.push_back((bottom - top) * (right - left) * merge * merge);
    }
  return places;
}

at::Tensor PatchPlaces::ordered(const at::Tensor& x) const {
  if (tokens.empty()) return x;
  const auto count = static_cast<int64_t>(tokens.size());
  return select_rows(x.reshape({count, -1}), tokens).view(x.sizes());
}

at::Tensor PatchPlaces::in_image_order(const at::Tensor& tokens_in_order) const {
  if (tokens.empty()) return tokens_in_order;
  std::vector<int64_t> back(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) back[static_cast<size_t>(tokens[i])] = static_cast<int64_t>(i);
  return select_rows(tokens_in_order, back);
}

at::Tensor interpolated_positions(const at::Tensor& table, const PatchPlaces& places, const Qwen2VlGrid& grid) {
  const auto side = static_cast<int64_t>(std::sqrt(static_cast<double>(table.size(0))));
  const std::vector<Between> rows = spread(grid.rows, side), columns = spread(grid.columns, side);
  const std::vector<PatchPlaces::Patch>& patches = places.patches;
  at::Tensor sum;
  for (const bool lower : {false, true})
    for (const bool right : {false, true}) {
      std::vector<int64_t> entries;
      const at::Tensor weights = at::empty({std::ssize(patches), 1}, at::kFloat);
      float* weight = weights.mutable_data_ptr<float>();
      for (const auto& patch : patches) {
        const Between &y = rows[static_cast<size_t>(patch.row)], &x = columns[static_cast<size_t>(patch.column)];
        entries.push_back((lower ? y.second : y.first) * side + (right ? x.second : x.first));
        *weight++ = (lower ? y.share : 1 - y.share) * (right ? x.share : 1 - x.share);
      }
      const at::Tensor corner = select_rows(table, entries).to(at::kFloat).mul_(weights.to(table.device()));
      if (sum.defined())
        sum.add_(corner);
      else
        sum = corner;
    }
  return sum;
}

Rope::Angles patch_angles(const PatchPlaces& places, int64_t head_size, const at::Device& device) {
  const int64_t quarter = head_size / 4;
  const at::Tensor frequencies =
      at::pow(kPatchTheta, at::arange(0, 2 * quarter, 2, at::kFloat) / static_cast<double>(2 * quarter)).reciprocal_();
  const float* frequency = frequencies.const_data_ptr<float>();
  const at::Tensor cosine = at::empty({std::ssize(places.patches), 1, head_size}, at::kFloat),
                   sine = at::empty_like(cosine);
  auto *cosines = cosine.mutable_data_ptr<float>(), *sines = sine.mutable_data_ptr<float>();
  for (const auto& patch : places.patches) {
    for (int64_t i = 0; i < 2 * quarter; ++i) {
      const float angle = static_cast<float>(i < quarter ? patch.row : patch.column) * frequency[i % quarter];
      cosines[i] = cosines[i + 2 * quarter] = std::cos(angle);
      sines[i] = sines[i + 2 * quarter] = std::sin(angle);
    }
    cosines += head_size;
    sines += head_size;
  }
  return {cosine.to(device), sine.to(device)};
}

}  // namespace vlrm
