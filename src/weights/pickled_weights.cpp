#include "weights/pickled_weights.h"

#include "base/error.h"

namespace vlrm {

std::string conversion_command(const std::filesystem::path& directory, const std::vector<PickledFiles>& files) {
  std::string quoted = printable(directory.string(), 4096);
  for (size_t at = quoted.find('\''); at != quoted.npos; at = quoted.find('\'', at + 4)) quoted.replace(at, 1, "'\\''");
  std::string names;
  for (const auto& [begin, safe] : files) names += fmt::format(" {}={}", begin, safe);
  return fmt::format(
      "python3 -c 'import pathlib, sys, torch; from safetensors.torch import save_file; d = pathlib.Path(sys.argv[1]); "
      "[save_file({{k: v.clone().contiguous() for f in sorted(d.glob(b + \"*.bin\")) for k, v in torch.load(f, "
      "map_location=\"cpu\", weights_only=True).items()}}, d / (s + \".safetensors\"), {{\"format\": \"pt\"}}) "
      "for b, s in (a.split(\"=\") for a in sys.argv[2:])]' '{}'{}",
      quoted, names);
}

}  // namespace vlrm
