// Who works at an output: a file beside it, so that two runs do not write one, on whatever machines they are.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace vlrm {

// A claim to a path, which need not be there: the file ".vlrm-claim.NAME" beside it. It names the run by a random id,
// and a thread renews its time, by which others see that the run lives. It needs neither locks nor equal clocks: times
// are those of the file system. A claim is dead when its time has stood still for `dead_after`, or at once where its
// process is known to be gone (same boot of the same machine, same PID namespace).
class Claim {
 public:
  struct Times {
    std::chrono::milliseconds beat{15'000};
    std::chrono::milliseconds dead_after{300'000};
  };

  // Throws TemporaryError naming the run that has the claim, and Error where no file can be made in the folder, which
  // must be there.
  explicit Claim(const std::filesystem::path& what) : Claim(what, Times()) {}
  Claim(const std::filesystem::path& what, Times times);
  // The same, but nothing where another run has the claim.
  static std::optional<Claim> try_take(const std::filesystem::path& what, Times times);
  Claim(Claim&&) noexcept;
  Claim& operator=(Claim&&) = delete;
  ~Claim();  // gives it up

  // Throws TemporaryError where another run has taken the claim for dead, or somebody has removed it: before anything
  // is put in its place.
  void check() const;
  // Whether a dead run had it before. That one may still come to life, and write to what it has open.
  bool taken_over() const;
  // 16 hex digits of this run's own: for the names of what it writes beside the output.
  const std::string& id() const;

 private:
  struct State;
  explicit Claim(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// 16 random hex digits.
std::string random_id();

}  // namespace vlrm
