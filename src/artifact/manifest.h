// vlrm_manifest.json: what an output was made of, so that it can be made again and the inputs can be told from others.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "architecture/read_model.h"
#include "artifact/fingerprint.h"
#include "artifact/side_files.h"
#include "base/json.h"
#include "base/remembered_digests.h"
#include "weights/checkpoint.h"

namespace vlrm {

// Gathers the inputs of one command. Files that the hub cache names by their sha256 are known by that, so that nothing
// need be read to tell that they are the same; beside it, weights are fingerprinted while they are read, and other
// files when the manifest is made, so that the same content is known in any other place.
class Manifest {
 public:
  // `settings` is what the command was asked for: the recipe, seed, types.
  Manifest(std::string command, OrderedJson settings);

  // What the user called the input with this role.
  void name_input(const std::string& role, const std::string& name);
  // Notes an input. The result is to be read in place of `checkpoint`; null where no weights are read of it, only other
  // files.
  CheckpointPtr watch(const std::string& role, const std::filesystem::path& directory, CheckpointPtr checkpoint);

  WatchInput watcher();  // of this manifest, which must outlive it

  // What the output depends on, before the weights are read by the command itself: for a run that goes on with
  // another's. Weights are known by the hub's names; else by contents, for which they are read, or by states, which are
  // the same only while nobody touches, moves or copies the files.
  enum class WeightsBy { contents, states };
  OrderedJson identity(WeightsBy how) const;
  // Whether `output` holds the manifest of a run with the same command and settings.
  bool is_of(const std::filesystem::path& output) const;

  // What is no longer as the manifest in `output` says of its inputs, in one line, or "". Weights are read where
  // neither the hub's names nor remembered digests (see FileStates) tell. Throws Error for a malformed manifest.
  std::string change_since(const std::filesystem::path& output) const;

  // Which weights of `output` are gone or cut off since its manifest was written, in one line, or "". Their contents
  // are not read. Throws Error for a malformed manifest.
  static std::string damage_of(const std::filesystem::path& output);

  // Of the input that `directory` is, or nothing.
  std::optional<std::string> role_of(const std::filesystem::path& directory) const;

  // After everything has been read.
  OrderedJson json() const;
  // With the sizes of the weights that `output` holds.
  void write(const std::filesystem::path& output) const;

 private:
  struct Input {
    std::filesystem::path directory;
    std::optional<Fingerprint> weights;  // nothing where none are read
    std::optional<FileStates> states;    // of their files, before anything was read
  };
  std::string command_;
  OrderedJson settings_;
  std::map<std::string, std::string> names_;
  std::map<std::string, Input> inputs_;  // by role
};

// One line for each input that is no longer what the manifest in `output` says, none if all are. Reads the inputs'
// weights unless remembered digests tell (see FileStates). Throws Error if the manifest is missing or malformed.
std::vector<std::string> changed_inputs(const std::filesystem::path& output);

}  // namespace vlrm
