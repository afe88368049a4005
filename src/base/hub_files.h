// Which files of a hub's repository are needed, and what the hub cache says of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vlrm {

// What of a repository somebody needs: a model, or the small files of one (its configs, tokenizer and templates), or a
// dataset.
enum class HubFiles { model, texts, dataset };

// Patterns of paths as `hf download` takes them: "*" stands for slashes, too. A path is wanted if one of `include`
// matches and none of `exclude`. python/vlrm/hub.py has the same ones.
struct HubPatterns {
  std::vector<std::string> include, exclude;
  bool match(const std::string& path) const;
};
const HubPatterns& patterns_of(HubFiles files);

struct HubFile {
  std::string path;
  int64_t size = 0;
  std::string git_sha1;  // of small files: that of git's blob
  std::string sha256;    // of files in LFS; else ""
};

// All files of the repository that `snapshot` is of, as the cache lists them in trees/COMMIT.json, or nothing where it
// does not: it is no snapshot, or an older version of huggingface_hub made it.
std::optional<std::vector<HubFile>> files_of_tree(const std::filesystem::path& snapshot);

// What a snapshot lacks of `files`, in words ("2 of 5 shards are missing: …"), or "" where nothing is known to be. By
// the list of the repository's files or, without one, by the index of the weights.
std::string lack_of(const std::filesystem::path& snapshot, HubFiles files);
// Whether a snapshot has no weights and no list that says whether the repository has some.
bool may_lack_weights(const std::filesystem::path& snapshot);

// Files of a snapshot that are not what the list of the repository's files says, each in a line; those that are not
// there are passed over. Every file is read. Throws Error where there is no list.
std::vector<std::string> changed_files(const std::filesystem::path& snapshot);

}  // namespace vlrm
