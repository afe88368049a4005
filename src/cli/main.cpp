#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/hub_download.h"
#include "base/listening.h"
#include "base/threads.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/help_format.h"
#include "cli/option_names.h"
#include "cli/options_file.h"
#include "cli/terminal.h"
#include "cli/usage_errors.h"

namespace {

vlrm::Terminal& terminal() {
  static vlrm::Terminal one;
  return one;
}

constexpr int kInterrupted = 128;         // plus the signal, as shells have it
constexpr size_t kLongestError = 10'000;  // bytes

void declare(CLI::App& program) {
  program.require_subcommand(1);
  program.fallthrough();
  program.footer(
      "Exit codes: 0 done; 2 options, input or settings are wrong; 3 inspect --verify found a change; 75 disk, memory, "
      "time or another run stood in the way, and the same command may go well later; 1 a bug of vlrm's; 128 + n signal "
      "n.");
  program.formatter(std::make_shared<vlrm::HelpFormat>());
  program.set_version_flag("-V,--version", "vlrm " + vlrm::version());
  program.add_flag_callback(
      "-q,--quiet", [] { terminal().set_quiet(true); }, "No progress on standard error");
  program.add_flag_callback(
      "--offline", [] { vlrm::set_offline(true); }, "Download nothing (as HF_HUB_OFFLINE=1)");
  program
      .add_option_function<int>(
          "--threads", [](int count) { vlrm::set_thread_count(count); },
          "Threads (default: all cores); merges do not depend on it, scores in their last digits")
      ->check(vlrm::whole_number(0));
  vlrm::declare_options_file(program);
  vlrm::add_build_command(program);
  vlrm::add_score_command(program);
  vlrm::add_serve_command(program);
  vlrm::add_generate_command(program);
  vlrm::add_caption_command(program);
  vlrm::add_answers_command(program);
  vlrm::add_aggregate_command(program);
  vlrm::add_judge_command(program);
  vlrm::add_eval_command(program);
  vlrm::add_results_command(program);
  vlrm::add_report_command(program);
  vlrm::add_recipes_command(program);
  vlrm::add_reproduce_command(program);
  vlrm::add_inspect_command(program);
  vlrm::add_extract_command(program);
  vlrm::add_merge_command(program);
  vlrm::add_check_command(program);
  vlrm::add_compare_command(program);
  vlrm::add_map_command(program);
  vlrm::add_tokenize_command(program);
  vlrm::add_render_command(program);
  vlrm::add_preprocess_command(program);
  vlrm::add_completion_command(program);
  vlrm::add_help_command(program);
  vlrm::add_version_command(program);
}

// An empty name or number is a mistake of the shell's; an empty text may be meant.
void refuse_empty_values(CLI::App& parent) {
  for (CLI::App* command : parent.get_subcommands([](const CLI::App*) { return true; })) {
    for (CLI::Option* option : command->get_options())
      if (option->get_name() != "--prompt" && option->get_name() != "--response") option->check(vlrm::not_empty());
    refuse_empty_values(*command);
  }
}

// Files that we open must not become standard output or error because those were closed. What cannot be written must
// not seem so: a closed standard output stays one that writes fail on.
void open_standard_descriptors() {
  for (int descriptor = -1; descriptor <= STDERR_FILENO;) {
    descriptor = ::open("/dev/null", O_RDONLY);
    if (descriptor < 0) return;
    if (descriptor > STDERR_FILENO) ::close(descriptor);
  }
}

void check_standard_output() {
  errno = EIO;  // unless the library knows better
  std::cout.flush();
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout;
  if (written) return;
  const bool closed = (::fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY;
  vlrm::throw_system_error(closed ? EBADF : errno, "standard output: cannot be written");
}

void run(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    if (!program.remaining(true).empty()) throw vlrm::Error(vlrm::usage_error(program, help_or_version));
    program.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    throw vlrm::Error(vlrm::usage_error(program, error));
  }
}

int complain(std::string_view what, int exit_code) {
  if (const int signal = vlrm::Terminal::interrupting_signal(); signal != 0) return kInterrupted + signal;
  vlrm::tell(vlrm::with_option_names(fmt::format("vlrm: {}", vlrm::printable(what, kLongestError))));
  return exit_code;
}

int complain(std::string_view what, std::error_code cause) {
  const bool temporary = vlrm::is_temporary(cause.value());
  return complain(what, temporary ? vlrm::kExitTemporary : vlrm::kExitBadInput);
}

// What nobody foresaw.
int complain_of_bug(std::string_view what) {
  return complain(fmt::format("internal error: {}. Please report this.", what), vlrm::kExitBug);
}

// An exception left a function that must not throw: a destructor that needed memory, nearly always.
[[noreturn]] void end_after_terminate() {
  try {
    if (const auto error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    vlrm::tell("vlrm: out of memory");
    std::_Exit(vlrm::kExitTemporary);
  } catch (...) {
  }
  vlrm::tell("vlrm: internal error: an exception that nothing could catch. Please report this.");
  std::_Exit(vlrm::kExitBug);
}

int run_or_complain(int argc, char** argv) {
  CLI::App program{
      "vlrm: turns a vision-language model and a text reward model into a vision-language reward model by merging "
      "weights, and scores answers about images with it.\n\n"
      "  vlrm build --vlm VLM --rm RM --base BASE --method ties --weight 0.7 --density 0.4 -o OUT\n"
      "  vlrm score --model OUT --image cat.jpg --prompt \"What is this?\" --response \"A cat.\" --response \"A "
      "dog.\"\n",
      "vlrm"};
  try {
    declare(program);
    refuse_empty_values(program);
    run(program, argc, argv);
    check_standard_output();
    return 0;
  } catch (const vlrm::OptionError& error) {
    return complain(fmt::format("{}: {}", vlrm::option_name(error.option()), error.complaint()), error.exit_code());
  } catch (const vlrm::Error& error) {
    return complain(error.what(), error.exit_code());
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(fmt::format("{}: {}", error.path1().string(), error.code().message()), error.code());
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again) return complain(error.what(), error.code());
    return complain("no more threads can be started; raise what limits them (ulimit -u)", vlrm::kExitTemporary);
  } catch (const std::bad_alloc&) {
    return complain("out of memory", vlrm::kExitTemporary);
  } catch (const vlrm::BugError& error) {
    return complain(error.what(), vlrm::kExitBug);
  } catch (const std::exception& error) {
    return complain_of_bug(error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  std::set_terminate(end_after_terminate);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow (ulimit -f) is an error of its write
  // Read by OpenMP when libtorch brings it in: its threads sleep while they wait. Spinning, their default, takes ten
  // times as long as soon as another program wants the cores too, and gains nothing to speak of where none does.
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  const vlrm::ListenerScope listening(&terminal());
  try {
    return run_or_complain(argc, argv);
  } catch (...) {  // no memory is left to complain with
    return vlrm::kExitTemporary;
  }
}
