// Merges models by a recipe, and says how far it is: merge RECIPE OUTPUT
#include <vlrm/merge.h>

#include <cstdio>

namespace {

class Percent : public vlrm::Listener {
  void message(Kind, const std::string& line) override { std::fprintf(stderr, "%s\n", line.c_str()); }
  void progress(const vlrm::ProgressReport& report) override {
    const double share =
        report.total > 0 ? 100.0 * static_cast<double>(report.finished) / static_cast<double>(report.total) : 100;
    std::fprintf(stderr, "%s: %.0f %%\n", report.label.c_str(), share);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: merge RECIPE OUTPUT\n"), 2;
  Percent percent;
  vlrm::MergeOptions options;
  options.recipe = argv[1];
  options.output.directory = argv[2];
  options.listener = &percent;
  try {
    vlrm::merge(options);
  } catch (const vlrm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_code();
  }
}
