#include "base/tell.h"

#include <cstdio>

namespace vlrm {

void tell(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

}  // namespace vlrm
