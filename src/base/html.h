// Text inside HTML.
#pragma once

#include <string>
#include <string_view>

namespace vlrm {

// With &, <, >, " and ' as entities, spelled as Python's markupsafe does: fit for elements and quoted attributes.
std::string escaped_html(std::string_view text);

}  // namespace vlrm
