// The last step of an output: from the name that it was written under to its own.
#pragma once

#include <filesystem>

namespace vlrm {

// Renames `from`, a file or a directory, to `to` beside it. What stands there is replaced if `replace` is set, else it
// is an error. Rename flags are used where the file system has them (NFS, 9p and FUSE often have not); elsewhere there
// is a moment without a directory at `to`, after which a killed run leaves the old one under another name, as
// take_back() knows it. The caller has a claim to `to`. Throws Error; then nothing has changed.
void put_in_place(const std::filesystem::path& from, const std::filesystem::path& to, bool replace);

// Puts back what a run that was killed within put_in_place() had moved aside, or removes it where `to` is there.
void take_back(const std::filesystem::path& to);

// Throws Error for what no rename can replace: a mount point.
void refuse_mount_point(const std::filesystem::path& target);

}  // namespace vlrm
