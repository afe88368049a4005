// How two checkpoints relate.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vlrm {

struct CompareOptions {
  std::string a, b;           // directories or hub ids
  std::string base;           // compare the differences from this one; "": the weights themselves
  std::string page, figures;  // the HTML and the JSON file to write; each may be ""
  double top = 0.2;           // the fraction of largest magnitudes whose overlap is counted
  bool force = false;         // replace outputs that exist
  Listener* listener = nullptr;
};

// Several tensors together, as one vector x of A and one y of B; with a base, their differences from it. What divides
// by 0 is nothing.
struct TotalRelation {
  std::string name;  // "all", "attention", "layers 0–7"
  int64_t tensors = 0, elements = 0;
  double norm_a = 0, norm_b = 0, norm_base = 0;  // √Σx², √Σy²
  std::optional<double> cosine = {};
  std::optional<double> sign_agreement = {};  // of the elements where neither is 0, the fraction with x·y > 0
  std::optional<double> top_shared = {};      // of each tensor's largest magnitudes in A, the fraction that B has too
};

struct ModelsCompared {
  TotalRelation all;
  std::vector<TotalRelation> parts, layers;  // embeddings, attention, …; ranges of layers
  std::string sentence;                      // where the two conflict most
};

// Also writes the page and the figures where they are named.
ModelsCompared compare(const CompareOptions& options);

}  // namespace vlrm
