#include "weights/views.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/joined.h"
#include "weights/chunks.h"

namespace vlrm {
namespace {

// Another tensor's values under an info of its own: another name, or fewer rows, which begin at element `start`.
class RelabelledTensor : public TensorReader {
 public:
  RelabelledTensor(TensorInfo info, std::unique_ptr<TensorReader> source, int64_t start = 0)
      : info_(std::move(info)), source_(std::move(source)), start_(start) {}
  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override { source_->read(start_ + first, count, out); }
  void read_float32(int64_t first, int64_t count, float* out) const override {
    source_->read_float32(start_ + first, count, out);
  }

 private:
  const TensorInfo info_;
  const std::unique_ptr<TensorReader> source_;
  const int64_t start_;
};

class CastTensor : public TensorReader {
 public:
  CastTensor(TensorInfo info, std::unique_ptr<TensorReader> source)
      : info_(std::move(info)), source_(std::move(source)) {}
  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    if (info_.dtype == Dtype::f32) return source_->read_float32(first, count, reinterpret_cast<float*>(out));
    thread_local std::vector<float> values;
    for_each_piece(first, count, [&](int64_t start, int64_t size) {
      values.resize(kPieceElements);
      source_->read_float32(start, size, values.data());
      from_float32(std::span(values).first(static_cast<size_t>(size)), info_.dtype,
                   out + (start - first) * size_of(info_.dtype));
    });
  }

 private:
  const TensorInfo info_;
  const std::unique_ptr<TensorReader> source_;
};

// A view: each tensor comes from one tensor of one source.
class View : public Checkpoint {
 public:
  struct Origin {
    const Checkpoint* source;
    std::string name;
  };

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const TensorInfo& info = info_or_throw(name);
    const Origin& origin = origins_[static_cast<size_t>(&info - tensors_.data())];
    auto reader = origin.source->prepare(origin.name);
    if (reader->info().dtype != info.dtype) return std::make_unique<CastTensor>(info, std::move(reader));
    return relabelled(std::move(reader), info);
  }
  std::string description() const override {
    std::vector<std::string> names;  // each once: a source may be several views of one checkpoint
    for (const CheckpointPtr& source : sources_)
      if (std::string name = source->description(); std::ranges::find(names, name) == names.end())
        names.push_back(std::move(name));
    return joined(names, " + ");
  }

  explicit View(std::vector<CheckpointPtr> sources) : sources_(std::move(sources)) {}
  // In increasing order of info.name. A view of a view that only renames this tensor reads it where that one does.
  void add(TensorInfo info, Origin origin) {
    if (const auto* view = dynamic_cast<const View*>(origin.source)) {
      const TensorInfo& there = view->info_or_throw(origin.name);
      const Origin& behind = view->origins_[static_cast<size_t>(&there - view->tensors_.data())];
      const TensorInfo& original = behind.source->info_or_throw(behind.name);
      if (original.dtype == there.dtype && original.shape == there.shape) origin = behind;
    }
    tensors_.push_back(std::move(info));
    origins_.push_back(std::move(origin));
  }

 private:
  const std::vector<CheckpointPtr> sources_;
  std::vector<TensorInfo> tensors_;
  std::vector<Origin> origins_;  // of tensors_[i]
};

// All tensors of a checkpoint, but rows of some of them as tensors of their own.
class RowsView : public Checkpoint {
 public:
  struct Rows {
    std::string tensor;
    int64_t first_element;
  };

  // `rows` by the names among `tensors` that are such.
  RowsView(CheckpointPtr source, std::vector<TensorInfo> tensors, std::map<std::string, Rows, std::less<>> rows)
      : source_(std::move(source)), tensors_(std::move(tensors)), rows_(std::move(rows)) {
    std::ranges::sort(tensors_, {}, &TensorInfo::name);
  }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const auto found = rows_.find(name);
    if (found == rows_.end()) return source_->prepare(name);
    const auto& [tensor, first] = found->second;
    return std::make_unique<RelabelledTensor>(info_or_throw(name), source_->prepare(tensor), first);
  }
  std::string description() const override { return source_->description(); }

 private:
  const CheckpointPtr source_;
  std::vector<TensorInfo> tensors_;
  const std::map<std::string, Rows, std::less<>> rows_;
};

// The view of one source whose infos are changed by `change`, which leaves the name alone.
template <class Change>
CheckpointPtr changed(CheckpointPtr source, Change&& change) {
  const Checkpoint* origin = source.get();
  auto view = std::make_shared<View>(std::vector{std::move(source)});
  for (const TensorInfo& tensor : origin->tensors()) {
    TensorInfo info = tensor;
    change(info);
    view->add(std::move(info), {origin, tensor.name});
  }
  return view;
}

}  // namespace

std::unique_ptr<TensorReader> relabelled(std::unique_ptr<TensorReader> source, TensorInfo info) {
  VLRM_ASSERT(source->info().dtype == info.dtype);
  const bool same = source->info().name == info.name && source->info().shape == info.shape;
  if (same) return source;
  return std::make_unique<RelabelledTensor>(std::move(info), std::move(source));
}

CheckpointPtr renamed(CheckpointPtr source,
                      const std::function<std::optional<std::string>(const std::string&)>& rename) {
  std::map<std::string, const TensorInfo*> by_name;
  for (const TensorInfo& tensor : source->tensors()) {
    const auto name = rename(tensor.name);
    if (!name) continue;
    const auto [entry, fresh] = by_name.emplace(*name, &tensor);
    if (!fresh)
      fail("{}: the tensors {} and {} are two spellings of one ({})", source->description(),
           printable(entry->second->name), printable(tensor.name), printable(*name));
  }
  const Checkpoint* origin = source.get();
  auto view = std::make_shared<View>(std::vector{std::move(source)});
  for (const auto& [name, tensor] : by_name) view->add({name, tensor->dtype, tensor->shape}, {origin, tensor->name});
  return view;
}

CheckpointPtr overlay(std::vector<CheckpointPtr> layers) {
  std::map<std::string, std::pair<const TensorInfo*, const Checkpoint*>> winners;
  for (const CheckpointPtr& layer : layers)
    for (const TensorInfo& tensor : layer->tensors()) winners[tensor.name] = {&tensor, layer.get()};
  auto view = std::make_shared<View>(std::move(layers));
  for (const auto& [name, winner] : winners) view->add(*winner.first, {winner.second, name});
  return view;
}

CheckpointPtr cast(CheckpointPtr source, Dtype dtype) {
  VLRM_ASSERT(is_float(dtype));
  return changed(std::move(source), [&](TensorInfo& info) {
    if (is_float(info.dtype)) info.dtype = dtype;
  });
}

CheckpointPtr cast_each(CheckpointPtr source, const std::map<std::string, Dtype>& types) {
  return changed(std::move(source), [&](TensorInfo& info) {
    const auto type = types.find(info.name);
    if (type != types.end() && is_float(info.dtype) && is_float(type->second)) info.dtype = type->second;
  });
}

CheckpointPtr with_first_rows(CheckpointPtr source, const std::string& name, int64_t rows) {
  const TensorInfo& tensor = source->info_or_throw(name);
  if (tensor.shape.empty() || rows < 0 || rows > tensor.shape[0])
    fail("{}: tensor {} {} has no first {} rows", source->description(), printable(name), shape_string(tensor.shape),
         rows);
  return changed(std::move(source), [&](TensorInfo& info) {
    if (info.name == name) info.shape[0] = rows;
  });
}

CheckpointPtr with_row(CheckpointPtr source, const std::string& name, int64_t row) {
  const TensorInfo& tensor = source->info_or_throw(name);
  if (tensor.shape.empty() || row < 0 || row >= tensor.shape[0])
    fail("{}: tensor {} {} has no row {}", source->description(), printable(name), shape_string(tensor.shape), row);
  std::vector<TensorInfo> tensors = source->tensors();
  const int64_t elements = tensor.elements() / tensor.shape[0];
  for (TensorInfo& each : tensors)
    if (each.name == name) each.shape[0] = 1;
  return std::make_shared<RowsView>(std::move(source), std::move(tensors),
                                    std::map<std::string, RowsView::Rows, std::less<>>{{name, {name, row * elements}}});
}

CheckpointPtr with_equal_rows(CheckpointPtr source,
                              const std::function<std::vector<std::string>(const std::string&)>& parts) {
  std::vector<TensorInfo> tensors;
  std::map<std::string, RowsView::Rows, std::less<>> rows;
  for (const TensorInfo& tensor : source->tensors()) {
    const std::vector<std::string> names = parts(tensor.name);
    const auto count = std::ssize(names);
    if (count == 0) {
      tensors.push_back(tensor);
      continue;
    }
    if (tensor.shape.empty() || tensor.shape[0] % count != 0)
      fail("{}: tensor {} {} is not {} times as many rows", source->description(), printable(tensor.name),
           shape_string(tensor.shape), count);
    TensorInfo part = tensor;
    part.shape[0] /= count;
    for (int64_t i = 0; i < count; ++i) {
      part.name = names[static_cast<size_t>(i)];
      if (source->find(part.name) != nullptr)
        fail("{}: has both {} and {}, a part of it", source->description(), printable(tensor.name),
             printable(part.name));
      rows[part.name] = {tensor.name, i * part.elements()};
      tensors.push_back(part);
    }
  }
  if (rows.empty()) return source;
  return std::make_shared<RowsView>(std::move(source), std::move(tensors), std::move(rows));
}

}  // namespace vlrm
