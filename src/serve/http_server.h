// cpp-httplib's server with connections of our own: limits for strangers, as many threads as there are connections, and
// an end that finishes what was accepted.
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>
#include <string>

#include "serve/connection.h"

namespace vlrm {

class HttpServer : public httplib::Server {
 public:
  // `most_connections`: at a time; more of them wait.
  HttpServer(int64_t most_connections, const ConnectionLimits& limits);

  // Takes the address; port 0: any free one. Returns the port. Throws Error where it is taken or not of this machine.
  int bind_or_throw(const std::string& host, int port);
  // Serves until end() is called.
  void run();
  // Accepts nothing more, and waits until all connections that were accepted have their answers. Another thread is in,
  // or goes into, run().
  void end();
  bool stopping() const { return stopping_; }

  // That the calling handler answers.
  static Connection& connection();
  // The connection ends after this answer: its request was not read to the end.
  static void close_after_answer();

 private:
  bool process_and_close_socket(int socket) override;
  template <class Self>
  static bool process(Self& server, Connection& connection, bool& closed);
  void listen_more() const;

  const size_t most_connections_;
  const ConnectionLimits limits_;
  std::atomic<bool> stopping_ = false, ended_ = false;
  std::atomic<size_t> connections_ = 0;
  std::string host_;
  int port_ = 0;
};

}  // namespace vlrm
