#include "report/report.h"

#include <filesystem>

#include "app/listening.h"
#include "app/option_checks.h"
#include "base/atomic_output.h"
#include "base/error.h"

namespace vlrm {
namespace {

// A browser shows a file of another name as text.
void require_page_name(const std::string& output) {
  const std::string extension = std::filesystem::path(output).extension().string();
  if (extension != ".html" && extension != ".htm")
    throw OptionError("output", printable(output) + " does not end in .html; a browser would show it as text");
}

}  // namespace

void write_report(const ReportFileOptions& options) {
  const CallListener listening(options.listener);
  require_named("output", options.output);
  if (options.results.empty()) throw OptionError("results", "at least one is needed");
  require_at_least("samples", options.report.samples, 0);
  require_at_least("thumbnail", options.report.thumbnail, 1);
  require_at_least("bytes", options.report.bytes, 1);
  require_page_name(options.output);
  AtomicFiles file({options.output}, options.force);
  const Report report = make_report(options.results, options.report);
  for (const std::string& note : report.notes) tell_note(note);
  file.commit({report.page});
}

}  // namespace vlrm
