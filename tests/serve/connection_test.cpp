// A connection's limits, on a pair of sockets, in tenths of what a server waits.
#include "serve/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "support/support.h"

namespace vlrm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The client's end, and the server's connection with short limits.
class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) throw std::runtime_error("no sockets");
    client_ = ends[0];
    connection_.emplace(
        ends[1],
        ConnectionLimits{.header_bytes = 100, .idle = seconds(1), .request = seconds(1), .lingering = seconds(1)});
  }
  ~ConnectionTest() override { leave(); }
  void leave() {
    if (client_ >= 0) ::close(client_);
    client_ = -1;
  }
  void send(const std::string& text) const { ::send(client_, text.data(), text.size(), MSG_NOSIGNAL); }
  bool begins() {
    return connection_->wait_for_request([] { return false; });
  }
  // How many bytes come until a read fails.
  ssize_t read_all() {
    std::array<char, 64> bytes{};
    ssize_t all = 0;
    for (ssize_t count = 0; (count = connection_->read(bytes.data(), bytes.size())) > 0;) all += count;
    return all;
  }

  int client_ = -1;
  std::optional<Connection> connection_;
};

TEST_F(ConnectionTest, EndsWhereTheClientIsSilent) {
  const auto began = Clock::now();
  EXPECT_FALSE(begins());
  EXPECT_GE(Clock::now() - began, milliseconds(900));
}

TEST_F(ConnectionTest, GivesUpASlowSenderHoweverOftenItSends) {
  send("G");
  ASSERT_TRUE(begins());
  std::jthread slow([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(milliseconds(100));
      send("x");
    }
  });
  const auto began = Clock::now();
  EXPECT_LT(read_all(), 20);
  EXPECT_TRUE(connection_->too_slow());
  EXPECT_LT(Clock::now() - began, testing::kSlower * milliseconds(3000));
}

TEST_F(ConnectionTest, LimitsTheHeader) {
  send(std::string(1000, 'x'));
  ASSERT_TRUE(begins());
  EXPECT_LE(read_all(), 100);
  EXPECT_TRUE(connection_->header_too_long());
  EXPECT_FALSE(connection_->too_slow());
}

TEST_F(ConnectionTest, LimitsABodyBetweenItsPieces) {
  send(std::string(1000, 'x'));
  ASSERT_TRUE(begins());
  connection_->header_ends();
  std::array<char, 50> piece{};
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(connection_->read(piece.data(), piece.size()), std::ssize(piece));
    connection_->piece_ends();
  }
  EXPECT_LE(read_all(), 100);
  EXPECT_FALSE(connection_->header_too_long());  // the answer is the handler's
}

TEST_F(ConnectionTest, SeesAClientLeave) {
  EXPECT_FALSE(connection_->client_left());
  send("x");
  EXPECT_FALSE(connection_->client_left());
  ASSERT_TRUE(begins());
  char byte = 0;
  EXPECT_EQ(connection_->read(&byte, 1), 1);
  leave();
  EXPECT_TRUE(connection_->client_left());
}

TEST_F(ConnectionTest, DropsWhatIsSentAfterTheAnswerForAWhile) {
  send("x");
  ASSERT_TRUE(begins());
  std::jthread endless([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      send(std::string(1000, 'x'));
      std::this_thread::sleep_for(milliseconds(10));
    }
  });
  const auto began = Clock::now();
  connection_->linger();
  EXPECT_GE(Clock::now() - began, milliseconds(900));
  EXPECT_LT(Clock::now() - began, testing::kSlower * milliseconds(3000));
}

TEST_F(ConnectionTest, GivesUpAClientThatReadsNothing) {
  send("x");
  ASSERT_TRUE(begins());
  const std::string large(size_t{16} << 20, 'x');
  EXPECT_EQ(connection_->write(large.data(), large.size()), -1);
}

}  // namespace
}  // namespace vlrm
