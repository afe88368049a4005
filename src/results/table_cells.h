// How cells of tables write numbers.
#pragma once

#include <fmt/format.h>

#include <string>

namespace vlrm {

inline std::string number(double value, int digits) {
  return fmt::format("{:.{}f}", value, digits);
}

inline std::string p_text(double p) {
  return p < 1e-4 ? "<0.0001" : fmt::format("{:.4f}", p);
}

}  // namespace vlrm
