// The parts of a model (a layer, an embedding, a head), resident in memory or read when their turn comes.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "model/weight_reader.h"

namespace vlrm {

class Parts {
  using Any = std::shared_ptr<const void>;

 public:
  // `before_use` is called before each part is used, and by before_work(); it may throw.
  Parts(WeightReader reader, bool streamed, std::function<void()> before_use = {})
      : reader_(std::move(reader)), streamed_(streamed), before_use_(std::move(before_use)) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts();

  const WeightReader& reader() const { return reader_; }
  bool streamed() const { return streamed_; }

  template <class Part>
  struct Handle {
    size_t index = 0;
  };
  // `read` makes a Part from a const WeightReader&: now, or on each use. Streamed, the tensors' shapes are checked now.
  template <class Part, class Read>
  Handle<Part> add(Read read) {
    return {add_any([read = std::move(read)](const WeightReader& reader) -> Any {
      return std::make_shared<const Part>(read(reader));
    })};
  }

  // The same for a Part that is used as its base class.
  template <class Base, class Part, class Read>
  Handle<Base> add(Read read) {
    return {add_any([read = std::move(read)](const WeightReader& reader) -> Any {
      return std::static_pointer_cast<const Base>(std::make_shared<const Part>(read(reader)));
    })};
  }

  // From now on parts are read by `reader`: resident ones among `parts` at once, each when the one that it replaces is
  // gone; the others stay. Where shapes do not fit, this throws before anything has changed.
  void replace(const WeightReader& reader, const std::vector<size_t>& parts);

  // The parts that will be used next, in order: while one is at work, the next one is being read.
  void expect(std::vector<size_t> order);
  // The part, to be held for as long as it works. Rethrows what reading it threw.
  template <class Part>
  std::shared_ptr<const Part> use(Handle<Part> handle) {
    return std::static_pointer_cast<const Part>(use_any(handle.index));
  }
  // For a part that works on many groups of texts, before each of them: all of them may take long.
  void before_work() const {
    if (before_use_) before_use_();
  }

 private:
  using Read = std::function<Any(const WeightReader&)>;
  size_t add_any(Read read);
  Any use_any(size_t index);
  void read_ahead();

  WeightReader reader_;
  const bool streamed_;
  const std::function<void()> before_use_;
  std::vector<Read> reads_;
  std::vector<Any> resident_;
  std::vector<size_t> expected_;  // last one first
  size_t ahead_index_ = 0;
  std::future<Any> ahead_;
};

}  // namespace vlrm
