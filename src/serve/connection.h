// One client's connection, as cpp-httplib reads and writes it, with limits that cpp-httplib does not have: of a
// request's header, and of the time that a client may take to send a request.
#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <string>

namespace vlrm {

struct ConnectionLimits {
  int64_t header_bytes = int64_t{64} << 10;  // of the request line and all header fields; of a body, between two pieces
  std::chrono::seconds idle{15};             // between requests
  std::chrono::seconds request{60};          // for a client to send a request; and to take an answer
  std::chrono::seconds lingering{2};         // for a client that still sends after its answer, between two pieces
};

class Connection : public httplib::Stream {
 public:
  // Closes `socket` at the end.
  Connection(int socket, const ConnectionLimits& limits);
  ~Connection();  // NOLINT(modernize-use-override): as below
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Waits until the client begins a request. False once it is gone, is silent for too long, or `stop` says so.
  template <class Stop>
  bool wait_for_request(const Stop& stop) {
    const auto end = Clock::now() + limits_.idle;
    while (!wait(kBetweenLooks, Event::readable))
      if (stop() || Clock::now() >= end) return false;
    begin_request();
    return true;
  }
  // From here on, what is read is the body.
  void header_ends() {
    reading_header_ = false;
    piece_ends();
  }
  // A piece of the body came. What is between two is as limited as a header: a chunk's length could have no end.
  void piece_ends() { left_ = limits_.header_bytes; }
  bool in_header() const { return reading_header_; }
  bool header_too_long() const { return reading_header_ && left_ < 0; }
  bool too_slow() const { return too_slow_; }
  // Whether the client closed its side.
  bool client_left() const;
  // Sends what is not an answer of cpp-httplib's.
  void write_text(const std::string& text) { write(text.data(), text.size()); }
  // What the client still sends is read and dropped: otherwise it may lose the answer.
  void linger();

  // cpp-httplib's; which of them it has depends on its version (0.11 to 0.20 are known), so none says `override`.
  // NOLINTBEGIN(modernize-use-override)
  bool is_readable() const;
  bool is_writable() const;
  bool wait_readable() const { return is_readable(); }
  bool wait_writable() const { return is_writable(); }
  ssize_t read(char* into, size_t size);
  ssize_t write(const char* from, size_t size);
  void get_remote_ip_and_port(std::string& ip, int& port) const;
  void get_local_ip_and_port(std::string& ip, int& port) const;
  int socket() const;
  time_t duration() const {
    return 0;
  }  // for its log
     // NOLINTEND(modernize-use-override)

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kBetweenLooks{200};
  enum class Event { readable, writable };
  bool wait(std::chrono::milliseconds time, Event event) const;
  void begin_request();
  ssize_t fill();

  const int socket_;
  const ConnectionLimits limits_;
  std::array<char, 16384> buffer_{};
  size_t begin_ = 0, end_ = 0;  // of what was received and not read
  bool reading_header_ = true, too_slow_ = false;
  int64_t left_ = 0;  // bytes, of the header or to the next piece
  Clock::time_point deadline_;
};

}  // namespace vlrm
