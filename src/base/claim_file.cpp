#include "base/claim_file.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <sstream>

#include "base/content_digest.h"
#include "base/error.h"
#include "base/json.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr size_t kLargestClaim = 4096;  // bytes

// Of a small file that the system makes, or "".
std::string system_text(const char* path) {
  std::array<char, 1024> text{};
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return "";
  const ssize_t size = ::read(descriptor, text.data(), text.size());
  ::close(descriptor);
  std::string found(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  while (found.ends_with('\n')) found.pop_back();
  return found;
}

// "" if the link does not exist.
std::string link_text(const char* path) {
  std::error_code error;
  return fs::read_symlink(path, error).string();
}

// Another mount of /proc counts processes otherwise than we do.
bool proc_is_ours() {
  return link_text("/proc/self") == std::to_string(::getpid());
}

struct ProcessFacts {
  char state = '?';  // Z: ended, and not yet asked for by its parent
  std::string began;
};

// From the fields behind the command's name, which may hold anything.
std::optional<ProcessFacts> facts_of(pid_t process) {
  if (!proc_is_ours()) return std::nullopt;
  const std::string line = system_text(fmt::format("/proc/{}/stat", process).c_str());
  const size_t name_ends = line.rfind(')');
  if (name_ends == line.npos) return std::nullopt;
  std::istringstream fields(line.substr(name_ends + 1));
  ProcessFacts facts;
  fields >> facts.state;
  constexpr int kBetween = 18;  // fields 4 to 21
  for (int i = 0; i <= kBetween; ++i) fields >> facts.began;
  return fields ? std::optional(facts) : std::nullopt;
}

// What keeps a process's number from meaning another process: nothing where the system does not say.
std::optional<std::string> process_space() {
  const std::string boot = system_text("/proc/sys/kernel/random/boot_id"), space = link_text("/proc/self/ns/pid");
  if (boot.empty() || space.empty()) return std::nullopt;
  return fmt::format("{} {} {}", host_name(), boot, space);
}

// An object with nothing in it where the text is cut off or is of something else.
OrderedJson parsed(const std::string& text) {
  OrderedJson json = OrderedJson::parse(text, nullptr, false);
  return json.is_object() ? json : OrderedJson::object();
}

std::string text_field(const OrderedJson& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

pid_t process_of(const OrderedJson& json) {
  const auto found = json.find("process");
  const bool fits = found != json.end() && found->is_number_integer() && *found > 0 && *found < INT32_MAX;
  return fits ? found->get<pid_t>() : 0;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string short_name(const fs::path& what) {
  constexpr size_t kLongest = 180, kKept = 120;
  std::string name = what.filename().string();
  if (name.size() <= kLongest) return name;
  size_t end = kKept;
  while (end > 0 && (static_cast<uint8_t>(name[end]) & 0xC0) == 0x80) --end;  // not within a character
  return name.substr(0, end) + "~" + content_digest(name);
}

fs::path with_ending(const fs::path& what, const std::string& ending) {
  constexpr size_t kLongest = 255;
  const std::string name = what.filename().string();
  return what.parent_path() / ((name.size() + ending.size() > kLongest ? short_name(what) : name) + ending);
}

fs::path claim_file(const fs::path& what) {
  return what.parent_path() / (".vlrm-claim." + short_name(what));
}

fs::path hidden_sibling(const fs::path& what, const std::string& ending) {
  return what.parent_path() / fmt::format(".{}.vlrm-{}", short_name(what), ending);
}

std::string claim_text(const std::string& id) {
  const auto facts = facts_of(::getpid());
  const OrderedJson json{{"id", id},
                         {"host", host_name()},
                         {"process", ::getpid()},
                         {"space", process_space().value_or("")},
                         {"began", facts ? facts->began : ""},
                         {"since", fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::time(nullptr)))}};
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::optional<FoundClaim> read_claim(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT) return std::nullopt;
  if (descriptor < 0) fail_with_errno(errno, "{}: cannot be read", file.string());
  struct stat status {};
  std::string text(kLargestClaim, '\0');
  const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const ssize_t size = regular ? ::read(descriptor, text.data(), text.size()) : -1;
  const int error = errno;
  ::close(descriptor);
  if (!regular) fail("{}: is not the file by which runs claim an output; remove it", file.string());
  if (size < 0) fail_with_errno(error, "{}: cannot be read", file.string());
  text.resize(static_cast<size_t>(size));
  return FoundClaim{std::move(text),
                    std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec)};
}

std::optional<bool> process_lives(const FoundClaim& claim) {
  const OrderedJson json = parsed(claim.text);
  const auto here = process_space();
  const pid_t process = process_of(json);
  if (process <= 0 || !here || text_field(json, "space") != *here) return std::nullopt;
  if (::kill(process, 0) != 0 && errno == ESRCH) return false;
  const auto facts = facts_of(process);
  if (!facts) return true;
  const std::string began = text_field(json, "began");
  return facts->state != 'Z' && facts->state != 'X' && (began.empty() || began == facts->began);
}

std::string claim_owner(const FoundClaim& claim) {
  const OrderedJson json = parsed(claim.text);
  const std::string host = text_field(json, "host"), since = text_field(json, "since");
  if (host.empty() || since.empty()) return "of which no more is known";
  return fmt::format("host {}, process {}, since {}", printable(host), process_of(json), printable(since));
}

}  // namespace vlrm
