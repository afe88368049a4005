#include "base/claim.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/claim_file.h"
#include "base/utf8.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

namespace vlrm::testing {
namespace {

std::string text_of(const fs::path& file) {
  return read_text_or_throw(file, 4096);
}

// The claim of a run of another machine, last renewed so long ago.
void write_claim_of_another(const fs::path& what, std::chrono::seconds ago) {
  OrderedJson json = parse_ordered_json_or_throw(claim_text("0123456789abcdef"), "claim");
  json["host"] = "node7";
  json["space"] = "another";
  write_text(claim_file(what), json.dump() + "\n");
  fs::last_write_time(claim_file(what), fs::file_time_type::clock::now() - ago);
}

// Runs `action` in a child and gives how that ended.
template <class Action>
int in_child(const Action& action) {
  const pid_t child = ::fork();
  if (child == 0) std::_Exit(action());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ShortName, LeavesRoomAroundLongNames) {
  EXPECT_EQ(claim_file("d/name"), fs::path("d/.vlrm-claim.name"));
  EXPECT_EQ(with_ending("d/name", ".run.json"), fs::path("d/name.run.json"));
  EXPECT_EQ(with_ending(std::string(246, 'a'), ".run.json").string(), std::string(246, 'a') + ".run.json");
  const std::string first = std::string(254, 'a') + "b", second = std::string(254, 'a') + "c";
  EXPECT_NE(claim_file(first), claim_file(second));
  for (const fs::path& name : {claim_file(first), hidden_sibling(first, random_id()), with_ending(first, ".run.json")})
    EXPECT_LE(name.string().size(), 220U) << name;
  std::string accents;
  while (accents.size() < 254) accents += "é";
  EXPECT_EQ(utf8::first_invalid(short_name("x" + accents)),
            std::nullopt);  // of two places to cut, one is within a letter
  EXPECT_EQ(utf8::first_invalid(short_name(accents)), std::nullopt);
}

TEST(ClaimTest, OneRunHasIt) {
  const TemporaryDirectory dir;
  {
    const Claim claim(dir / "out");
    EXPECT_FALSE(claim.taken_over());
    claim.check();
    const std::string line = error_of([&] { Claim(dir / "out"); });
    EXPECT_THAT(line, HasSubstr("out: another run is writing it (host "));
    EXPECT_THAT(line, HasSubstr(", process " + std::to_string(::getpid()) + ", since 20"));
    EXPECT_FALSE(Claim::try_take(dir / "out", Claim::Times()));
    const Claim other(dir / "other");
    EXPECT_NE(other.id(), claim.id());
  }
  EXPECT_TRUE(fs::is_empty(dir.path()));
  EXPECT_TRUE(Claim::try_take(dir / "out", Claim::Times()));
  EXPECT_THAT(error_of([&] { Claim(dir / "none" / "out"); }), HasSubstr("out: cannot be written: No such file"));
}

TEST(ClaimTest, AnotherProcessIsRefusedUntilItIsGone) {
  const TemporaryDirectory dir;
  int ready[2], go[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(go), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const Claim claim(dir / "out");
    (void)!::write(ready[1], "x", 1);
    char byte = 0;
    (void)!::read(go[0], &byte, 1);
    std::_Exit(0);  // as if it were killed
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(error_of([&] { Claim(dir / "out"); }), HasSubstr("process " + std::to_string(child)));
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);  // a zombie is gone too
  EXPECT_TRUE(Claim(dir / "out").taken_over());
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

// Where processes have the same numbers, as in two containers, only the heartbeat tells.
TEST(ClaimTest, AnotherPidNamespaceIsJudgedByTheHeartbeat) {
  const TemporaryDirectory dir;
  const auto in_a_namespace_of_its_own = [](const auto& action) {
    return in_child([&] {
      if (::unshare(CLONE_NEWPID) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) return 77;
      return in_child(action);
    });
  };
  const auto leave_a_claim = [&] {
    new Claim(dir / "out");
    return 0;  // ends without giving it up
  };
  const int ended = in_a_namespace_of_its_own(leave_a_claim);
  if (ended == 77) GTEST_SKIP() << "no PID namespaces here";
  ASSERT_EQ(ended, 0);
  const auto refused = [&] { return Claim::try_take(dir / "out", Claim::Times()) ? 0 : 40; };
  EXPECT_EQ(refused(), 40);
  EXPECT_EQ(in_a_namespace_of_its_own(refused), 40);
  EXPECT_THAT(error_of([&] { Claim(dir / "out"); }), HasSubstr("or at once without"));
  fs::last_write_time(claim_file(dir / "out"), fs::file_time_type::clock::now() - 6min);
  EXPECT_EQ(refused(), 0);
}

TEST(ClaimTest, AnotherMachineIsDeadWhenItsHeartHasStoodStill) {
  const TemporaryDirectory dir;
  write_claim_of_another(dir / "out", 60s);
  const std::string line = error_of([&] { Claim(dir / "out"); });
  EXPECT_THAT(line, HasSubstr("another run is writing it (host node7, process "));
  EXPECT_THAT(line, HasSubstr("if it was killed, the next try goes on after 24"));
  EXPECT_THAT(line, HasSubstr("s, or at once without " + claim_file(dir / "out").string()));
  write_claim_of_another(dir / "out", -600s);  // a clock that was set back
  EXPECT_FALSE(Claim::try_take(dir / "out", Claim::Times()));
  write_claim_of_another(dir / "out", 301s);
  EXPECT_TRUE(Claim(dir / "out").taken_over());
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(ClaimTest, WhatAKilledRunLeftBesideItIsRemoved) {
  const TemporaryDirectory directory;
  const fs::path what = directory.path() / "out", draft = claim_file(what).string() + ".0123456789abcdef";
  write_claim_of_another(what, 301s);
  fs::rename(claim_file(what), draft);
  const fs::path living = claim_file(what).string() + ".fedcba9876543210";
  write_text(living, claim_text("fedcba9876543210"));
  const Claim claim(what);
  EXPECT_FALSE(fs::exists(draft));
  EXPECT_TRUE(fs::exists(living));
}

TEST(ClaimTest, TheHeartbeatRenewsIt) {
  const TemporaryDirectory dir;
  const Claim claim(dir / "out", {.beat = 10ms, .dead_after = 300s});
  const auto before = fs::file_time_type::clock::now() - 1h;
  fs::last_write_time(claim_file(dir / "out"), before);
  for (int i = 0; i < 1000 && fs::last_write_time(claim_file(dir / "out")) <= before; ++i)
    std::this_thread::sleep_for(5ms);
  EXPECT_GT(fs::last_write_time(claim_file(dir / "out")), before + 59min);
}

TEST(ClaimTest, WhoLostItIsTold) {
  const TemporaryDirectory dir;
  {
    const Claim claim(dir / "out", {.beat = 10ms, .dead_after = 300s});
    write_claim_of_another(dir / "out", 0s);
    EXPECT_THAT(error_of([&] { claim.check(); }), HasSubstr("out: another run took this one for dead"));
    const auto renewed = fs::last_write_time(claim_file(dir / "out"));
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(fs::last_write_time(claim_file(dir / "out")), renewed);  // it is not its own
  }
  EXPECT_THAT(text_of(claim_file(dir / "out")), HasSubstr("node7"));  // nor removed
  fs::remove(claim_file(dir / "out"));
  const Claim claim(dir / "out");
  fs::remove(claim_file(dir / "out"));
  EXPECT_THAT(error_of([&] { claim.check(); }), HasSubstr("somebody removed"));
}

TEST(ClaimTest, WhatIsNoClaim) {
  const TemporaryDirectory dir;
  for (const char* text : {"", "{", "[]", R"({"process": "x", "space": 3})"}) {
    write_text(claim_file(dir / "out"), text);
    EXPECT_THAT(error_of([&] { Claim(dir / "out"); }),
                HasSubstr("another run is writing it (of which no more is known)"));
  }
  fs::last_write_time(claim_file(dir / "out"), fs::file_time_type::clock::now() - 6min);
  EXPECT_TRUE(Claim(dir / "out").taken_over());
  fs::create_directory(claim_file(dir / "out"));
  EXPECT_THAT(error_of([&] { Claim(dir / "out"); }), HasSubstr("is not the file by which runs claim an output"));
}

// Many at once, and all take the one there for dead.
TEST(ClaimTest, OfManyOneTakesItOver) {
  const TemporaryDirectory dir;
  for (int round = 0; round < 20; ++round) {
    write_claim_of_another(dir / "out", 600s);
    std::atomic<int> have{0}, most{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        const auto claim = Claim::try_take(dir / "out", Claim::Times());
        if (!claim) return;
        const int now = ++have;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) continue;
        std::this_thread::sleep_for(2ms);
        try {
          claim->check();
        } catch (const Error&) {
        }
        --have;
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(most, 1);
  }
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

}  // namespace
}  // namespace vlrm::testing
