// How a card speaks of a model.
#pragma once

#include <string>

namespace vlrm {

// Whether it is "org/name", with @revision or +ADAPTER or without: what is not a directory here can only be one of the
// hub's.
bool is_hub_id(const std::string& name);
// "org/name" of such a name.
std::string hub_repository(const std::string& name);
// Markdown: a link to the hub's page, or the name as code.
std::string hub_link(const std::string& name);

}  // namespace vlrm
