#include "base/hub_cache.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct HubName {
  std::string repository, revision;
};

// What the cache holds, as far as names differ.
struct Kind {
  const char* prefix;    // of the cache's folders
  const char* path;      // what a local name would be
  const char* download;  // the option of `hf download`
};
constexpr Kind kModel{"models--", "directory", ""};
constexpr Kind kDataset{"datasets--", "file or directory", "--repo-type dataset "};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_plain_name(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && std::ranges::all_of(part, is_name_character);
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

std::optional<fs::path> environment_path(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  const std::string_view text = value;
  const char* home = std::getenv("HOME");
  if (home != nullptr && (text == "~" || text.starts_with("~/"))) return fs::path(home + std::string(text.substr(1)));
  return fs::path(text);
}

fs::path hub_cache() {
  if (const auto path = environment_path("HF_HUB_CACHE")) return *path;
  if (const auto path = environment_path("HF_HOME")) return *path / "hub";
  if (const auto path = environment_path("XDG_CACHE_HOME")) return *path / "huggingface" / "hub";
  const auto home = environment_path("HOME");
  return (home ? *home : fs::path("/")) / ".cache" / "huggingface" / "hub";
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

[[noreturn]] void fail_not_cached(const Kind& kind, const std::string& name, const HubName& hub,
                                  const fs::path& repository) {
  const std::string option = hub.revision == "main" ? "" : " --revision " + hub.revision;
  fail("{}: no such {}, and not in the hub cache (looked in {} and {}). To fetch it: hf download {}{}{}",
       printable(name), kind.path, (repository / "refs" / hub.revision).string(), (repository / "snapshots").string(),
       kind.download, hub.repository, option);
}

fs::path resolve_in_cache(const Kind& kind, const std::string& name) {
  const auto hub = parse_hub_name(name);
  if (!hub) fail("{}: no such {}", printable(name), kind.path);
  const fs::path repository = repository_directory(kind, *hub);
  fs::path snapshot = snapshot_of_ref(repository, hub->revision).value_or(repository / "snapshots" / hub->revision);
  std::error_code ignored;
  if (!fs::is_directory(snapshot, ignored)) fail_not_cached(kind, name, *hub, repository);
  return snapshot;
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
  return folder.parent_path().filename() == "snapshots" &&
         begins_with(place, folder.parent_path().parent_path() / "blobs");
}

fs::path resolve_checkpoint(const std::string& name) {
  std::error_code ignored;
  return fs::is_directory(name, ignored) ? fs::path(name) : resolve_in_cache(kModel, name);
}

fs::path resolve_dataset(const std::string& name) {
  std::error_code ignored;
  return fs::exists(name, ignored) ? fs::path(name) : resolve_in_cache(kDataset, name);
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
