// Scores responses to a prompt about an image: score MODEL IMAGE PROMPT RESPONSE…
#include <vlrm/score.h>

#include <cstdio>

namespace {

// Prints what is worth knowing; a program of its own might log it.
class Printer : public vlrm::Listener {
  void message(Kind, const std::string& line) override { std::fprintf(stderr, "%s\n", line.c_str()); }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return std::fprintf(stderr, "usage: score MODEL IMAGE PROMPT RESPONSE...\n"), 2;
  Printer printer;
  vlrm::ScoreOptions options;
  options.model.model = argv[1];
  options.images = {argv[2]};
  options.prompt = argv[3];
  options.responses.assign(argv + 4, argv + argc);
  options.listener = &printer;
  try {
    const vlrm::Scores scores = vlrm::score(options);
    for (size_t i = 0; i < scores.scores.size(); ++i)
      std::printf("%.5f  %s\n", scores.scores[i], options.responses[i].c_str());
  } catch (const vlrm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_code();
  }
}
