#include "results/run_reader.h"

#include "base/error.h"

namespace vlrm {

RunResults RunReader::read(const std::filesystem::path& path) {
  RunResults run = read_run(path, kinds_);
  if (grouping_.empty() || run.info.benchmark.groupings.empty()) return run;
  regroup(run, grouping_);
  grouped_ = true;
  return run;
}

void RunReader::check_grouping() const {
  if (!grouping_.empty() && !grouped_)
    throw OptionError("grouping", fmt::format("{}: no result is of a benchmark with several", printable(grouping_)));
}

}  // namespace vlrm
