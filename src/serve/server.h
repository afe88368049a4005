// `vlrm serve`: rewards over HTTP.
#pragma once

#include <vlrm/model.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vlrm {

struct ServeOptions {
  ModelOptions model;
  std::string host = "127.0.0.1";
  int port = 8000;                              // 0: any that is free
  std::vector<std::string> api_keys;            // of which a request needs one; none: none is needed
  std::vector<std::string> served_model_names;  // of the model in requests and answers; none: as it was given
  std::string allowed_local_media_path;         // a folder whose files requests may name; "": none
  std::string response_template;  // of texts for /get_reward: chatml, llama3, gemma or an expression; "": by the text
  int64_t gather_ms = 5;          // how long a question waits for others about its prompt
  int64_t max_waiting = 1024;     // requests
  int64_t time_limit = 150;       // seconds until the work on a request begins
  int64_t limit_connections = 1280;
  int64_t limit_body = 64;                           // MiB of a request
  int64_t limit_images = 16;                         // of a prompt
  int64_t limit_responses = 256;                     // of a request
  std::optional<int64_t> limit_pixels;               // of an image as it is stored; none: as everywhere
  std::function<void(const std::string& line)> log;  // gets a line of JSON for each request; null: nobody
};

// Serves until `stop` says so, and answers then what was accepted. The listener is told when it serves. Throws Error
// for options that are wrong, an address that is taken and a model that cannot be loaded.
void serve(const ServeOptions& options, const std::function<bool()>& stop);

}  // namespace vlrm
