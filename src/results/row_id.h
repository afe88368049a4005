// Ids of rows, as datasets have them and as results write them.
#pragma once

#include <string>

#include "base/json.h"

namespace vlrm {

// A float that is a whole number as an integer: tables in which some rows have no number write the others as 1.0.
OrderedJson whole_number(OrderedJson value);

// As Python's str() writes an id: the key of its caption.
std::string id_text(const OrderedJson& id);

}  // namespace vlrm
