// What the module is made of.
#pragma once

#include <nanobind/nanobind.h>

namespace vlrm {

void add_options(nanobind::module_& module);  // the structs that say how
void add_reward_model(nanobind::module_& module);
void add_functions(nanobind::module_& module);

}  // namespace vlrm
