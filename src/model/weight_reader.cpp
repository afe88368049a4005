#include "model/weight_reader.h"

#include <algorithm>

#include "base/error.h"
#include "base/threads.h"

namespace vlrm {
namespace {

void read_chunk(const TensorReader& reader, Dtype dtype, int64_t first, int64_t count, std::byte* out) {
  if (reader.info().dtype == dtype) {
    reader.read(first, count, out);
  } else if (dtype == Dtype::f32) {
    reader.read_float32(first, count, reinterpret_cast<float*>(out));
  } else {
    std::vector<float> values(static_cast<size_t>(count));
    reader.read_float32(first, count, values.data());
    from_float32(values, dtype, out);
  }
}

}  // namespace

WeightReader WeightReader::shapes_only() const {
  WeightReader other = *this;
  other.shapes_only_ = true;
  return other;
}

void WeightReader::require(const std::string& name, const std::vector<int64_t>& shape) const {
  const TensorInfo& info = checkpoint_->info_or_throw(name);
  if (info.shape != shape)
    fail("{}: tensor {} has the shape {}, but the configuration asks for {}", checkpoint_->description(),
         printable(name), shape_string(info.shape), shape_string(shape));
  if (!is_float(info.dtype))
    fail("{}: tensor {} is {}, but weights must be F32, F16 or BF16", checkpoint_->description(), printable(name),
         safetensors_name(info.dtype));
}

at::Tensor WeightReader::read(const std::vector<std::string>& names, const std::vector<int64_t>& shape,
                              at::ScalarType type) const {
  const Dtype dtype = dtype_of(type);
  at::Tensor whole = at::empty(shape, at::TensorOptions().dtype(type).device(precision_.device));
  const at::Tensor flat = whole.view({-1});
  int64_t begin = 0;
  for (const std::string& name : names) {
    const auto reader = checkpoint_->prepare(name);
    const int64_t elements = reader->info().elements();
    const auto fill = [&](int64_t first, int64_t count, std::byte* out) {
      read_in_parallel(count, [&](int64_t done, int64_t piece) {
        read_chunk(*reader, dtype, first + done, piece, out + done * size_of(dtype));
      });
    };
    if (precision_.device.is_cpu())
      fill(0, elements, static_cast<std::byte*>(whole.mutable_data_ptr()) + begin * size_of(dtype));
    else
      uploader_->upload(flat.narrow(0, begin, elements), fill);
    begin += elements;
  }
  return whole;
}

at::Tensor WeightReader::matrix(const std::vector<Rows>& parts, int64_t columns) const {
  int64_t rows = 0;
  std::vector<std::string> names;
  for (const Rows& part : parts) {
    require(part.name, {part.rows, columns});
    rows += part.rows;
    names.push_back(part.name);
  }
  if (shapes_only_) return at::empty({rows, columns}, at::kMeta);
  return read(names, {rows, columns}, precision_.storage_type);
}

at::Tensor WeightReader::vector(const std::string& name, const std::vector<int64_t>& shape) const {
  require(name, shape);
  if (shapes_only_) return at::empty(shape, at::kMeta);
  return read({name}, shape, precision_.compute_type);
}

double WeightReader::scalar(const std::string& name) const {
  require(name, {1});
  if (shapes_only_) return 0;
  float value = 0;
  checkpoint_->prepare(name)->read_float32(0, 1, &value);
  return value;
}

at::Tensor WeightReader::gather_rows(const std::string& name, const std::vector<int64_t>& ids, int64_t columns) const {
  const auto reader = checkpoint_->prepare(name);
  const at::Tensor rows = at::empty({static_cast<int64_t>(ids.size()), columns}, at::kFloat);
  auto* out = rows.mutable_data_ptr<float>();
  parallel_for(static_cast<int64_t>(ids.size()), [&](int64_t i) {
    reader->read_float32(ids[static_cast<size_t>(i)] * columns, columns, out + i * columns);
  });
  // By way of the storage type: what is kept resident is rounded to it, too.
  return rows.to(precision_.device, precision_.storage_type).to(precision_.compute_type);
}

}  // namespace vlrm
