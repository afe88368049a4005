#include "base/hub_errors.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "base/hub_cache.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

using Phrases = std::vector<std::string_view>;

// In the words of several versions: lines for people, and names of exceptions in tracebacks.
const Phrases kGated{"requires approval", "GatedRepoError:", "Cannot access gated repo"};
const Phrases kBadToken{"Invalid credentials in Authorization header", "Invalid user token", "OAuth token is invalid"};
const Phrases kNoRevision{"Revision not found", "RevisionNotFoundError:", "Invalid rev id"};
const Phrases kNotThere{
    "Model '",           "Dataset '",        "RepositoryNotFoundError:",     "Repository not found", "401 Unauthorized",
    "Client error '401", "401 Client Error", "Invalid username or password", "HFValidationError:"};
const Phrases kForbidden{"Access to this resource is disabled", "403 Forbidden", "403 Client Error"};
const Phrases kDiskFull{"No space left on device", "Disk quota exceeded", "[Errno 28]", "[Errno 122]"};
const Phrases kBusy{"429 Too Many", "429 Client Error", "500 Internal",   "502 Bad",
                    "503 Service",  "504 Gateway",      "Server error '5"};
const Phrases kNoNetwork{"[Errno 111]",
                         "[Errno 101]",
                         "[Errno 113]",
                         "[Errno -2]",
                         "[Errno -3]",
                         "[Errno 104]",
                         "ConnectError",
                         "ConnectionError",
                         "ConnectTimeout",
                         "ReadTimeout",
                         "ReadError",
                         "RemoteProtocolError",
                         "Connection broken",
                         "ProxyError",
                         "timed out",
                         "Connection reset",
                         "ChunkedEncodingError",
                         "Name or service not known",
                         "Temporary failure in name resolution",
                         "CERTIFICATE_VERIFY_FAILED",
                         "Consistency check failed"};

bool has_one(std::string_view said, const Phrases& phrases) {
  return std::ranges::any_of(phrases, [&](std::string_view phrase) { return said.find(phrase) != said.npos; });
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool has_token() {
  if (!variable("HF_TOKEN").empty() || !variable("HUGGING_FACE_HUB_TOKEN").empty()) return true;
  std::error_code error;
  return fs::exists(hub_token_file(), error);
}

// The last line that says something, without hf's hints.
std::string_view last_line(std::string_view said) {
  while (true) {
    said = said.substr(0, said.find_last_not_of(" \r\n") + 1);
    const size_t end = said.find_last_of("\r\n");
    const std::string_view line = end == said.npos ? said : said.substr(end + 1);
    if (end == said.npos || !line.starts_with("Hint: ")) return line;
    said = said.substr(0, end);
  }
}

[[noreturn]] void fail_gated(const HubDownload& wanted) {
  if (!has_token())
    fail("{}: is gated, and there is no token: accept its licence at {}, then log in (hf auth login) or set HF_TOKEN",
         printable(wanted.name), page_of(wanted));
  fail(
      "{}: is gated, and your token gives no access: accept its licence at {}, or wait until that is approved; a "
      "fine-grained token needs the permission for gated repositories",
      printable(wanted.name), page_of(wanted));
}

[[noreturn]] void fail_not_there(const HubDownload& wanted) {
  const char* const kind = wanted.files == HubFiles::dataset ? "dataset" : "model";
  const char* const path = wanted.files == HubFiles::dataset ? "file or directory" : "directory";
  fail("{}: no such {}, not in the hub cache, and no {} on the hub that {} sees: check the name{}",
       printable(wanted.name), path, kind, has_token() ? "your token" : "one without a token",
       has_token() ? "" : ", or log in (hf auth login, or HF_TOKEN) if it is private");
}

}  // namespace

std::string page_of(const HubDownload& wanted) {
  std::string host = variable("HF_ENDPOINT");
  while (host.ends_with('/')) host.pop_back();
  return fmt::format("{}/{}{}", host.empty() ? "https://huggingface.co" : host,
                     wanted.files == HubFiles::dataset ? "datasets/" : "", wanted.repository);
}

bool is_unknown_option(std::string_view said) {
  return has_one(said, {"No such option", "unrecognized arguments"});
}

void throw_hub_error(const HubDownload& wanted, std::string_view said, bool complete) {
  const std::string name = printable(wanted.name);
  const std::string line = printable(last_line(said), 300);
  if (has_one(said, kDiskFull))
    fail_for_now("{}: the disk of the hub cache is full ({}): make room, and the same command goes on", name,
                 wanted.cache.string());
  if (has_one(said, kGated)) fail_gated(wanted);
  if (has_one(said, kBadToken))
    fail("{}: the hub does not know your token: log in again (hf auth login), or correct HF_TOKEN", name);
  if (has_one(said, kNoRevision))
    fail("{}: {} has no revision \"{}\" on the hub: see {}", name, wanted.repository, printable(wanted.revision),
         page_of(wanted) + "/tree/main");
  if (has_one(said, kBusy))
    fail_for_now("{}: cannot be downloaded now, the hub is busy or down ({}): try again later", name, line);
  if (has_one(said, kForbidden)) fail("{}: the hub refuses access: {}", name, line);
  if (has_one(said, kNotThere)) fail_not_there(wanted);
  if (has_one(said, kNoNetwork))
    fail_for_now(
        "{}: cannot be downloaded, the network fails ({}): the same command goes on; or fetch it elsewhere: {}", name,
        line, download_command(wanted));
  if (complete) fail("{}: cannot be downloaded: {} (hf says so)", name, line);
}

}  // namespace vlrm
