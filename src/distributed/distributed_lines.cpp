#include "distributed/distributed_lines.h"

#include <algorithm>

#include "base/content_digest.h"
#include "base/error.h"
#include "base/json_fields.h"
#include "distributed/draft_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// Of a job's lines alone, so that another number of processes finds the same blocks.
int64_t batches_of_block(int64_t batches) {
  constexpr int64_t kBlocks = 4096, kMostBatches = 64;
  return std::clamp<int64_t>(batches / kBlocks, 1, kMostBatches);
}

}  // namespace

DistributedLines::DistributedLines(Options options) : options_(std::move(options)), folder_(options_.output) {
  block_lines_ = options_.batch * batches_of_block((options_.total + options_.batch - 1) / options_.batch);
  blocks_ = (options_.total + block_lines_ - 1) / block_lines_;
  joined_ = fs::exists(options_.output);  // parts stay, so all of them are there if this output is theirs
  if (joined_ && !folder_.settings())
    fail("{}: exists already, and there is no {} of a distributed run; remove it, or name another output",
         options_.output.string(), folder_.path().string());
  folder_.open(options_.settings, block_lines_);
  for (int64_t block = 0; block < blocks_; ++block) done_at_start_.push_back(folder_.has(block));
  if (joined_ && !complete())
    fail("{}: exists already, but {} does not hold all of its blocks; remove one of the two", options_.output.string(),
         folder_.path().string());
}

int64_t DistributedLines::lines(int64_t block) const {
  return std::min(block_lines_, options_.total - first(block));
}

DistributedLines::Done DistributedLines::done() const {
  Done done;
  for (int64_t block = 0; block < blocks_; ++block) {
    if (!folder_.has(block)) continue;
    ++done.blocks;
    done.lines += lines(block);
  }
  return done;
}

void DistributedLines::for_own_done(const std::function<void(int64_t block)>& each) const {
  for (int64_t block = options_.ranks.rank; block < blocks_; block += options_.ranks.count)
    if (done_at_start_[static_cast<size_t>(block)]) each(block);
}

bool DistributedLines::begin_block(int64_t block) {
  if (work_.contains(block) || folder_.has(block)) return false;
  auto claim = folder_.claim(block);
  if (!claim || folder_.has(block)) return false;
  work_[block].claim.emplace(std::move(*claim));
  now_ = {block, first(block), lines(block)};
  return true;
}

bool DistributedLines::begin_next_block() {
  const auto [rank, count, local_rank, local_count] = options_.ranks;
  const int64_t own = rank < blocks_ ? (blocks_ - rank + count - 1) / count : 0;
  for (;;) {
    for (; seen_ < own + blocks_; ++seen_) {
      const int64_t block = seen_ < own ? rank + seen_ * count : seen_ - own;
      if (!begin_block(block)) continue;
      taken_ = true;
      ++seen_;
      return true;
    }
    if (!taken_) return false;
    taken_ = false;  // once more over all: a process may have died meanwhile
    seen_ = own;
  }
}

std::optional<DistributedLines::Batch> DistributedLines::next() {
  const std::lock_guard lock(mutex_);
  if (now_.count == 0 && !begin_next_block()) return std::nullopt;
  const Batch batch{now_.block, now_.first, std::min(options_.batch, now_.count)};
  now_.first += batch.count;
  now_.count -= batch.count;
  return batch;
}

void DistributedLines::add(const Batch& batch, std::string_view lines, const OrderedJson& facts) {
  throw_if_interrupted();
  const std::lock_guard lock(mutex_);
  Work& work = work_.at(batch.block);
  work.lines += lines;
  work.facts.insert(work.facts.end(), facts.begin(), facts.end());
  if (std::ssize(work.facts) == this->lines(batch.block)) finish_block(batch.block);
}

void DistributedLines::finish_block(int64_t block) {
  const auto& [claim, lines, facts] = work_.at(block);
  const OrderedJson head{
      {"block", block}, {"lines", facts.size()}, {"digest", content_digest(lines)}, {"facts", facts}};
  if (!folder_.put(block, head.dump() + "\n" + lines))
    tell_warning(fmt::format("{}: another process made it first, with other digits; its lines stay",
                             folder_.part(block).string()));
  work_.erase(block);
}

DistributedLines::Part DistributedLines::part(int64_t block) const {
  const std::string text = folder_.read(block), name = folder_.part(block).string();
  const size_t end = std::min(text.find('\n'), text.size());
  std::string lines = text.substr(std::min(end + 1, text.size()));
  OrderedJson facts;
  try {
    const OrderedJson head = parse_ordered_json_or_throw(text.substr(0, end), name);
    const bool whole = required_field<int64_t>(head, "block", name) == block && head.contains("facts") &&
                       required_field<std::string>(head, "digest", name) == content_digest(lines);
    if (whole) facts = head.at("facts");
  } catch (const Error&) {
  }
  if (!facts.is_array() || std::ssize(facts) != this->lines(block) ||
      std::ranges::count(lines, '\n') != std::ssize(facts))
    fail("{}: is damaged; remove it and run the command again", name);
  return {std::move(lines), std::move(facts)};
}

void DistributedLines::join(const Check& check, const std::function<OrderedJson()>& settings) const {
  DraftFile output(options_.output);
  for (int64_t block = 0; block < blocks_; ++block) {
    throw_if_interrupted();
    const Part part = this->part(block);
    int64_t number = first(block);
    for (size_t begin = 0; const OrderedJson& fact : part.facts) {
      const size_t end = part.lines.find('\n', begin);
      check(number++, part.lines.substr(begin, end - begin), fact);
      begin = end + 1;
    }
    output.write(part.lines);
  }
  DraftFile run(options_.settings_file);  // first: an output never stands without its settings
  run.write(settings().dump(2) + "\n");
  run.rename();
  output.rename();
}

}  // namespace vlrm
