#include "merge/column_means.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "base/target_clones.h"
#include "base/threads.h"

namespace vlrm {
namespace {

using Row = std::vector<float>;

VLRM_TARGET_CLONES void add(const float* values, size_t count, float* sum) {
  for (size_t i = 0; i < count; ++i) sum[i] += values[i];
}
void add(const Row& values, Row& sum) {
  add(values.data(), values.size(), sum.data());
}

// Rows are summed in groups of `group` rows, the groups' sums in groups of `group`, and so again: three levels make a
// block, and blocks are summed one after the other. What is left over at the end stays at its level.
struct Cascade {
  int64_t columns, group;

  // The sums of levels 0 to 2 for the rows [first, last), which are at most one block.
  std::array<Row, 3> sums(const TensorReader& matrix, int64_t first, int64_t last) const {
    const auto width = static_cast<size_t>(columns);
    std::array<Row, 3> levels;
    for (Row& level : levels) level.assign(width, 0);
    Row rows(static_cast<size_t>(group) * width);
    for (int64_t row = first; row < last; row += group) {
      const int64_t count = std::min(group, last - row);
      matrix.read_float32(row * columns, count * columns, rows.data());
      for (int64_t i = 0; i < count; ++i) add(rows.data() + static_cast<size_t>(i) * width, width, levels[0].data());
      if (count < group) break;
      carry(levels[0], levels[1]);
      if ((row + group) % (group * group) == 0) carry(levels[1], levels[2]);
    }
    return levels;
  }

  static void carry(Row& from, Row& to) {
    add(from, to);
    std::ranges::fill(from, 0.0f);
  }
};

int64_t group_size(int64_t rows) {
  const int bits = std::bit_width(static_cast<uint64_t>(rows - 1));  // log2, rounded up
  return int64_t{1} << std::max(4, bits / 4);
}

}  // namespace

std::vector<float> column_means(const TensorReader& matrix, int64_t rows) {
  const auto& shape = matrix.info().shape;
  VLRM_ASSERT(!shape.empty() && rows > 0 && rows <= shape[0]);
  const Cascade cascade{shape.size() > 1 ? shape[1] : 1, group_size(rows)};
  const int64_t block = cascade.group * cascade.group * cascade.group;
  const int64_t blocks = (rows + block - 1) / block;
  std::vector<std::array<Row, 3>> partial(static_cast<size_t>(blocks));
  parallel_for(blocks, [&](int64_t index) {
    const int64_t first = index * block;
    partial[static_cast<size_t>(index)] = cascade.sums(matrix, first, std::min(rows, first + block));
  });
  Row top(static_cast<size_t>(cascade.columns), 0);
  const bool whole = rows % block == 0;
  for (size_t i = 0; i + (whole ? 0 : 1) < partial.size(); ++i) add(partial[i][2], top);
  Row total = whole ? Row(top.size(), 0) : partial.back()[0];
  if (!whole) {
    add(partial.back()[1], total);
    add(partial.back()[2], total);
  }
  add(top, total);
  for (float& value : total) value /= static_cast<float>(rows);
  return total;
}

}  // namespace vlrm
