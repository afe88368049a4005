// Which dataset.
#pragma once

#include <string>

namespace vlrm {

// `config` and `split` choose among those there are, and "" is enough where there is one. Where the data has none to
// choose from (a single file, files without such names), they say nothing.
struct DatasetName {
  std::string data;    // a directory, a file, or an id of the hub's local cache: "org/name", "org/name@revision"
  std::string config;  // "standard (10 options)"; "" for the only one
  std::string split;   // "test"; "" for the only one
};

}  // namespace vlrm
