#include "app/benchmarks.h"

#include <vlrm/error.h>

#include "base/error.h"
#include "base/joined.h"

namespace vlrm {

const BenchmarkSpec& benchmark_or_throw(const std::string& option, const std::string& name, const Benchmarks& choices) {
  if (const BenchmarkSpec* spec = find_benchmark(choices, name)) return *spec;
  std::vector<std::string> names;
  for (const BenchmarkSpec* spec : choices) names.push_back(spec->name());
  throw OptionError(option, fmt::format("{} is none of {}", printable(name), joined(names)));
}

}  // namespace vlrm
