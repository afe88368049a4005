#include "base/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

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

// A program that runs; ended with this, if it has not ended itself.
class Child {
 public:
  explicit Child(pid_t process, int output) : process_(process), output_(output) {}
  ~Child() {
    ::close(output_);
    if (process_ <= 0) return;
    ::kill(process_, SIGTERM);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  std::string read_all(const std::string& name, size_t limit) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (true) {
      throw_if_interrupted();
      pollfd waiting{output_, POLLIN, 0};
      constexpr int kMilliseconds = 100;
      if (::poll(&waiting, 1, kMilliseconds) <= 0) continue;
      const ssize_t count = ::read(output_, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return text;
      text.append(buffer.data(), static_cast<size_t>(count));
      if (text.size() > limit) fail("{}: printed more than {} bytes", printable(name), limit);
    }
  }

  int wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) continue;
    process_ = -1;
    constexpr int kSignalled = 128;
    return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t process_;
  int output_;
};

}  // namespace

std::optional<CommandResult> run_command(const std::vector<std::string>& words, CommandErrors errors, size_t limit) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_system_error(errno, "a pipe: cannot be made");
  FileActions actions;
  ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(actions.get(), ends[1], STDOUT_FILENO);
  if (errors == CommandErrors::dropped)
    ::posix_spawn_file_actions_addopen(actions.get(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = -1;
  const int failed = ::posix_spawnp(&process, arguments[0], actions.get(), nullptr, arguments.data(), environ);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(ends[0]);
    return std::nullopt;
  }
  Child child(process, ends[0]);
  CommandResult result;
  result.output = child.read_all(words.front(), limit);
  result.exit_code = child.wait();
  return result;
}

}  // namespace vlrm
