// Methods of the built-in types.
#pragma once

#include "jinja/function.h"

namespace vlrm::jinja {

std::span<const NamedFunction> text_methods();

bool text_is_upper(std::string_view text);
bool text_is_lower(std::string_view text);

}  // namespace vlrm::jinja
