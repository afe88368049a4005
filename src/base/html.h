// Texts and data inside HTML.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"

namespace vlrm {

// With &, <, >, " and ' as entities, spelled as Python's markupsafe does: fit for elements and quoted attributes.
std::string escaped_html(std::string_view text);

// JSON for a script element: nothing in it can end the element, and what is no finite number is null.
std::string json_for_script(const OrderedJson& value);

// Replaces each {{name}} of `page`, which is ours; what is put in is not looked at again.
std::string filled_page(std::string_view page, const std::map<std::string_view, std::string_view>& values);

}  // namespace vlrm
