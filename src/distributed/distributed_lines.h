// A file of lines that several processes make together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interrupt.h"
#include "distributed/parts_folder.h"
#include "distributed/ranks.h"

namespace vlrm {

// Lines are made in blocks of whole batches, whose size does not depend on the number of processes. Block b is for rank
// b mod n; a process that is through with its own takes those that nobody has begun. Whoever sees all blocks there
// joins them. No process waits for another.
class DistributedLines {
 public:
  struct Options {
    std::filesystem::path output, settings_file;
    OrderedJson settings;          // what the lines depend on: the same for all processes
    int64_t batch = 1, total = 0;  // lines
    Ranks ranks;
  };

  // Throws Error where the job was begun with other settings, or the output exists and is not this job's.
  explicit DistributedLines(Options options);

  int64_t blocks() const { return blocks_; }
  int64_t first(int64_t block) const { return block * block_lines_; }  // of its lines
  int64_t lines(int64_t block) const;                                  // that it has

  struct Done {
    int64_t blocks = 0, lines = 0;
  };
  Done done() const;  // by all processes, as far as it is seen now
  bool complete() const { return done().blocks == blocks_; }
  bool joined() const { return joined_; }  // when this process began, the output was there
  // Calls each(block) for those of this rank that were there when it began.
  void for_own_done(const std::function<void(int64_t block)>& each) const;

  // Lines to make: a batch of a block. Nothing where nothing is left that nobody makes.
  struct Batch {
    int64_t block = 0, first = 0, count = 0;
  };
  std::optional<Batch> next();
  // The lines of a batch, in the order of next(), each with a fact that check() gets back. May run beside next().
  // Throws Error where they cannot be written, and Interrupted.
  void add(const Batch& batch, std::string_view lines, const OrderedJson& facts);

  // A part as it lies on the disk.
  struct Part {
    std::string lines;
    OrderedJson facts;  // one for each line
  };
  Part part(int64_t block) const;  // throws Error where it is damaged

  // Writes the output and its settings. Calls check(number from 0, line, fact) for each line, and then settings().
  using Check = std::function<void(int64_t number, const std::string& line, const OrderedJson& fact)>;
  void join(const Check& check, const std::function<OrderedJson()>& settings) const;

 private:
  struct Work {  // a block that this process makes
    std::optional<Claim> claim;
    std::string lines;
    OrderedJson facts = OrderedJson::array();
  };
  bool begin_block(int64_t block);
  bool begin_next_block();
  void finish_block(int64_t block);
  const Options options_;
  const PartsFolder folder_;
  int64_t block_lines_ = 1, blocks_ = 0;
  std::vector<bool> done_at_start_;
  bool joined_ = false;
  InterruptScope interrupts_;

  std::mutex mutex_;  // guards what follows
  std::map<int64_t, Work> work_;
  int64_t seen_ = 0;    // blocks looked at: first this rank's, then all
  bool taken_ = false;  // one since the last time that all were looked at
  Batch now_;           // what is left of the block that next() is in
};

}  // namespace vlrm
