#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"
#include "cli/usage_errors.h"
#include "serve/server.h"

namespace vlrm {
namespace {

struct ServeFlags {
  ModelFlags model;
  ServeOptions options;
  bool no_log = false;
};

void serve_until_signal(ServeFlags& flags) {
  ServeOptions& options = flags.options;
  options.model = flags.model.options;
  const char* key = std::getenv("VLRM_API_KEY");
  if (key != nullptr && *key != '\0') options.api_keys.emplace_back(key);
  std::mutex mutex;
  if (!flags.no_log)
    options.log = [&mutex](const std::string& line) {
      const std::lock_guard lock(mutex);
      std::cout << line << '\n' << std::flush;  // a reader that left loses lines, not the server
    };
  const InterruptScope scope;  // the first signal ends the server, not the process
  serve(options, [] { return Terminal::interrupting_signal() != 0; });
  Terminal::forget_signal();
}

void declare_limits(CLI::App& command, ServeOptions& options) {
  const auto limit = [&](const char* name, int64_t& value, int64_t least, const char* what) {
    command.add_option(name, value, what)
        ->check(whole_number(static_cast<uint64_t>(least)))
        ->capture_default_str()
        ->group("Limits");
  };
  limit("--max-waiting", options.max_waiting, 1, "Requests at a time; more are answered 503 with Retry-After");
  limit("--time-limit", options.time_limit, 1, "Seconds until the work on a request begins; then 503");
  limit("--limit-connections", options.limit_connections, 1, "Connections at a time; more wait");
  limit("--limit-body", options.limit_body, 1, "MiB of a request");
  limit("--limit-images", options.limit_images, 0, "Images of a prompt");
  limit("--limit-responses", options.limit_responses, 1, "Responses or prompts of a request");
  command.add_option("--limit-pixels", options.limit_pixels, "Pixels of an image as it is sent (default: 178,956,970)")
      ->check(whole_number(1))
      ->group("Limits");
}

}  // namespace

void add_serve_command(CLI::App& program) {
  auto flags = std::make_shared<ServeFlags>();
  ServeOptions& options = flags->options;
  CLI::App* command = program.add_subcommand("serve", "Serve rewards over HTTP, for trainers and other programs");
  command->footer(
      "Examples:\n"
      "  vlrm serve --model OUT --port 8000\n"
      "  vlrm serve --vlm VLM --rm RM --method linear --weight-rm 0.5 --device cuda\n\n"
      "POST /v1/reward with {\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", "
      "\"image_url\": {\"url\": "
      "\"data:image/png;base64,…\"}}, {\"type\": \"text\", \"text\": \"What is this?\"}]}], \"responses\": [\"A "
      "cat.\", "
      "\"A dog.\"]}. Rewards are as the model gives them; \"use_activation\": true asks for their sigmoid. vLLM's "
      "/classify, "
      "/pooling, /score and /rerank and OpenRLHF's /get_reward are there, too, and a page to try it at /. "
      "Requests are logged on standard output, a line of JSON each, without their contents. Without --max-length, "
      "texts "
      "of more tokens than the model has positions are refused.\n\n"
      "A request needs a key (Authorization: Bearer KEY) if --api-key or VLRM_API_KEY names one. SIGTERM and SIGINT "
      "end "
      "the server when all requests that it accepted are answered; the exit code is 0.");
  flags->model.options.special_tokens = "escape";
  flags->model.declare(*command);
  command->add_option("--host", options.host, "The address to listen on")->capture_default_str();
  command->add_option("--port", options.port, "0: any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command
      ->add_option(
          "--api-key", options.api_keys,
          "A key that admits requests, beside that of VLRM_API_KEY; may be given several times. Others on this "
          "machine can see it: VLRM_API_KEY hides it")
      ->allow_extra_args(false);
  command->add_option("--served-model-name", options.served_model_names,
                      "Names of the model in requests and answers (default: as it is given)");
  command->add_option("--allowed-local-media-path", options.allowed_local_media_path,
                      "A folder whose files requests may show by file:// or by their paths (default: none)");
  command->add_option(
      "--response-template", options.response_template,
      "How a response begins in texts for /get_reward: chatml, llama3, gemma, or a regular expression that "
      "matches what is before it (default: the one that fits)");
  command
      ->add_option(
          "--gather-ms", options.gather_ms,
          "Milliseconds that a question waits for others about its prompt and images, which are then encoded once")
      ->check(whole_number(0))
      ->capture_default_str();
  command->add_flag("--disable-log-requests", flags->no_log, "No log of requests");
  declare_limits(*command, options);
  command->callback([flags] { serve_until_signal(*flags); });
}

}  // namespace vlrm
