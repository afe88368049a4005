// vlrm._core: include/vlrm for the files of python/vlrm, which say what a user sees.
#include <nanobind/nanobind.h>

#include "call.h"
#include "errors.h"
#include "parts.h"

NB_MODULE(_core, module) {
  module.doc() = "The use cases of vlrm; vlrm's own modules are what to call.";
  module.attr("version") = VLRM_VERSION;
  nanobind::set_leak_warnings(false);  // nothing is printed, whatever a program leaves open at its end
  vlrm::translate_errors();
  vlrm::add_call(module);
  vlrm::add_options(module);
  vlrm::add_reward_model(module);
  vlrm::add_functions(module);
}
