// README.md of what the use cases make.
#pragma once

#include <vlrm/merge.h>

#include <map>
#include <string>

namespace vlrm {

// By file name: README.md, with the command that makes the model again.
std::map<std::string, std::string> card_of(const BuildOptions& options);
std::map<std::string, std::string> card_of(const MapOptions& options);
std::map<std::string, std::string> card_of(const ExtractOptions& options);

}  // namespace vlrm
