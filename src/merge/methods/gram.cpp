#include "merge/methods/gram.h"

#include <algorithm>

#include "base/error.h"
#include "base/target_clones.h"
#include "merge/methods/stretches.h"

namespace vlrm {
namespace {

// In sixteen sums, so that they add up in the same order on any processor.
VLRM_TARGET_CLONES double dot(const float* a, const float* b, int64_t count) {
  constexpr int64_t kLanes = 16;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  for (int64_t lane = 0; i < count; ++i, ++lane) lanes[lane] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

VLRM_TARGET_CLONES void add_products(const float* a, const float* b, int64_t count, double* sums, int64_t stride) {
  for (int64_t i = 0; i < count; ++i) sums[i * stride] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
}

// Calls set(i, j) for each pair of columns, i ≤ j.
template <class Body>
void for_each_pair(size_t columns, const Body& body) {
  for (size_t i = 0; i < columns; ++i)
    for (size_t j = i; j < columns; ++j) body(i, j);
}

void add_dots(const Block& block, double* products) {
  const size_t columns = block.tensors.size();
  for_each_pair(columns, [&](size_t i, size_t j) {
    products[i * columns + j] += dot(block.tensors[i], block.tensors[j], block.count);
  });
}

void mirror(Grams& grams) {
  const size_t size = grams.columns * grams.columns;
  for (size_t first = 0; first < grams.products.size(); first += size)
    for_each_pair(grams.columns, [&](size_t i, size_t j) {
      grams.products[first + j * grams.columns + i] = grams.products[first + i * grams.columns + j];
    });
}

struct Sums {
  std::vector<double> values;
  Sums& operator+=(const Sums& other) {
    for (size_t i = 0; i < values.size(); ++i) values[i] += other.values[i];
    return *this;
  }
};

}  // namespace

Grams gram_of(const BlockSource& source) {
  const size_t columns = source.columns();
  Sums sums = sum_over(source, Sums{std::vector<double>(columns * columns)},
                       [](const Block& block, Sums& sum) { add_dots(block, sum.values.data()); });
  Grams grams{columns, std::move(sums.values)};
  mirror(grams);
  return grams;
}

Grams row_grams(const BlockSource& source) {
  const int64_t length = source.row();
  VLRM_ASSERT(length > 0);
  const size_t columns = source.columns(), rows = static_cast<size_t>(source.elements() / length);
  Grams grams{columns, std::vector<double>(rows * columns * columns)};
  parallel_for(stretch_count(source), [&](int64_t stretch) {
    visit_stretch(source, stretch, [&](const Block& block) {
      const auto row = static_cast<size_t>(block.first / length);
      add_dots(block, grams.products.data() + row * columns * columns);
    });
  });
  mirror(grams);
  return grams;
}

Grams column_grams(const BlockSource& source, int64_t columns_of_tensor) {
  const size_t columns = source.columns(), size = static_cast<size_t>(columns_of_tensor) * columns * columns;
  // Sums of a few parts of the tensor, as many as fit in 16 MiB: a number that depends on shapes alone.
  const int64_t parts = std::clamp<int64_t>((int64_t{2} << 20) / static_cast<int64_t>(size), 1, 32);
  const int64_t rows = source.elements() / columns_of_tensor, rows_a_part = (rows + parts - 1) / parts;
  std::vector<Sums> sums(static_cast<size_t>(parts), Sums{std::vector<double>(size)});
  parallel_for(parts, [&](int64_t part) {
    const int64_t first = std::min(rows, part * rows_a_part), end = std::min(rows, first + rows_a_part);
    std::vector<double>& values = sums[static_cast<size_t>(part)].values;
    source.visit(first * columns_of_tensor, (end - first) * columns_of_tensor, [&](const Block& block) {
      for (int64_t done = 0; done < block.count;) {
        const int64_t column = (block.first + done) % columns_of_tensor;
        const int64_t count = std::min(block.count - done, columns_of_tensor - column);
        for_each_pair(columns, [&](size_t i, size_t j) {
          add_products(block.tensors[i] + done, block.tensors[j] + done, count,
                       values.data() + (static_cast<size_t>(column) * columns + i) * columns + j,
                       static_cast<int64_t>(columns * columns));
        });
        done += count;
      }
    });
  });
  for (size_t part = 1; part < sums.size(); ++part) sums[0] += sums[part];
  Grams grams{columns, std::move(sums[0].values)};
  mirror(grams);
  return grams;
}

}  // namespace vlrm
