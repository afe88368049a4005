// Bodies of requests, read within limits: of each, and of all that are in memory.
#pragma once

#include <httplib.h>

#include <atomic>
#include <string>
#include <utility>

#include "base/json.h"
#include "serve/http_error.h"

namespace vlrm {

class BodyReader {
 public:
  explicit BodyReader(int64_t most_mib) : most_mib_(most_mib) {}

  // Throws HttpError for a body that is not to be read, before it is. cpp-httplib would read one of any length for a
  // route that takes none, take what it does not read for the next request, and guess how long an unclear one is.
  void check(const httplib::Request& request, bool takes_body) const;

  // What is counted as in memory, until it ends.
  class Held {
   public:
    explicit Held(BodyReader& reader) : reader_(&reader) {}
    Held(Held&& other) noexcept : reader_(other.reader_), bytes_(std::exchange(other.bytes_, 0)) {}
    Held& operator=(Held&&) = delete;
    ~Held() { reader_->bytes_in_memory_ -= bytes_; }
    // Throws HttpError where the requests would take too much memory with these.
    void add(int64_t bytes);

   private:
    BodyReader* reader_;
    int64_t bytes_ = 0;
  };
  struct Body {
    OrderedJson json;   // an object
    int64_t bytes = 0;  // as it was sent, after decompression
    Held held;
  };
  // Of the connection of this thread. Throws HttpError for one that is too long, comes too slowly or not to its end, or
  // is not one object of JSON.
  Body read(const httplib::ContentReader& content);

  int64_t bytes_in_memory() const { return bytes_in_memory_; }

 private:
  HttpError too_long() const;
  std::string text_of(const httplib::ContentReader& content, Held& held) const;

  const int64_t most_mib_;
  std::atomic<int64_t> bytes_in_memory_ = 0;
};

}  // namespace vlrm
