// Methods of the built-in types.
#pragma once

#include "text/jinja/printf_format.h"

namespace vlrm::jinja {

std::span<const NamedFunction> text_methods();

bool text_is_upper(std::string_view text);
bool text_is_lower(std::string_view text);
std::string centered(Workspace& workspace, const std::string& text, FieldLayout layout);

}  // namespace vlrm::jinja
