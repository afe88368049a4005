#include "base/version.h"

namespace vlrm {

std::string version() {
  return VLRM_VERSION;
}

}  // namespace vlrm
