// What `hf` says when it fails, in one line of ours.
#pragma once

#include <string>
#include <string_view>

#include "base/hub_download.h"

namespace vlrm {

// The page of the repository for people.
std::string page_of(const HubDownload& wanted);

// Whether `hf` is of an age that does not know an option of ours.
bool is_unknown_option(std::string_view said);

// Throws the Error or TemporaryError that `said`, the end of its standard error, means. `complete` says whether what is
// not recognised is an error, too, with hf's last line in it; else such a failure is left to the next attempt.
void throw_hub_error(const HubDownload& wanted, std::string_view said, bool complete);

}  // namespace vlrm
