#include "artifact/output.h"

#include "artifact/fingerprint.h"
#include "artifact/transformers_4.h"
#include "base/atomic_output.h"
#include "base/content_digest.h"
#include "base/disk_space.h"
#include "base/error.h"
#include "weights/views.h"

namespace vlrm {
namespace {

int64_t total_bytes(const Checkpoint& checkpoint) {
  int64_t bytes = 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) bytes += tensor.bytes();
  return bytes;
}

// Nothing where all numbers are finite.
void add_note_of(std::vector<std::string>& notes, const NotFinite& not_finite, std::optional<Dtype> dtype) {
  if (not_finite.empty()) return;
  int64_t elements = 0;
  for (const auto& [tensor, count] : not_finite) elements += count;
  const size_t tensors = not_finite.size();
  notes.push_back(fmt::format("{} element{} of {} tensor{} {} infinite or NaN, the first in {}{}", elements,
                              elements == 1 ? "" : "s", tensors, tensors == 1 ? "" : "s", elements == 1 ? "is" : "are",
                              printable(not_finite.begin()->first),
                              dtype == Dtype::f16 ? "; bfloat16 and float32 hold larger numbers than float16" : ""));
}

constexpr const char* kJournalName = "vlrm_journal";

// All that the bytes of the weights depend on, by two lines of digits: one that costs nothing, and one for which inputs
// are read, so that they may have been moved or touched meanwhile.
class WorkIdentity {
 public:
  WorkIdentity(const Checkpoint& weights, const OutputOptions& options, const Manifest& manifest)
      : manifest_(manifest) {
    rest_["max_shard_bytes"] = options.max_shard_bytes;
    for (const TensorInfo& tensor : weights.tensors())
      rest_["tensors"].push_back({tensor.name, safetensors_name(tensor.dtype), tensor.shape});
    by_states_ = digits(Manifest::WeightsBy::states);
  }

  // The first line of a journal. `by_contents`: inputs are read for it, where they are not known.
  std::string line(bool by_contents) {
    if (by_contents) contents();
    return fmt::format("{} {} {}", kBegins, by_states_, by_contents_);
  }
  bool is_of(const std::string& line) {
    if (line.starts_with(fmt::format("{} {} ", kBegins, by_states_))) return true;
    return line.starts_with(kBegins) && !line.ends_with(kNotRead) && line.ends_with(" " + contents());
  }

 private:
  static constexpr const char *kBegins = "vlrm journal 2", *kNotRead = " -";
  std::string digits(Manifest::WeightsBy how) const {
    const OrderedJson json{{"inputs", manifest_.identity(how)}, {"output", rest_}};
    return content_digest(json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
  }
  const std::string& contents() {
    if (by_contents_ == "-") by_contents_ = digits(Manifest::WeightsBy::contents);
    return by_contents_;
  }

  const Manifest& manifest_;
  OrderedJson rest_;
  std::string by_states_, by_contents_ = "-";
};

// Files beside the weights may have been cut off where the other run was killed.
void remove_all_but_weights(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const auto& path = entry.path();
    if (path.extension() != ".safetensors" && path.filename() != kJournalName) std::filesystem::remove_all(path);
  }
}

void refuse_input(const std::filesystem::path& directory, const Manifest& manifest) {
  if (const auto role = manifest.role_of(directory))
    fail("{}: is an input ({}), which would be gone; name another output", directory.string(), printable(*role));
}

void refuse_changed_inputs(const std::filesystem::path& directory, const Manifest& manifest) {
  if (const std::string damage = Manifest::damage_of(directory); !damage.empty())
    fail("{}: was finished, but {}; `force` merges again", directory.string(), damage);
  const std::string change = manifest.change_since(directory);
  if (!change.empty()) fail("{}: is there already, but {}; `force` merges again", directory.string(), change);
}

}  // namespace

void check_output(const PlannedOutput& planned, const OutputOptions& options, const Manifest& manifest) {
  if (options.null_sink) return;
  refuse_input(options.directory, manifest);
  if (!options.allow_outside) refuse_links_outside(planned.side_files);
  if (!options.resume) refuse_existing(options.directory, options.force);
  require_writable(options.directory);
  require_space(options.directory,
                total_bytes(planned.dtype ? *cast(planned.weights, *planned.dtype) : *planned.weights));
}

std::vector<std::string> write_output(const PlannedOutput& planned, const OutputOptions& options,
                                      const Manifest& manifest) {
  const CheckpointPtr weights = planned.dtype ? cast(planned.weights, *planned.dtype) : planned.weights;
  std::vector<std::string> notes = planned.notes;
  if (options.resume && !options.null_sink && manifest.is_of(options.directory)) {
    refuse_changed_inputs(options.directory, manifest);
    notes.push_back(fmt::format("{}: is there already, of the same settings and inputs", options.directory.string()));
    return notes;
  }
  Progress progress(options.label, total_bytes(*weights), Progress::Unit::bytes);
  if (options.null_sink) {
    add_note_of(notes, discard_checkpoint(*weights, &progress), planned.dtype);
    return notes;
  }
  refuse_input(options.directory, manifest);
  if (!options.allow_outside) refuse_links_outside(planned.side_files);
  WorkIdentity identity(*weights, options, manifest);
  std::string header;
  bool dropped = false;
  AtomicDirectory output(options.directory, options.force, kManifestName, [&](const std::filesystem::path& leftover) {
    if (!options.resume) return false;
    const auto left = SaveJournal::identity_of_work(leftover / kJournalName);
    const bool goes_on = left && identity.is_of(*left);
    if (goes_on) header = *left;
    dropped = dropped || !goes_on;
    return goes_on;
  });
  if (dropped && !output.adopted())
    notes.push_back(fmt::format("{}: begun anew: what another run left is of other settings or inputs, or nothing yet",
                                options.directory.string()));
  if (output.adopted()) remove_all_but_weights(output.staging());
  if (options.resume) output.keep_if_dropped();
  require_space(options.directory, total_bytes(*weights) - output.bytes());
  std::optional<SaveJournal> journal(std::in_place, output.staging() / kJournalName,
                                     output.adopted() ? header : identity.line(options.resume));
  for (const auto& [name, text] : planned.texts) write_file_atomically(output.staging() / name, text, false);
  for (std::string& line : copy_side_files(planned.side_files, output.staging())) notes.push_back(std::move(line));
  fit_side_files_to_transformers_4(output.staging());
  OrderedJson config = planned.config;
  add_rope_of_transformers_4(config);
  write_file_atomically(output.staging() / "config.json", config.dump(2) + "\n", false);
  SaveOptions save;
  save.max_shard_bytes = options.max_shard_bytes;
  save.journal = &*journal;
  add_note_of(notes, save_checkpoint(*weights, output.staging(), save, &progress), planned.dtype);
  manifest.write(output.staging());
  journal.reset();
  std::filesystem::remove(output.staging() / kJournalName);
  output.commit();
  return notes;
}

}  // namespace vlrm
