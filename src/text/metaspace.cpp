#include "text/metaspace.h"

#include "base/error.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

Metaspace::Prepend prepend_of(const Json& description, const std::string& source) {
  const auto name = optional_field<std::string>(description, "prepend_scheme", "always", source);
  const bool is_never = name == "never";
  if (!is_never && name != "always" && name != "first")
    fail("{}: the prepend_scheme \"{}\" of a Metaspace is unknown", source, printable(name));
  if (!optional_field<bool>(description, "add_prefix_space", true, source)) {
    if (description.contains("prepend_scheme") && !is_never)
      fail("{}: a Metaspace has \"add_prefix_space\" false and the prepend_scheme \"{}\"; they exclude each other",
           source, name);
    return Metaspace::Prepend::never;
  }
  if (is_never) return Metaspace::Prepend::never;
  return name == "first" ? Metaspace::Prepend::first : Metaspace::Prepend::always;
}

}  // namespace

Metaspace::Metaspace(const Json& description, const std::string& source)
    : mark(required_field<std::string>(description, "replacement", source)),
      prepend(prepend_of(description, source)),
      splits(optional_field<bool>(description, "split", true, source)) {
  if (mark.empty() || utf8::first(mark).length != mark.size())
    fail("{}: a Metaspace has a replacement that is not one character", source);
}

}  // namespace vlrm
