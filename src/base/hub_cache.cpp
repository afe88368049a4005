#include "base/hub_cache.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hub_download.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct HubName {
  std::string repository, revision;
};

// What the cache holds, as far as names differ.
struct Kind {
  const char* prefix;  // of the cache's folders
  const char* path;    // what a local name would be
};
constexpr Kind kModel{"models--", "directory"};
constexpr Kind kDataset{"datasets--", "file or directory"};

const Kind& kind_of_repository(HubFiles files) {
  return files == HubFiles::dataset ? kDataset : kModel;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_plain_name(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.front() != '-' &&
         std::ranges::all_of(part, is_name_character);
}

// A revision may have slashes ("refs/pr/3") but must stay inside the cache's directory.
bool is_revision(std::string_view revision) {
  while (true) {
    const size_t slash = revision.find('/');
    if (!is_plain_name(revision.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    revision.remove_prefix(slash + 1);
  }
}

// "name", "org/name", each with "@revision" or without; nothing for what only a path can be.
std::optional<HubName> parse_hub_name(const std::string& name) {
  const size_t at = name.find('@');
  HubName hub{name.substr(0, at), at == std::string::npos ? "main" : name.substr(at + 1)};
  const size_t slash = hub.repository.find('/');
  const bool organisation_fits = slash == std::string::npos || is_plain_name(hub.repository.substr(0, slash));
  const size_t last = slash == std::string::npos ? 0 : slash + 1;
  if (!organisation_fits || !is_plain_name(hub.repository.substr(last)) || !is_revision(hub.revision)) return {};
  return hub;
}

// The value of the variable whose name `text` begins with, after a "$", and the length of that; nothing where that is
// none, or not set.
std::optional<std::pair<std::string, size_t>> variable_at(std::string_view text) {
  const bool braces = text.starts_with("${");
  const size_t start = braces ? 2 : 1;
  size_t end = start;
  if (braces)
    end = text.find('}');
  else
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
  if (end == text.npos || end == start) return std::nullopt;
  const char* value = std::getenv(std::string(text.substr(start, end - start)).c_str());
  if (value == nullptr) return std::nullopt;
  return std::pair(std::string(value), end + (braces ? 1 : 0));
}

// As Python's expanduser and expandvars: what is not set stays as it is.
std::string expanded(std::string_view text) {
  std::string result;
  const char* home = std::getenv("HOME");
  if (home != nullptr && (text == "~" || text.starts_with("~/"))) {
    result = home;
    text.remove_prefix(1);
  }
  while (!text.empty()) {
    const auto variable = text.front() == '$' ? variable_at(text) : std::nullopt;
    result += variable ? variable->first : std::string(1, text.front());
    text.remove_prefix(variable ? variable->second : 1);
  }
  return result;
}

std::optional<fs::path> environment_path(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return fs::path(expanded(value));
}

fs::path hub_home() {
  if (const auto path = environment_path("HF_HOME")) return *path;
  if (const auto path = environment_path("XDG_CACHE_HOME")) return *path / "huggingface";
  const auto home = environment_path("HOME");
  return (home ? *home : fs::path("/")) / ".cache" / "huggingface";
}

fs::path hub_cache() {
  for (const char* variable : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const auto path = environment_path(variable)) return *path;
  return hub_home() / "hub";
}

fs::path repository_directory(const Kind& kind, const HubName& hub) {
  std::string folder = kind.prefix + hub.repository;
  if (const size_t slash = folder.find('/'); slash != std::string::npos) folder.replace(slash, 1, "--");
  return hub_cache() / folder;
}

// The snapshot that a ref file names, or nothing where there is no such ref.
std::optional<fs::path> snapshot_of_ref(const fs::path& repository, const std::string& revision) {
  const fs::path ref = repository / "refs" / revision;
  if (!fs::is_regular_file(ref)) return std::nullopt;
  std::string hash = read_text_or_throw(ref, 4096);
  hash.erase(hash.find_last_not_of(" \r\n") + 1);
  if (!is_plain_name(hash)) fail("{}: does not hold a commit hash: {}", ref.string(), printable(hash));
  return repository / "snapshots" / hash;
}

// The snapshot in the cache of what is wanted, or nothing.
std::optional<fs::path> find_snapshot(const HubDownload& wanted) {
  fs::path snapshot =
      snapshot_of_ref(wanted.folder, wanted.revision).value_or(wanted.folder / "snapshots" / wanted.revision);
  std::error_code ignored;
  return fs::is_directory(snapshot, ignored) ? std::optional(snapshot) : std::nullopt;
}

// A name without an organisation and with a dot is that of a file, mistyped.
bool may_be_on_hub(const HubDownload& wanted) {
  return wanted.repository.find('/') != std::string::npos || wanted.repository.find('.') == std::string::npos;
}

[[noreturn]] void fail_not_cached(const HubDownload& wanted) {
  fail("{}: no such {}, and not in the hub cache (looked in {} and {}){}. To fetch it: {}", printable(wanted.name),
       kind_of_repository(wanted.files).path, (wanted.folder / "refs" / wanted.revision).string(),
       (wanted.folder / "snapshots").string(), is_offline() ? "; nothing is downloaded, as this run is offline" : "",
       download_command(wanted));
}

// What `name` means, or nothing where it can only be a path.
std::optional<HubDownload> hub_download_of(const std::string& name, HubFiles files) {
  const auto hub = parse_hub_name(name);
  if (!hub) return std::nullopt;
  return HubDownload{name,  hub->repository, hub->revision,
                     files, hub_cache(),     repository_directory(kind_of_repository(files), *hub)};
}

// Parts of a dataset are of use one by one: complete_dataset() is for who misses one.
std::string lack_of_cached(const fs::path& snapshot, HubFiles files) {
  if (files == HubFiles::dataset) return "";
  const std::string lack = lack_of(snapshot, files);
  const bool doubtful = lack.empty() && files == HubFiles::model && !is_offline() && may_lack_weights(snapshot);
  return doubtful ? "no weights are there" : lack;
}

// Goes on with the snapshot that is there, whatever its branch has become.
void complete(HubDownload wanted, const fs::path& snapshot) {
  wanted.revision = snapshot.filename().string();
  download_from_hub(wanted);
}

fs::path resolve_in_cache(const std::string& name, HubFiles files) {
  const auto wanted = hub_download_of(name, files);
  if (!wanted) fail("{}: no such {}", printable(name), kind_of_repository(files).path);
  const auto cached = find_snapshot(*wanted);
  const std::string lack = cached ? lack_of_cached(*cached, files) : "";
  if (cached && lack.empty()) return *cached;
  if (cached && is_offline())
    fail("{}: {}; nothing is downloaded, as this run is offline. To fetch it: {}", printable(name), lack,
         download_command(*wanted));
  if (is_offline() || !may_be_on_hub(*wanted)) fail_not_cached(*wanted);
  if (cached) {
    complete(*wanted, *cached);
    return *cached;
  }
  download_from_hub(*wanted);
  if (const auto snapshot = find_snapshot(*wanted)) return *snapshot;
  fail_not_cached(*wanted);
}

bool begins_with(const fs::path& path, const fs::path& start) {
  return std::ranges::mismatch(start, path).in1 == start.end();
}

}  // namespace

bool lies_within(const fs::path& file, const fs::path& directory) {
  std::error_code error;
  const fs::path place = fs::canonical(file, error);
  if (error) return true;
  const fs::path folder = fs::canonical(directory.empty() ? "." : directory, error);
  if (error) return false;
  if (begins_with(place, folder)) return true;
  if (folder.parent_path().filename() != "snapshots") return false;
  const fs::path repository = folder.parent_path().parent_path();
  const std::string name = repository.filename().string();
  const bool in_cache = name.starts_with(kModel.prefix) || name.starts_with(kDataset.prefix);
  return begins_with(place, repository / "blobs") ||
         (in_cache && begins_with(place, repository.parent_path() / "blobs"));
}

fs::path hub_token_file() {
  return environment_path("HF_TOKEN_PATH").value_or(hub_home() / "token");
}

fs::path resolve_checkpoint(const std::string& name, HubFiles files) {
  std::error_code ignored;
  return fs::is_directory(name, ignored) ? fs::path(name) : resolve_in_cache(name, files);
}

fs::path resolve_dataset(const std::string& name) {
  std::error_code ignored;
  return fs::exists(name, ignored) ? fs::path(name) : resolve_in_cache(name, HubFiles::dataset);
}

bool is_at_hand(const std::string& dataset) {
  std::error_code ignored;
  if (fs::exists(dataset, ignored)) return true;
  const auto wanted = hub_download_of(dataset, HubFiles::dataset);
  return wanted && find_snapshot(*wanted);
}

std::string dataset_download_command(const std::string& dataset) {
  const auto wanted = hub_download_of(dataset, HubFiles::dataset);
  return wanted ? download_command(*wanted) : "";
}

bool complete_dataset(const std::string& name) {
  std::error_code ignored;
  const auto wanted = hub_download_of(name, HubFiles::dataset);
  if (fs::exists(name, ignored) || !wanted || is_offline()) return false;
  const auto cached = find_snapshot(*wanted);
  if (!cached || (files_of_tree(*cached) && lack_of(*cached, HubFiles::dataset).empty())) return false;
  complete(*wanted, *cached);
  return true;
}

std::string fetch_advice(const fs::path& directory) {
  const fs::path snapshot = directory.has_filename() ? directory : directory.parent_path();
  const fs::path repository = snapshot.parent_path().parent_path();
  const std::string folder = repository.filename().string();
  if (snapshot.parent_path().filename() != "snapshots" || !folder.starts_with(kModel.prefix)) return "";
  const std::string name = folder.substr(std::string_view(kModel.prefix).size());
  const size_t dashes = name.find("--");
  const std::string repository_id =
      dashes == std::string::npos ? name : fmt::format("{}/{}", name.substr(0, dashes), name.substr(dashes + 2));
  const bool is_main = snapshot_of_ref(repository, "main") == snapshot;
  return fmt::format("; to fetch it: hf download {}{}", printable(repository_id),
                     is_main ? "" : fmt::format(" --revision {}", printable(snapshot.filename().string())));
}

std::optional<std::string> hub_blob_sha256(const fs::path& file) {
  std::error_code error;
  const fs::path target = fs::read_symlink(file, error);
  const std::string name = target.filename().string();
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (error || target.parent_path().filename() != "blobs" || name.size() != 64 || !std::ranges::all_of(name, is_hex))
    return std::nullopt;
  return name;
}

}  // namespace vlrm
