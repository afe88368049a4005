// How two checkpoints relate.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>

#include <string>

namespace vlrm {

struct CompareOptions {
  std::string a, b;           // directories or hub ids
  std::string base;           // compare the differences from this one; "": the weights themselves
  std::string page, figures;  // the HTML and the JSON file to write; one of them may be ""
  double top = 0.2;           // the fraction of largest magnitudes whose overlap is counted
  bool force = false;         // replace outputs that exist
  Listener* listener = nullptr;
};

void compare(const CompareOptions& options);

}  // namespace vlrm
