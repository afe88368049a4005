// JSON as values.
#pragma once

#include "base/json.h"
#include "jinja/workspace.h"

namespace vlrm::jinja {

// Raises for integers of more than 64 bits, and for nesting deeper than the workspace allows.
Value from_json(Workspace& workspace, const OrderedJson& json, int depth = 0);

}  // namespace vlrm::jinja
