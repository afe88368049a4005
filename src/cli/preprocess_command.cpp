// vlrm preprocess: what the vision tower would see, for looking inside and for comparing with other tools.
#include <cstring>
#include <filesystem>
#include <memory>

#include "architecture/architecture.h"
#include "base/atomic_output.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "weights/model_files.h"
#include "weights/safetensors.h"

namespace vlrm {
namespace {

struct PreprocessOptions {
  std::string model, output;
  std::vector<std::string> images;
  PixelLimits pixels;
  bool no_exif = false, force = false;
};

// A safetensors file of them.
std::string file_of(const std::vector<ProcessedTensor>& tensors) {
  std::vector<TensorInfo> infos;
  for (const ProcessedTensor& tensor : tensors) {
    const bool is_float = std::holds_alternative<std::vector<float>>(tensor.values);
    infos.push_back({tensor.name, is_float ? Dtype::f32 : Dtype::i64, tensor.shape});
  }
  const SafetensorsLayout layout = lay_out_safetensors(infos, {});
  std::string file = layout.header;
  file.resize(static_cast<size_t>(layout.file_size));
  for (size_t i = 0; i < tensors.size(); ++i)
    std::visit(
        [&](const auto& values) {
          std::memcpy(file.data() + layout.offsets[i], values.data(), values.size() * sizeof(values[0]));
        },
        tensors[i].values);
  return file;
}

void run_preprocess(const PreprocessOptions& options) {
  std::error_code not_there;
  for (const auto& image : options.images)
    if (std::filesystem::equivalent(image, options.output, not_there))
      fail("{}: is the input and the output; name another output", options.output);
  AtomicFiles file({options.output}, options.force);
  auto processor = open_image_processor(resolve_model(options.model, HubFiles::texts).directory);
  if (options.pixels.least || options.pixels.most) processor = processor->within(options.pixels);
  if (auto several = options.images.size() > 1 ? processor->among_several() : nullptr) processor = std::move(several);
  DecodeOptions decode;
  decode.apply_exif = !options.no_exif;
  decode.alpha = processor->alpha();
  std::vector<ProcessedImage> images;
  for (const std::string& image : options.images) {
    const Image pixels = read_image(image, decode);
    try {
      images.push_back(processor->process(pixels));
    } catch (const Error& error) {
      rethrow_at(printable(image), error);
    }
  }
  file.commit({file_of(processor->tensors(images))});
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
  declare_pixel_limits(*command, options->pixels.least, options->pixels.most);
  command->add_flag("--no-exif", options->no_exif, "Leave images as stored, whatever EXIF says of their orientation");
  command->add_flag("--force", options->force, "Replace the output if it exists");
  command->callback([options] { run_preprocess(*options); });
}

}  // namespace vlrm
