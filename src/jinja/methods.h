// Methods of the built-in types.
#pragma once

#include "jinja/function.h"

namespace vlrm::jinja {

std::span<const NamedFunction> text_methods();

bool text_is_upper(Workspace& workspace, std::string_view text);
bool text_is_lower(Workspace& workspace, std::string_view text);

}  // namespace vlrm::jinja
