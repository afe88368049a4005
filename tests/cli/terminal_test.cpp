#include "cli/terminal.h"

#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/atomic_output.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "support/support.h"

namespace fs = std::filesystem;

namespace vlrm::testing {
namespace {

// In processes of their own, since a signal is for good.
TEST(TerminalDeathTest, ASignalUnwindsAndRemovesWhatIsHalfWritten) {
  const TemporaryDirectory dir;
  const auto interrupted_work = [&] {
    Terminal terminal;
    const ListenerScope listening(&terminal);
    try {
      const AtomicDirectory output(dir / "out", false, "file");
      parallel_for(100, [](int64_t i) {
        if (i == 3) ::raise(SIGTERM);
      });
    } catch (const Interrupted&) {
      std::_Exit(fs::is_empty(dir.path()) ? 40 + Terminal::interrupting_signal() : 1);
    }
    std::_Exit(2);
  };
  EXPECT_EXIT(interrupted_work(), ::testing::ExitedWithCode(40 + SIGTERM), "");
}

TEST(TerminalDeathTest, RaisesAgainWhatNobodyThrewFor) {
  const auto finished_work = [] {
    Terminal terminal;
    const ListenerScope listening(&terminal);
    {
      const InterruptScope outer;
      { const InterruptScope inner; }
      ::raise(SIGINT);
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(finished_work(), ::testing::KilledBySignal(SIGINT), "");
}

TEST(TerminalDeathTest, TheSecondSignalEndsTheProgram) {
  const auto impatience = [] {
    Terminal terminal;
    const ListenerScope listening(&terminal);
    const InterruptScope scope;
    ::raise(SIGINT);
    ::raise(SIGINT);
    std::_Exit(0);
  };
  EXPECT_EXIT(impatience(), ::testing::KilledBySignal(SIGINT), "");
}

TEST(TerminalTest, SaysProgressAndMessagesOnStandardError) {
  ::testing::internal::CaptureStderr();
  Terminal terminal;
  ProgressReport report{.label = "merging", .detail = {}, .unit = ProgressReport::Unit::bytes};
  report.total = 3072;
  report.finished = 1536;
  report.seconds = 1;
  terminal.progress(report);  // too early for a log
  report.seconds = 12;
  report.detail = "ties";
  terminal.progress(report);
  report.seconds = 13;
  terminal.progress(report);  // too soon after
  report.finished = 3072;
  report.seconds = 16;
  report.state = ProgressReport::State::done;
  terminal.progress(report);
  report.state = ProgressReport::State::failed;
  terminal.progress(report);
  terminal.message(Listener::Kind::status, "out: done");
  terminal.message(Listener::Kind::note, "n");
  terminal.message(Listener::Kind::warning, "w");
  terminal.set_quiet(true);
  report.state = ProgressReport::State::done;
  terminal.progress(report);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "merging  50 %  1.5 KiB of 3.0 KiB, 128 B/s, 12s left, ties\n"
            "merging: 3.0 KiB in 16.0 s, 192 B/s\n"
            "out: done\nnote: n\nwarning: w\n");
}

// What a terminal of so many columns is shown of a report, without the code that clears the line.
std::string shown(unsigned short columns, const ProgressReport& report) {
  int terminal = 0;
  winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    ::unsetenv("COLUMNS");
    Terminal().progress(report);
    std::_Exit(0);
  }
  std::string text;
  std::array<char, 4096> bytes{};
  for (ssize_t count = 0; (count = ::read(terminal, bytes.data(), bytes.size())) > 0;)
    text.append(bytes.data(), static_cast<size_t>(count));
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  return text.substr(std::min(text.size(), std::string_view("\r\033[K").size()));
}

TEST(TerminalTest, DropsTheBarThenTheRateThenTheDetail) {
  ProgressReport report{.label = "scoring", .detail = "ties-weight0.7", .unit = ProgressReport::Unit::samples};
  report.finished = 696;
  report.total = 720;
  report.seconds = 2;
  const std::string bar = "███████████████████████░";
  const std::string all = "scoring  97 %  696 of 720, 348/s, 0s left, ties-weight0.7";
  EXPECT_EQ(shown(100, report), bar + " " + all);
  EXPECT_EQ(shown(83, report), bar + " " + all);
  EXPECT_EQ(shown(82, report), all);
  EXPECT_EQ(shown(58, report), all);
  EXPECT_EQ(shown(57, report), "scoring  97 %  696 of 720, 0s left, ties-weight0.7");
  EXPECT_EQ(shown(40, report), "scoring  97 %  696 of 720, 0s left");
  EXPECT_EQ(shown(10, report), "scoring  ");
}

TEST(TerminalTest, RatesAboveTenHaveNoDecimals) {
  ProgressReport report{.label = "scoring", .detail = {}, .unit = ProgressReport::Unit::samples};
  report.total = 1000;
  report.seconds = 10;
  report.finished = 99;
  EXPECT_NE(shown(80, report).find("9.90/s"), std::string::npos);
  report.finished = 101;
  EXPECT_NE(shown(80, report).find(", 10/s"), std::string::npos);
}

}  // namespace
}  // namespace vlrm::testing
