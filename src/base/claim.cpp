#include "base/claim.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <random>
#include <utility>

#include "base/claim_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/heartbeat.h"

namespace fs = std::filesystem;

namespace vlrm {

struct Claim::State : public Heartbeat::Member {
  State(fs::path claimed, Times its_times)
      : Member(its_times.beat), what(std::move(claimed)), file(claim_file(what)), times(its_times) {}
  ~State() override;
  void renew() noexcept override;
  bool is_ours() const {
    const auto found = read_claim(file);
    return found && found->text == text;
  }

  const fs::path what, file;
  const Times times;
  const std::string id = random_id(), text = claim_text(id);
  bool taken = false, taken_over = false;
};

namespace {

Heartbeat& heartbeat() {
  static Heartbeat& never_destroyed = *new Heartbeat;
  return never_destroyed;
}

// Our claim under a name of its own, from which it is linked into its place.
class Draft {
 public:
  Draft(const fs::path& what, const std::string& id, const std::string& text)
      : what_(what), path_(claim_file(what).string() + "." + id) {
    const int descriptor = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0) fail_with_errno(errno, "{}: cannot be written", what_.string());
    try {
      write_all_or_throw(descriptor, text, what_.string());
    } catch (...) {
      ::close(descriptor);
      ::unlink(path_.c_str());
      throw;
    }
    ::close(descriptor);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() { ::unlink(path_.c_str()); }

  // The file system's clock.
  std::chrono::nanoseconds written() const {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) fail_with_errno(errno, "{}: cannot be written", what_.string());
    return std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  }

  // False where the claim is there already. A network may lose the answer to a link that was made: who can tell reads
  // the claim.
  bool put_at(const fs::path& file) const {
    if (::link(path_.c_str(), file.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP && errno != EMLINK && errno != EXDEV &&
        errno != EINVAL)
      fail_with_errno(errno, "{}: cannot be written", what_.string());
    return copy_to(file);  // no links there
  }

 private:
  bool copy_to(const fs::path& file) const {
    const std::string text = read_text_or_throw(path_);
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0 && errno == EEXIST) return false;
    if (descriptor < 0) fail_with_errno(errno, "{}: cannot be written", what_.string());
    const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int error = errno;
    ::close(descriptor);
    if (written) return true;
    ::unlink(file.c_str());
    fail_with_errno(error, "{}: cannot be written", what_.string());
  }

  const fs::path what_, path_;
};

// Removes a claim if it is the one with this text. It is renamed first: of several that take it for dead only one gets
// it, and whoever got another by then puts it back.
void remove_claim(const fs::path& file, const std::string& text, const fs::path& aside) {
  const auto found = read_claim(file);
  if (!found || found->text != text || ::rename(file.c_str(), aside.c_str()) != 0) return;
  const auto renamed = read_claim(aside);
  if (renamed && renamed->text != text && ::link(aside.c_str(), file.c_str()) != 0 && errno != EEXIST)
    ::rename(aside.c_str(), file.c_str());
  ::unlink(aside.c_str());
}

struct Judgement {
  bool dead;
  std::chrono::nanoseconds age;  // since it was renewed
  bool known;                    // by its process
};

Judgement judge(const FoundClaim& found, std::chrono::nanoseconds now, std::chrono::milliseconds dead_after) {
  const std::chrono::nanoseconds age = now - found.renewed;
  if (const auto lives = process_lives(found)) return {!*lives, age, true};
  return {age > dead_after, age, false};
}

// Drafts, and claims put aside, that killed runs left.
void remove_dead_drafts(const fs::path& file, std::chrono::nanoseconds now, std::chrono::milliseconds dead_after) {
  const std::string prefix = file.filename().string() + ".";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::absolute(file).parent_path(), error)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    try {
      const auto found = read_claim(entry.path());
      if (found && judge(*found, now, dead_after).dead) ::unlink(entry.path().c_str());
    } catch (const Error&) {  // it is not one of ours
    }
  }
}

std::string refusal(const fs::path& what, const fs::path& file, const FoundClaim& found, const Judgement& judgement,
                    std::chrono::milliseconds dead_after) {
  const auto seconds = [](std::chrono::nanoseconds time) {
    return std::chrono::ceil<std::chrono::seconds>(std::max(time, std::chrono::nanoseconds(0))).count();
  };
  std::string line = fmt::format("{}: another run is writing it ({})", what.string(), claim_owner(found));
  if (judgement.known) return line;
  return fmt::format("{}; if it was killed, the next try goes on after {} s, or at once without {}", line,
                     seconds(dead_after - judgement.age) + 1, file.string());
}

}  // namespace

Claim::State::~State() {
  try {
    if (taken) remove_claim(file, text, file.string() + "." + id + ".dead");
  } catch (const Error&) {  // it will count as dead
  }
}

void Claim::State::renew() noexcept {
  try {
    if (is_ours()) ::utimensat(AT_FDCWD, file.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  } catch (...) {  // a disk that is away may be back for the next beat
  }
}

std::string random_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

Claim::Claim(std::shared_ptr<State> state) : state_(std::move(state)) {}
Claim::Claim(Claim&&) noexcept = default;

namespace {

// Why `state` cannot have its claim, or "" where it now has.
template <class State>
std::string take(State& state) {
  const Draft draft(state.what, state.id, state.text);
  const fs::path aside = state.file.string() + "." + state.id + ".dead";
  constexpr int kTries = 20;  // others come and go
  for (int i = 0; i < kTries; ++i) {
    state.taken = draft.put_at(state.file) || state.is_ours();
    if (state.taken) {
      remove_dead_drafts(state.file, draft.written(), state.times.dead_after);
      return "";
    }
    const auto found = read_claim(state.file);
    if (!found) continue;
    const Judgement judgement = judge(*found, draft.written(), state.times.dead_after);
    if (!judgement.dead) return refusal(state.what, state.file, *found, judgement, state.times.dead_after);
    remove_claim(state.file, found->text, aside);
    state.taken_over = true;
  }
  return fmt::format("{}: other runs are writing it", state.what.string());
}

}  // namespace

Claim::Claim(const fs::path& what, Times times) : state_(std::make_shared<State>(what, times)) {
  if (const std::string reason = take(*state_); !reason.empty()) throw TemporaryError(reason);
  heartbeat().add(state_);
}

std::optional<Claim> Claim::try_take(const fs::path& what, Times times) {
  auto state = std::make_shared<State>(what, times);
  if (!take(*state).empty()) return std::nullopt;
  heartbeat().add(state);
  return Claim(std::move(state));
}

Claim::~Claim() {
  if (state_) heartbeat().remove(state_);
}

void Claim::check() const {
  if (state_->is_ours()) return;
  fail_for_now("{}: another run took this one for dead, or somebody removed {}; this one gives up",
               state_->what.string(), state_->file.string());
}

bool Claim::taken_over() const {
  return state_->taken_over;
}

const std::string& Claim::id() const {
  return state_->id;
}

}  // namespace vlrm
