#include "model/parts.h"

#include <algorithm>

#include "model/aten.h"

namespace vlrm {

Parts::~Parts() {
  if (ahead_.valid()) ahead_.wait();
}

size_t Parts::add_any(Read read) {
  if (streamed_)
    read(reader_.shapes_only());
  else
    resident_.push_back(read(reader_));
  reads_.push_back(std::move(read));
  return reads_.size() - 1;
}

void Parts::replace(const WeightReader& reader, const std::vector<size_t>& parts) {
  for (const size_t part : parts) reads_[part](reader.shapes_only());
  if (ahead_.valid()) ahead_.wait();
  ahead_ = {};
  expected_.clear();
  reader_ = reader;
  if (streamed_) return;
  for (const size_t part : parts) {
    resident_[part].reset();
    resident_[part] = reads_[part](reader_);
  }
}

void Parts::expect(std::vector<size_t> order) {
  std::reverse(order.begin(), order.end());
  expected_ = std::move(order);
  if (streamed_ && !ahead_.valid()) read_ahead();
}

void Parts::read_ahead() {
  if (expected_.empty()) return;
  ahead_index_ = expected_.back();
  ahead_ = std::async(std::launch::async, [this, &read = reads_[ahead_index_]] {
    const c10::InferenceMode no_gradients;
    return read(reader_);
  });
}

Parts::Any Parts::use_any(size_t index) {
  before_work();
  if (!streamed_) return resident_[index];
  Any part;
  if (ahead_.valid()) part = ahead_.get();  // also where another part was asked for: two readers at once would thrash
  if (!part || ahead_index_ != index) part = reads_[index](reader_);
  if (!expected_.empty() && expected_.back() == index) expected_.pop_back();
  read_ahead();
  return part;
}

}  // namespace vlrm
