// The parts of a model (a layer, an embedding, a head), resident in memory or read when their turn comes.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <vector>

namespace vlrm {

class Parts {
 public:
  explicit Parts(bool streamed) : streamed_(streamed) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts();

  bool streamed() const { return streamed_; }

  template <class Part>
  struct Handle {
    size_t index = 0;
  };
  // `read` builds the part from the checkpoint: now, or on each use.
  template <class Part>
  Handle<Part> add(std::function<std::shared_ptr<const Part>()> read) {
    return {add_any(std::move(read))};
  }

  // The parts that will be used next, in order: while one is at work, the next one is being read.
  void expect(std::vector<size_t> order);
  // The part, to be held for as long as it works. Rethrows what reading it threw.
  template <class Part>
  std::shared_ptr<const Part> use(Handle<Part> handle) {
    return std::static_pointer_cast<const Part>(use_any(handle.index));
  }

 private:
  using Any = std::shared_ptr<const void>;
  size_t add_any(std::function<Any()> read);
  Any use_any(size_t index);
  void read_ahead();

  const bool streamed_;
  std::vector<std::function<Any()>> readers_;
  std::vector<Any> resident_;
  std::vector<size_t> expected_;  // last one first
  size_t ahead_index_ = 0;
  std::future<Any> ahead_;
};

}  // namespace vlrm
