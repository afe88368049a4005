// Writes a file by threads of its own while the next bytes are computed, so that neither the cores nor the disk wait
// for the other.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "weights/output_file.h"

namespace vlrm {

// From any thread.
class BackgroundWriter {
 public:
  // `threads` write, and no more than `buffers` are there: who computes faster than the disk takes it, waits.
  BackgroundWriter(OutputFile& file, int threads, int buffers);
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;
  ~BackgroundWriter();  // what no thread has begun to write is dropped

  // One that nobody uses. Throws the Error of a write that failed.
  std::unique_ptr<WriteBuffer> take_buffer();
  // Gives it back with `bytes` in it, which are to be written.
  void write(int64_t offset, std::span<const std::byte> bytes, std::unique_ptr<WriteBuffer> buffer);
  // How many writes were asked for so far.
  int64_t asked() const;
  // Waits until the first `count` of them are done. Throws as take_buffer.
  void wait_for(int64_t count);

 private:
  struct Write {
    int64_t number, offset;
    std::span<const std::byte> bytes;
    std::unique_ptr<WriteBuffer> buffer;
  };
  void end();
  void work();
  void carry_out(const Write& write);
  void throw_error() const;

  OutputFile& file_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<WriteBuffer>> idle_;
  std::deque<Write> waiting_;
  std::set<int64_t> unfinished_;  // the numbers of those that wait or are being written
  int64_t asked_ = 0;
  std::exception_ptr error_;
  bool ends_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace vlrm
