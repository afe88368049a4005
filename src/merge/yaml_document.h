// YAML text as a tree, and errors that name the line of a node.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace vlrm {

// Throws Error naming `source` and, where yaml-cpp knows one, the line of `mark`.
template <class... Args>
[[noreturn]] void fail_at(const std::string& source, const YAML::Mark& mark, fmt::format_string<Args...> format,
                          Args&&... args) {
  const std::string what = fmt::format(format, std::forward<Args>(args)...);
  if (mark.is_null()) fail("{}: {}", source, what);
  fail("{}:{}: {}", source, mark.line + 1, what);
}

// The documents that `yaml` holds; empty ones do not count. Throws Error for malformed YAML and for aliases
// that multiply.
std::vector<YAML::Node> load_documents_or_throw(const std::string& yaml, const std::string& source);

// The one document that `yaml` holds; empty ones beside it do not count. Nothing but null if there is none. Throws
// Error for malformed YAML, aliases that multiply and for a second document: a file holds one `what`.
YAML::Node load_document_or_throw(const std::string& yaml, const std::string& source,
                                  const std::string& what = "recipe");

}  // namespace vlrm
