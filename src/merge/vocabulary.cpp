#include "merge/vocabulary.h"

#include "merge/tensor_place.h"

namespace vlrm {

bool is_vocabulary(const TensorInfo& tensor, const MergeSource& source) {
  if (place_of(tensor.name).in_layer()) return false;
  if (is_named_like_vocabulary(tensor.name)) return true;
  return source.vocabulary > 0 && tensor.shape.size() == 2 && tensor.shape[0] == source.vocabulary;
}

const TensorInfo* tied_embeddings(const MergeSource& source) {
  for (const TensorInfo& tensor : source.weights->tensors())
    if (is_before_layers(tensor.name) && is_vocabulary(tensor, source)) return &tensor;
  return nullptr;
}

std::shared_ptr<const RowAlignment> Vocabularies::align(const std::vector<Input>& inputs, std::optional<size_t> base) {
  std::vector<std::shared_ptr<const TokenRows>> vocabularies;
  std::vector<RowAlignment::Model> models;
  for (const Input& input : inputs) {
    vocabularies.push_back(read(input.source->tokenizer));
    models.push_back({vocabularies.back().get(), input.rows});
  }
  return std::make_shared<const RowAlignment>(*read(sources_.output_tokenizer), models, base,
                                              recipe_.pad_to_multiple_of);
}

std::shared_ptr<const TokenRows> Vocabularies::read(const std::filesystem::path& directory) {
  auto& vocabulary = read_[directory];
  if (!vocabulary) vocabulary = std::make_shared<const TokenRows>(TokenRows::from_directory(directory));
  return vocabulary;
}

}  // namespace vlrm
