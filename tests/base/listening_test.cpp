#include "base/listening.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/atomic_output.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/threads.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::ElementsAre;

namespace vlrm::testing {
namespace {

// Writes down what it is told, and can ask to stop.
class Recorder : public Listener {
 public:
  void message(Kind kind, const std::string& line) override {
    lines.push_back((kind == Kind::note ? "N " : kind == Kind::warning ? "W " : "S ") + line);
  }
  void progress(const ProgressReport& report) override { reports.push_back(report); }
  bool interrupted() override { return stop; }
  void output_begins() override { ++outputs; }
  void output_ends() override { --outputs; }

  std::vector<std::string> lines;
  std::vector<ProgressReport> reports;
  std::atomic<bool> stop = false;
  int outputs = 0;
};

TEST(Listening, LinesGoToTheListenerOfTheThread) {
  Recorder outer, inner;
  tell_note("nobody");
  {
    const ListenerScope scope(&outer);
    tell_status("a");
    {
      const ListenerScope nested(&inner);
      tell_warning("b");
    }
    tell_note("c");
    std::thread([] { tell_note("another thread"); }).join();
    std::thread(with_this_listener([] { tell_note("d"); })).join();
  }
  tell_note("nobody");
  EXPECT_THAT(outer.lines, ElementsAre("S a", "N c", "N d"));
  EXPECT_THAT(inner.lines, ElementsAre("W b"));
}

TEST(Listening, ThreadsOfALoopShareTheListener) {
  Recorder recorder;
  const ListenerScope scope(&recorder);
  std::atomic<int> own = 0;
  parallel_for(
      100, [&](int64_t) { own += current_listener() == &recorder; }, 4);
  EXPECT_EQ(own, 100);
}

TEST(Listening, AnInterruptUnwindsAndRemovesWhatIsHalfWritten) {
  const TemporaryDirectory dir;
  Recorder recorder;
  const ListenerScope scope(&recorder);
  const auto work = [&] {
    const AtomicDirectory output(dir / "out", false, "file");
    EXPECT_GT(recorder.outputs, 0);
    parallel_for(
        100, [&](int64_t i) { recorder.stop = recorder.stop || i == 3; }, 4);
  };
  EXPECT_THROW(work(), Interrupted);
  EXPECT_TRUE(fs::is_empty(dir.path()));
  EXPECT_EQ(recorder.outputs, 0);
}

TEST(Listening, ProgressSaysHowItEnds) {
  Recorder recorder;
  const ListenerScope scope(&recorder);
  {
    Progress progress("merging", 10, Progress::Unit::bytes);
    progress.set_detail("x");
    progress.advance(4);
    progress.advance(6);
  }
  try {
    const Progress progress("failing", 10, Progress::Unit::samples);
    fail("x");
  } catch (const Error&) {
  }
  ASSERT_GE(recorder.reports.size(), 2u);
  const ProgressReport& done = recorder.reports[recorder.reports.size() - 2];
  EXPECT_EQ(done.label + " " + done.detail, "merging x");
  EXPECT_EQ(done.finished, 10);
  EXPECT_EQ(done.total, 10);
  EXPECT_EQ(done.state, ProgressReport::State::done);
  EXPECT_EQ(recorder.reports.back().state, ProgressReport::State::failed);
}

}  // namespace
}  // namespace vlrm::testing
