// Which process of a job this is, by the variables of the engine that started it.
#pragma once

#include <vlrm/distributed.h>

#include <functional>
#include <optional>
#include <string>

namespace vlrm {

using Variables = std::function<std::optional<std::string>(const std::string& name)>;

// As ranks_of_environment().
Ranks ranks_by(const Variables& variables);

// "[rank 3 of 8, node17] "
std::string rank_label(const Ranks& ranks);

}  // namespace vlrm
