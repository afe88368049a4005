// What a family of models is: how its config is read, what its tensors are called and how large they are, and how its
// images are made ready. Each family is a folder here and a line in architectures.cpp; how it computes is in its
// subfolder model/, which is compiled into libvlrm_model.
//
// Canonical names are those that transformers 4.4x writes. A checkpoint gets them when it is opened, whatever layout it
// was saved in.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "architecture/config.h"
#include "architecture/tensor_shapes.h"
#include "architecture/work.h"
#include "vision/image_processor.h"

namespace vlrm {

class ConfigFields;

// How images reach the text: through cross-attention layers among the decoder's, or as embeddings in the place of
// placeholder tokens.
enum class Fusion { none, cross_attention, embeddings };

// Another layout that models of a family are published in, beside that of transformers, which it is read as.
struct OriginalLayout {
  std::string_view type;  // model_type in its config.json
  // Its config in the form of transformers. `directory` has the tokenizer's files. Throws Error naming what is not
  // supported.
  OrderedJson (*config)(const OrderedJson& original, const std::filesystem::path& directory);
  // The canonical names of the equal rows that a tensor, by its canonical name, is cut into; none: it stays whole.
  std::vector<std::string> (*parts)(const std::string& name);
  // The files of images that transformers' form has, by name; throws Error as config.
  std::map<std::string, OrderedJson> (*image_files)(const OrderedJson& original,
                                                    const std::filesystem::path& directory);
};

struct Architecture {
  std::string_view type;  // model_type in config.json
  std::string_view name;  // for people
  // transformers' classes, "architectures" in config.json, of its language models (of a family that sees, with images)
  // and of its reward models.
  std::string_view language_class, reward_class;

  // Names of its text part, a decoder: in a text model of its own they begin with "model.", and its head is
  // "lm_head.weight".
  std::string_view text_prefix, head;
  // Of a vision-language model; empty for a text model. The projector's may be within the other.
  std::string_view vision_prefix = {}, projector_prefix = {};
  Fusion fusion = Fusion::none;
  int64_t reserved_rows = 0;                // of the embeddings, behind the vocabulary
  int64_t padding = 1;                      // pad_to_multiple_of that gives merged embeddings the rows of this family
  Pooling pooling = Pooling::last_not_pad;  // of its classifiers
  Dtype device_dtype = Dtype::bf16;         // of the weights on a device that is not a CPU, where no other is asked for

  // Fills in what config.json says of the model beside its head, dtype and pad token.
  void (*read)(const ConfigFields& fields, ModelConfig& config);
  // The canonical name of a tensor of any layout; others stay as they are.
  std::optional<std::string> (*canonical_name)(const std::string& name);
  // By canonical name: every tensor except a reward model's score head and a language model head next to it.
  TensorShapes (*shapes)(const ModelConfig& config);
  // From the files of a model's directory; null for a text model. Throws Error naming the field that is missing,
  // malformed or not supported.
  std::unique_ptr<ImageProcessor> (*processor)(const std::filesystem::path& directory) = nullptr;
  std::string_view image_processor = {};  // transformers' class of it, without the ending "Fast"
  ImageWork (*image_work)(const ModelConfig& config, const ProcessedImage& image) = nullptr;  // null for a text model
  // Tokens before and behind those of an image, which no template writes; empty: none.
  std::string_view image_begin = {}, image_end = {};
  const OriginalLayout* original = nullptr;
  // Python that defines correct(model), for a model in transformers of which some releases compute another thing.
  std::string_view correction = {};

  bool sees() const { return fusion != Fusion::none; }
};

std::span<const Architecture* const> architectures();
// The family with this model_type, or null.
const Architecture* find_architecture(std::string_view type);
// The image processor of a directory with config.json, or with a processor's files alone, which then name their class.
// Throws Error for a text model and as Architecture::processor.
std::unique_ptr<ImageProcessor> open_image_processor(const std::filesystem::path& directory);
// The family that is published in a layout with this model_type, or null.
const Architecture* find_original(std::string_view type);
// The names of the families that see images, or of those that do not, for messages: "Llama".
std::string architecture_names(bool sees);

}  // namespace vlrm
