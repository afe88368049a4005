#include "report/report.h"

#include "app/listening.h"
#include "base/atomic_output.h"

namespace vlrm {

void write_report(const ReportFileOptions& options) {
  const CallListener listening(options.listener);
  AtomicFiles file({options.output}, options.force);
  const Report report = make_report(options.results, options.report);
  for (const std::string& note : report.notes) tell_note(note);
  file.commit({report.page});
}

}  // namespace vlrm
