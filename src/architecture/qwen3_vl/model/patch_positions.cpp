#include "architecture/qwen3_vl/model/patch_positions.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

#include "model/index_tensor.h"

namespace vlrm {
namespace {

constexpr double kPatchTheta = 10000;

struct Patch {
  int64_t row, column;
};

std::vector<Patch> patches_in_blocks(const Qwen2VlGrid& grid) {
  const int64_t merge = grid.merge_size;
  std::vector<Patch> patches;
  for (int64_t top = 0; top < grid.rows; top += merge)
    for (int64_t left = 0; left < grid.columns; left += merge)
      for (int64_t i = 0; i < merge * merge; ++i) patches.push_back({top + i / merge, left + i % merge});
  return patches;
}

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

at::Tensor interpolated_positions(const at::Tensor& table, const Qwen2VlGrid& grid) {
  const auto side = static_cast<int64_t>(std::sqrt(static_cast<double>(table.size(0))));
  const std::vector<Between> rows = spread(grid.rows, side), columns = spread(grid.columns, side);
  const std::vector<Patch> patches = patches_in_blocks(grid);
  at::Tensor sum;
  for (const bool lower : {false, true})
    for (const bool right : {false, true}) {
      std::vector<int64_t> entries;
      const at::Tensor weights = at::empty({std::ssize(patches), 1}, at::kFloat);
      float* weight = weights.mutable_data_ptr<float>();
      for (const Patch& patch : patches) {
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

Rope::Angles patch_angles(const Qwen2VlGrid& grid, int64_t head_size, const at::Device& device) {
  const int64_t quarter = head_size / 4;
  const at::Tensor frequencies =
      at::pow(kPatchTheta, at::arange(0, 2 * quarter, 2, at::kFloat) / static_cast<double>(2 * quarter)).reciprocal_();
  const float* frequency = frequencies.const_data_ptr<float>();
  const std::vector<Patch> patches = patches_in_blocks(grid);
  const at::Tensor cosine = at::empty({std::ssize(patches), 1, head_size}, at::kFloat), sine = at::empty_like(cosine);
  auto *cosines = cosine.mutable_data_ptr<float>(), *sines = sine.mutable_data_ptr<float>();
  for (const Patch& patch : patches) {
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
