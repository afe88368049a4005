// Downloads into the hub cache, by `hf`, the program of huggingface_hub: it knows tokens, mirrors, proxies and how the
// hub stores large files.
#pragma once

#include <filesystem>
#include <string>

#include "base/hub_files.h"

namespace vlrm {

// Whether nothing may be downloaded: after set_offline(true), which holds for the whole process and may be called from
// any thread, or by HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE (1, ON, YES, TRUE).
void set_offline(bool offline);
bool is_offline();

struct HubDownload {
  std::string name;        // as the user wrote it, for errors
  std::string repository;  // "org/name"
  std::string revision;
  HubFiles files = HubFiles::model;
  std::filesystem::path cache;   // the hub cache
  std::filesystem::path folder;  // the repository's in it
};

// Downloads what the cache lacks of it, after a status line that says how much that is. Goes to the network whatever
// is_offline() says. Throws Error, with one line on what kind of trouble it is and what to do: no hf, not on the hub,
// gated, no token or a wrong one; and TemporaryError where the network or the disk is in the way.
void download_from_hub(const HubDownload& wanted);

// For errors: the command with which a user fetches it.
std::string download_command(const HubDownload& wanted);

}  // namespace vlrm
