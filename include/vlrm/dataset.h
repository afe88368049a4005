// Which dataset.
#pragma once

#include <string>

namespace vlrm {

// `config` and `split` name one of several; "" is enough if the data has only one. They are ignored for data without
// such names, such as a single file.
struct DatasetName {
  std::string data;    // a directory, a file, or a hub id: "org/name", "org/name@revision"
  std::string config;  // "standard (10 options)"; "" for the only one
  std::string split;   // "test"; "" for the only one
};

}  // namespace vlrm
