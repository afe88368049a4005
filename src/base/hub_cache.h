// Names of checkpoints and datasets: local paths, or ids of the Hugging Face hub, which are kept in its local cache.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/hub_files.h"

namespace vlrm {

// "dir/with/model", "org/name" or "org/name@revision" → the directory that holds it. An existing local directory wins;
// then the hub cache: HF_HUB_CACHE > HUGGINGFACE_HUB_CACHE > HF_HOME/hub > XDG_CACHE_HOME/huggingface/hub >
// ~/.cache/huggingface/hub ("~" and $VAR stand for what they do in Python), there
// models--org--name/refs/REVISION ("main" by default) and snapshots/HASH; a revision may also be a snapshot's hash.
// A snapshot that has what `files` needs is used without a request; what is not there is downloaded (hub_download.h),
// unless is_offline(). Throws Error naming the places looked in and the command that would fetch it, or what kept a
// download from going well.
std::filesystem::path resolve_checkpoint(const std::string& name, HubFiles files = HubFiles::model);

// The same for datasets, which the cache keeps in datasets--org--name; a local file wins like a directory. Parts of a
// dataset in the cache are enough.
std::filesystem::path resolve_dataset(const std::string& name);

// Whether a dataset can be read without a download: it is a local path, or in the hub cache, if only in part.
bool is_at_hand(const std::string& dataset);

// "hf download …" of a dataset of the hub.
std::string dataset_download_command(const std::string& dataset);

// For who misses a part: downloads what the cache lacks of the dataset. False where nothing can be missing, or nothing
// may be downloaded. Throws as resolve_dataset.
bool complete_dataset(const std::string& name);

// Where `hf auth login` puts the token: HF_TOKEN_PATH > HF_HOME/token > …
std::filesystem::path hub_token_file();

// For the end of an error about what `directory` lacks: "; to fetch it: hf download …" where it is a model's snapshot
// in a hub cache, else nothing.
std::string fetch_advice(const std::filesystem::path& directory);

// The sha256 that the hub cache gives a file by the name of the blob its symbolic link points to (files in LFS: 64 hex
// digits), or nothing where the file is not such a link.
std::optional<std::string> hub_blob_sha256(const std::filesystem::path& file);

// Whether `file`, links followed, lies in `directory` or, where that is a snapshot of a hub cache, among the blobs that
// its links point to: the repository's, or those that all repositories of the cache share. A file that is not there
// lies nowhere else.
bool lies_within(const std::filesystem::path& file, const std::filesystem::path& directory);

}  // namespace vlrm
