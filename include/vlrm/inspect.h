// What a checkpoint is.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>

#include <string>

namespace vlrm {

struct InspectOptions {
  std::string model;  // a directory, a hub id in the local cache, or MODEL+ADAPTER
  Listener* listener = nullptr;
};

// The facts that `vlrm inspect` prints, as a JSON object: "directory", "adapter" (null: none), "kind" (a line),
// "family" (as vlrm calls it; its model_type where vlrm does not run it), "runs" (whether vlrm runs it), "parameters"
// and "bytes" of all weights, "parts" (a list with "part", "parameters", "bytes", "dtypes"), "hidden_size", "layers",
// "cross_attention_layers", "vocabulary", "vision" (a line; null: sees nothing), "labels" (of a classifier),
// "value_head", "chat_template" (its characters; null: none), "roles" (for "vlm", "rm" and "base": null where vlrm
// build can take it so, else why not) and "notes". Of a family that vlrm does not run, only the first five,
// "architectures" (of its config.json) and the roles. Reads no weights. Throws Error for what is missing or malformed.
std::string inspect(const InspectOptions& options);

}  // namespace vlrm
