#include "weights/background_writer.h"

#include <utility>

namespace vlrm {

BackgroundWriter::BackgroundWriter(OutputFile& file, int threads, int buffers) : file_(file) {
  for (int i = 0; i < buffers; ++i) idle_.push_back(std::make_unique<WriteBuffer>());
  try {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (...) {  // those that have begun would never end
    end();
    throw;
  }
}

BackgroundWriter::~BackgroundWriter() {
  end();
}

void BackgroundWriter::end() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  threads_.clear();
}

std::unique_ptr<WriteBuffer> BackgroundWriter::take_buffer() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || !idle_.empty(); });
  throw_error();
  auto buffer = std::move(idle_.back());
  idle_.pop_back();
  return buffer;
}

void BackgroundWriter::write(int64_t offset, std::span<const std::byte> bytes, std::unique_ptr<WriteBuffer> buffer) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({asked_, offset, bytes, std::move(buffer)});
    unfinished_.insert(asked_++);
  }
  changed_.notify_all();
}

int64_t BackgroundWriter::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void BackgroundWriter::wait_for(int64_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || unfinished_.empty() || *unfinished_.begin() >= count; });
  throw_error();
}

void BackgroundWriter::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ends_ || !waiting_.empty(); });
    if (ends_) return;
    Write write = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    carry_out(write);
    lock.lock();
    unfinished_.erase(write.number);
    idle_.push_back(std::move(write.buffer));
    changed_.notify_all();
  }
}

void BackgroundWriter::carry_out(const Write& write) {
  try {
    file_.write_or_throw(write.offset, write.bytes);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
}

void BackgroundWriter::throw_error() const {
  if (error_) std::rethrow_exception(error_);
}

}  // namespace vlrm
