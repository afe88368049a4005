// Runs that may be grouped in another published way than they were evaluated in.
#pragma once

#include <filesystem>
#include <string>

#include "results/result_folder.h"

namespace vlrm {

class RunReader {
 public:
  // `grouping`: the name of one, or "" for that of run.json.
  RunReader(BenchmarkKinds kinds, std::string grouping) : kinds_(std::move(kinds)), grouping_(std::move(grouping)) {}

  // As read_run(), regrouped if the benchmark has several groupings. Throws as read_run() and regroup().
  RunResults read(const std::filesystem::path& path);
  // Throws OptionError where a grouping was named and no run could be grouped.
  void check_grouping() const;

 private:
  const BenchmarkKinds kinds_;
  const std::string grouping_;
  bool grouped_ = false;
};

}  // namespace vlrm
