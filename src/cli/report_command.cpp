// vlrm report: a page about evaluations.
#include <vlrm/report.h>
#include <algorithm>

#include <memory>

#include "base/error.h"
#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"

namespace vlrm {
namespace {

struct ReportFlags {
  ReportFileOptions file;
  std::vector<std::string> data;
  double megabytes = 100;
};

// "vl-rewardbench=DIR", or a name alone where there is one benchmark.
void read_data_names(ReportFlags& flags) {
  for (const std::string& text : flags.data) {
    const size_t sign = text.find('=');
    const std::string name = sign == text.npos ? "" : text.substr(0, sign);
    auto& data = flags.file.report.data;
    if (std::ranges::any_of(data, [&](const auto& given) { return same_name(given.first, name); }))
      fail("--data {}: another one is named before it", printable(text));
    data.emplace(name, text.substr(sign + 1));
  }
}

void run_report(ReportFlags& flags) {
  read_data_names(flags);
  flags.file.report.bytes = static_cast<int64_t>(flags.megabytes * 1e6);
  write_report(flags.file);
}

}  // namespace

void add_report_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("report", "One page about evaluations: tables, charts, samples");
  const auto flags = std::make_shared<ReportFlags>();
  command->add_option("results", flags->file.results, "As vlrm results takes them")->required();
  command->add_option("-o,--output", flags->file.output, "The HTML file to write, NAME.html")->required();
  command->add_option("--title", flags->file.report.title, "Title of the page")->capture_default_str();
  command->add_option("--data", flags->data,
                      "Where the dataset is now (default: where it was when it was scored); of several benchmarks, "
                      "NAME=DATA, where NAME is one of " +
                          names_of(all_benchmarks()));
  command->add_option("--grouping", flags->file.report.grouping, "Of VL-RewardBench's rows, as vlrm results takes it");
  command->add_option("--samples", flags->file.report.samples, "Samples to look at, of each benchmark")
      ->check(whole_number(0))
      ->capture_default_str();
  command->add_option("--thumbnail", flags->file.report.thumbnail, "Longest side of images, in pixels")
      ->check(CLI::Range(16, 4096))
      ->capture_default_str();
  command->add_option("--megabytes", flags->megabytes, "Largest page; images become coarser and texts shorter to fit")
      ->check(CLI::Range(0.1, 2000.0))
      ->capture_default_str();
  command->add_flag("--allow-outside", flags->file.report.allow_outside,
                    "Show images that a dataset names outside of its folder, too; the page is there to be passed on");
  command->add_flag("--force", flags->file.force, "Replace the output if it exists");
  command->footer(
      "Examples:\n"
      "  vlrm report results/* -o report.html\n"
      "  vlrm report results/sweep -o sweep.html --data MMInstruction/VL-RewardBench\n"
      "  vlrm report a b -o both.html --data vl-rewardbench=pairs.parquet --data textvqa_val=textvqa\n\n"
      "The page opens from disk and loads nothing. Press ? in it for its keys.");
  command->callback([flags] { run_report(*flags); });
}

}  // namespace vlrm
