#include "serve/http_server.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "serve/connection_threads.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

thread_local Connection* connection_of_thread = nullptr;
thread_local bool close_connection_of_thread = false;

constexpr int kBacklog = 4096;  // cpp-httplib's is 5, and trainers open hundreds of connections at once
constexpr int64_t kOwnFiles = 256;

// Sockets of many clients: the usual limit of open files is 1,024.
void allow_open_files(size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto wanted = static_cast<rlim_t>(connections) + kOwnFiles;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Without SO_REUSEPORT, which cpp-httplib sets: a second server on the port would take half of the requests.
void set_options(int socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

// cpp-httplib waits for a body where a request does not say how long it is, and cuts ranges out of answers.
void make_plain(httplib::Request& request) {
  if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding"))
    request.set_header("Content-Length", std::string("0"));
  request.ranges.clear();
}

}  // namespace

HttpServer::HttpServer(int64_t most_connections, const ConnectionLimits& limits)
    : most_connections_(static_cast<size_t>(most_connections)), limits_(limits) {
  allow_open_files(most_connections_);
  set_socket_options(set_options);
  set_tcp_nodelay(true);
  set_keep_alive_timeout(limits.idle.count());
  set_idle_interval(0, 200'000);
  new_task_queue = [this] { return new ConnectionThreads(most_connections_); };
  set_post_routing_handler([this](const httplib::Request&, httplib::Response& response) {
    const bool not_read = connection().in_header();  // what is not HTTP has no end
    if (!not_read && !close_connection_of_thread && !stopping_) return;
    close_connection_of_thread = true;
    response.headers.erase("Connection");
    response.headers.erase("Keep-Alive");
    response.set_header("Connection", "close");
  });
}

int HttpServer::bind_or_throw(const std::string& host, int port) {
  errno = 0;
  const int taken = port == 0 ? bind_to_any_port(host) : bind_to_port(host, port) ? port : -1;
  if (taken < 0)
    fail("{}:{}: cannot listen there: {}", host, port,
         errno != 0 ? std::strerror(errno) : "not an address of this machine");
  host_ = host;
  port_ = taken;
  listen_more();
  return taken;
}

void HttpServer::listen_more() const {
  ::listen(svr_sock_, kBacklog);
}

void HttpServer::run() {
  while (!stopping_) {
    listen_after_bind();
    // It ends, too, when accepting fails, as for a client that left at once.
    while (!stopping_ && !bind_to_port(host_, port_)) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (!stopping_) listen_more();
  }
  ended_ = true;
}

void HttpServer::end() {
  stopping_ = true;
  while (!ended_) {
    stop();  // does nothing before run() listens
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Connection& HttpServer::connection() {
  VLRM_ASSERT(connection_of_thread != nullptr);
  return *connection_of_thread;
}

void HttpServer::close_after_answer() {
  close_connection_of_thread = true;
}

// Versions of cpp-httplib from 0.15 on want the addresses, too.
template <class Self>
bool HttpServer::process(Self& server, Connection& connection, bool& closed) {
  std::string theirs, ours;
  int their_port = 0, our_port = 0;
  if constexpr (requires { server.process_request(connection, theirs, 0, ours, 0, false, closed, make_plain); }) {
    connection.get_remote_ip_and_port(theirs, their_port);
    connection.get_local_ip_and_port(ours, our_port);
    return server.process_request(connection, theirs, their_port, ours, our_port, false, closed, make_plain);
  } else {
    return server.process_request(connection, false, closed, make_plain);
  }
}

bool HttpServer::process_and_close_socket(int socket) {
  Connection connection(socket, limits_);
  connection_of_thread = &connection;
  // While nearly all threads have a connection, none is kept for requests to come.
  const auto crowded = [this] { return connections_ > most_connections_ * 3 / 4; };
  ++connections_;
  bool first = true;
  while (connection.wait_for_request([&] { return stopping_ || (!first && crowded()); })) {
    bool closed = false;
    first = false;
    close_connection_of_thread = crowded();
    const bool answered = process(*this, connection, closed);
    if (!answered && connection.header_too_long()) {
      const std::string body = refused_by_http(431).body().dump();
      connection.write_text(
          fmt::format("HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
                      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                      body.size(), body));
    }
    if (!answered || closed || close_connection_of_thread || connection.header_too_long()) {
      connection.linger();
      break;
    }
  }
  --connections_;
  connection_of_thread = nullptr;
  return true;
}

}  // namespace vlrm
