// What stands in a claim's file, and whether the run that wrote it lives.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace vlrm {

// The name of `what`. A name so long that a prefix and an ending would make it exceed 255 bytes is cut, and ends with a
// digest of the whole.
std::string short_name(const std::filesystem::path& what);
// `what` with `ending`, by such a name where it would be too long.
std::filesystem::path with_ending(const std::filesystem::path& what, const std::string& ending);
// ".vlrm-claim.NAME": the file that claims `what`, beside it.
std::filesystem::path claim_file(const std::filesystem::path& what);
// ".NAME.vlrm-ENDING": what a run that has the claim writes beside `what`.
std::filesystem::path hidden_sibling(const std::filesystem::path& what, const std::string& ending);

// This machine's, or "" if the system does not say.
std::string host_name();
// Says who this process is: id, host, boot, PID namespace, process and when it began.
std::string claim_text(const std::string& id);

// A claim as it was read.
struct FoundClaim {
  std::string text;                    // all of the file
  std::chrono::nanoseconds renewed{};  // the file's time
};
// Nothing if the file does not exist. Throws Error if it is not a claim or cannot be read.
std::optional<FoundClaim> read_claim(const std::filesystem::path& file);

// Whether its process is on this machine and in this PID namespace: true where it lives, false where it is gone;
// nothing where that cannot be known.
std::optional<bool> process_lives(const FoundClaim& claim);

// "host node7, process 12, since 2026-01-31 12:00:00 UTC", as far as the file says.
std::string claim_owner(const FoundClaim& claim);

}  // namespace vlrm
