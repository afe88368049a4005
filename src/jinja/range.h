// Python's range, and the views of a dict: values that stand for others.
#pragma once

#include "jinja/function.h"

namespace vlrm::jinja {

Value make_range(Rendering& rendering, const Value& self, const Arguments& arguments);

enum class DictPart { keys, values, items };
Value view_of(Workspace& workspace, const Dict& dict, DictPart part);

}  // namespace vlrm::jinja
