#include "base/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"

namespace vlrm {
namespace {

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// The reading end of a pipe, and what came through it.
class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_system_error(errno, "a pipe: cannot be made");
    reading_ = ends[0], writing_ = ends[1];
  }
  ~Pipe() {
    close_writing();
    ::close(reading_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading() const { return reading_; }
  int writing() const { return writing_; }
  void close_writing() {
    if (writing_ >= 0) ::close(writing_);
    writing_ = -1;
  }
  // Reads what is there; false at the end.
  bool read_some() {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(reading_, buffer.data(), buffer.size());
    if (count > 0) text.append(buffer.data(), static_cast<size_t>(count));
    return count > 0 || (count < 0 && errno == EINTR);
  }

  std::string text;

 private:
  int reading_ = -1, writing_ = -1;
};

constexpr std::chrono::milliseconds kMoment(100);

// A program that runs; ended with this, if it has not ended itself.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  ~Child() {
    if (process_ <= 0) return;
    ::kill(process_, SIGTERM);
    for (int i = 0; i < kPatience && !exit_code(); ++i) std::this_thread::sleep_for(kMoment);
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Its exit code, once it has ended; else nothing.
  std::optional<int> exit_code() {
    int status = 0;
    const pid_t ended = ::waitpid(process_, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
    process_ = -1;
    constexpr int kSignalled = 128;
    return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  static constexpr int kPatience = 20;  // moments in which it may end itself
  pid_t process_;
};

constexpr size_t kMostErrors = 1 << 16;  // bytes that are kept, the last ones

// Reads both to their ends.
void read_all(Pipe& output, Pipe& errors, const std::string& name, size_t limit,
              const std::function<void()>& meanwhile) {
  std::array<pollfd, 2> waiting{pollfd{output.reading(), POLLIN, 0}, pollfd{errors.reading(), POLLIN, 0}};
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {  // poll passes over a negative one
    throw_if_interrupted();
    if (meanwhile) meanwhile();
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(kMoment.count())) <= 0) continue;
    if (waiting[0].revents != 0 && !output.read_some()) waiting[0].fd = -1;
    if (waiting[1].revents != 0 && !errors.read_some()) waiting[1].fd = -1;
    if (output.text.size() > limit) fail("{}: printed more than {} bytes", printable(name), limit);
    if (errors.text.size() > 2 * kMostErrors) errors.text.erase(0, errors.text.size() - kMostErrors);
  }
}

}  // namespace

std::optional<CommandResult> run_command(const std::vector<std::string>& words, CommandErrors errors, size_t limit,
                                         const std::function<void()>& meanwhile) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Pipe output, said;
  FileActions actions;
  ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(actions.get(), output.writing(), STDOUT_FILENO);
  if (errors == CommandErrors::dropped)
    ::posix_spawn_file_actions_addopen(actions.get(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (errors == CommandErrors::kept) ::posix_spawn_file_actions_adddup2(actions.get(), said.writing(), STDERR_FILENO);
  pid_t process = -1;
  if (::posix_spawnp(&process, arguments[0], actions.get(), nullptr, arguments.data(), environ) != 0)
    return std::nullopt;
  Child child(process);
  output.close_writing();
  said.close_writing();
  read_all(output, said, words.front(), limit, meanwhile);
  CommandResult result;
  result.output = std::move(output.text);
  result.errors = std::move(said.text);
  auto exit_code = child.exit_code();
  // It may go on without its output.
  for (auto pause = std::chrono::milliseconds(1); !exit_code; exit_code = child.exit_code()) {
    throw_if_interrupted();
    if (meanwhile) meanwhile();
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kMoment);
  }
  result.exit_code = *exit_code;
  return result;
}

}  // namespace vlrm
