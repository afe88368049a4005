// vlrm preprocess: what the vision tower would see, for looking inside and for comparing with other tools.
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/atomic_output.h"
#include "base/error.h"
#include "cli/commands.h"
#include "vision/mllama_processor.h"
#include "weights/model_files.h"
#include "weights/safetensors.h"

namespace vlrm {
namespace {

struct PreprocessOptions {
  std::string model, output;
  std::vector<std::string> images;
  bool no_exif = false, force = false;
};

// The tensors of one sample, named and shaped as the reference's processor returns them.
class SampleTensors {
 public:
  SampleTensors(int64_t images, const MllamaProcessorConfig& config)
      : config_(config),
        tensors_{{"aspect_ratio_ids", Dtype::i64, {1, images}},
                 {"aspect_ratio_mask", Dtype::i64, {1, images, config.max_tiles}},
                 {"num_tiles", Dtype::i64, {1, images}},
                 {"pixel_values", Dtype::f32, {1, images, config.max_tiles, 3, config.tile_size, config.tile_size}}},
        layout_(lay_out_safetensors(tensors_, {})),
        file_(layout_.header) {
    file_.resize(static_cast<size_t>(layout_.file_size));
  }

  void set(int64_t image, const TiledImage& tiled) {
    put(0, image, tiled.aspect_ratio_id);
    for (int64_t tile = 0; tile < tiled.tiles; ++tile) put(1, image * config_.max_tiles + tile, int64_t{1});
    put(2, image, tiled.tiles);
    const auto image_pixels = config_.max_tiles * 3 * config_.tile_size * config_.tile_size;
    put(3, image * image_pixels, tiled.pixels.front(), tiled.pixels.size());
  }

  const std::string& file() const { return file_; }

 private:
  template <class T>
  void put(size_t tensor, int64_t element, const T& first, size_t count = 1) {
    const int64_t offset = layout_.offsets[tensor] + element * static_cast<int64_t>(sizeof(T));
    std::memcpy(file_.data() + offset, &first, count * sizeof(T));
  }

  const MllamaProcessorConfig& config_;
  std::vector<TensorInfo> tensors_;
  SafetensorsLayout layout_;
  std::string file_;
};

void run_preprocess(const PreprocessOptions& options) {
  std::error_code not_there;
  for (const auto& image : options.images)
    if (std::filesystem::equivalent(image, options.output, not_there))
      fail("{}: is the input and the output; name another output", options.output);
  AtomicFiles file({options.output}, options.force);
  const auto config = MllamaProcessorConfig::from_directory(resolve_model(options.model).directory);
  DecodeOptions decode;
  decode.apply_exif = !options.no_exif;
  SampleTensors tensors(static_cast<int64_t>(options.images.size()), config);
  for (size_t i = 0; i < options.images.size(); ++i)
    tensors.set(static_cast<int64_t>(i), preprocess(read_image(options.images[i], decode), config));
  file.commit({tensors.file()});
}

}  // namespace

void add_preprocess_command(CLI::App& program) {
  auto options = std::make_shared<PreprocessOptions>();
  CLI::App* command =
      program.add_subcommand("preprocess", "Write what the vision tower sees of images, as safetensors");
  command->footer("Example: vlrm preprocess --model OUT --image cat.jpg -o cat.safetensors");
  command->add_option("--model", options->model, "Directory or hub id with preprocessor_config.json")->required();
  command->add_option("--image", options->images, "JPEG, PNG or WebP; several are one sample")->required();
  command->add_option("-o,--output", options->output, "The safetensors file to write")->required();
  command->add_flag("--no-exif", options->no_exif, "Leave images as stored, whatever EXIF says of their orientation");
  command->add_flag("--force", options->force, "Replace the output if it exists");
  command->callback([options] { run_preprocess(*options); });
}

}  // namespace vlrm
