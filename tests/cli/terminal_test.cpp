#include "cli/terminal.h"

#include <signal.h>

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

}  // namespace
}  // namespace vlrm::testing
