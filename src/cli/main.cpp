#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/progress.h"
#include "base/threads.h"
#include "cli/commands.h"

namespace {

constexpr int kBadInput = 2;

void declare(CLI::App& program) {
  program.require_subcommand(1);
  program.fallthrough();
  program.set_version_flag("--version", std::string("vlrm ") + VLRM_VERSION);
  program.add_flag_callback(
      "-q,--quiet", [] { vlrm::Progress::set_quiet(true); }, "No progress on standard error");
  program.add_option_function<int>(
      "--threads", [](int count) { vlrm::set_thread_count(count); },
      "Threads (default: all cores); results do not depend on it");
  vlrm::add_build_command(program);
  vlrm::add_score_command(program);
  vlrm::add_inspect_command(program);
  vlrm::add_extract_command(program);
  vlrm::add_merge_command(program);
  vlrm::add_map_command(program);
  vlrm::add_tokenize_command(program);
  vlrm::add_render_command(program);
  vlrm::add_preprocess_command(program);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{
      "vlrm: turns a vision-language model and a text reward model into a vision-language reward model by merging\n"
      "weights, and scores answers about images with it.\n\n"
      "  vlrm build --vlm VLM --rm RM --base BASE --method ties --weight 0.7 --density 0.4 -o OUT\n"
      "  vlrm score --model OUT --image cat.jpg --prompt \"What is this?\" --response \"A cat.\" --response \"A "
      "dog.\"\n",
      "vlrm"};
  try {
    declare(program);
    program.parse(argc, argv);
    if (std::fflush(stdout) != 0) vlrm::fail("standard output: cannot be written");
    return 0;
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error);
    return code == 0 ? 0 : kBadInput;
  } catch (const vlrm::Error& error) {
    fmt::print(stderr, "vlrm: {}\n", error.what());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "vlrm: out of memory\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "vlrm: {}\n", error.what());
  }
  return kBadInput;
}
