// A page about evaluations: tables, charts and the samples behind them.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace vlrm {

struct ReportOptions {
  std::string title = "Evaluation report";  // as it stands here, the benchmarks' names follow
  std::map<std::string, std::string> data;  // datasets by subtask or task; "": of the only benchmark
  std::string grouping;                     // as in ResultsOptions
  int64_t samples = 10'000;                 // of each benchmark, in the gallery
  int64_t thumbnail = 256;                  // pixels of the longest side
  int64_t bytes = 100'000'000;              // the page stays below
  bool allow_outside = false;               // show images that a dataset names outside of its folder, too
};

struct ReportFileOptions {
  std::vector<std::string> results;  // result folders, folders of them, or files of rows
  std::string output;                // the HTML file; its name ends in .html or .htm
  ReportOptions report;
  bool force = false;  // replace an output that exists
  Listener* listener = nullptr;
};

void write_report(const ReportFileOptions& options);

}  // namespace vlrm
