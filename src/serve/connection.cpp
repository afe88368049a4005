#include "serve/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace vlrm {
namespace {

using Address = int (*)(int, sockaddr*, socklen_t*);

void ip_and_port(int socket, Address which, std::string& ip, int& port) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (which(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    port = ntohs(v4->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    port = ntohs(v6->sin6_port);
  }
  ip = text.data();
}

}  // namespace

Connection::Connection(int socket, const ConnectionLimits& limits) : socket_(socket), limits_(limits) {}

Connection::~Connection() {
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

bool Connection::wait(std::chrono::milliseconds time, Event event) const {
  if (event == Event::readable && begin_ < end_) return true;
  pollfd wanted{socket_, static_cast<short>(event == Event::readable ? POLLIN : POLLOUT), 0};
  return ::poll(&wanted, 1, static_cast<int>(std::max<int64_t>(time.count(), 0))) > 0;
}

void Connection::begin_request() {
  reading_header_ = true;
  too_slow_ = false;
  left_ = limits_.header_bytes;
  deadline_ = Clock::now() + limits_.request;
}

// Receives what is there into the empty buffer, within the request's time. 0: the client closed its side; -1: nothing
// in time, or an error.
ssize_t Connection::fill() {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0 || !wait(left, Event::readable)) {
      too_slow_ = Clock::now() >= deadline_;
      return -1;
    }
    const ssize_t received = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (received < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    begin_ = 0;
    end_ = received > 0 ? static_cast<size_t>(received) : 0;
    return received;
  }
}

bool Connection::is_readable() const {
  return begin_ < end_ || Clock::now() < deadline_;
}

bool Connection::is_writable() const {
  return wait(limits_.request, Event::writable);
}

ssize_t Connection::read(char* into, size_t size) {
  if (left_ < 0) return -1;
  if (begin_ == end_)
    if (const ssize_t received = fill(); received <= 0) return received;
  const size_t count = std::min(size, end_ - begin_);
  if ((left_ -= static_cast<int64_t>(count)) < 0) return -1;
  std::memcpy(into, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

// All of it, or -1.
ssize_t Connection::write(const char* from, size_t size) {
  const auto end = Clock::now() + limits_.request;
  for (size_t sent = 0; sent < size;) {
    const ssize_t count = ::send(socket_, from + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent += static_cast<size_t>(count);
      continue;
    }
    if (errno != EINTR && errno != EAGAIN) return -1;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0 || !wait(left, Event::writable)) return -1;
  }
  return static_cast<ssize_t>(size);
}

bool Connection::client_left() const {
  char byte = 0;
  const ssize_t there = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return there == 0 || (there < 0 && errno != EAGAIN && errno != EINTR);
}

void Connection::linger() {
  ::shutdown(socket_, SHUT_WR);
  const auto end = Clock::now() + limits_.request;
  do {
    deadline_ = std::min(end, Clock::now() + limits_.lingering);
  } while (fill() > 0);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip_and_port(socket_, ::getpeername, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip_and_port(socket_, ::getsockname, ip, port);
}

// cpp-httplib refuses sockets that select() cannot watch, from 1024 on. Here poll() does.
int Connection::socket() const {
  return 0;
}

}  // namespace vlrm
