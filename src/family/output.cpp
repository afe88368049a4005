#include "family/output.h"

#include "base/atomic_output.h"
#include "weights/views.h"

namespace vlrm {
namespace {

int64_t total_bytes(const Checkpoint& checkpoint) {
  int64_t bytes = 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) bytes += tensor.bytes();
  return bytes;
}

}  // namespace

std::vector<std::string> write_output(const PlannedOutput& planned, const OutputOptions& options,
                                      const Manifest& manifest) {
  const CheckpointPtr weights = cast(planned.weights, planned.dtype);
  Progress progress("merging", total_bytes(*weights), Progress::Unit::bytes);
  if (options.null_sink) {
    discard_checkpoint(*weights, &progress);
    return planned.remarks;
  }
  AtomicDirectory output(options.directory, options.force, kManifestName);
  std::vector<std::string> remarks = planned.remarks;
  for (std::string& line : copy_side_files(planned.side_files, output.staging())) remarks.push_back(std::move(line));
  write_file_atomically(output.staging() / "config.json", planned.config.dump(2) + "\n", false);
  SaveOptions save;
  save.max_shard_bytes = options.max_shard_bytes;
  save_checkpoint(*weights, output.staging(), save, &progress);
  manifest.write(output.staging());
  output.commit();
  return remarks;
}

}  // namespace vlrm
