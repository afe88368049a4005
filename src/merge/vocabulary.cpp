#include "merge/vocabulary.h"

#include "base/error.h"
#include "weights/tensor_place.h"

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
  if (sources_.output_tokens || !recipe_.tokens.empty()) return planned(inputs, base);
  std::vector<std::pair<std::filesystem::path, int64_t>> models;
  for (const Input& input : inputs) models.emplace_back(input.source->tokenizer, input.rows);
  auto& alignment = sources_.vocabularies
                        ->alignments[{sources_.output_tokenizer, std::move(models), base, recipe_.pad_to_multiple_of}];
  if (!alignment) alignment = planned(inputs, base);
  return alignment;
}

std::shared_ptr<const RowAlignment> Vocabularies::planned(const std::vector<Input>& inputs,
                                                          std::optional<size_t> base) {
  std::vector<std::shared_ptr<const TokenRows>> vocabularies;
  std::vector<RowAlignment::Model> models;
  for (const Input& input : inputs) {
    vocabularies.push_back(read(input.source->tokenizer));
    models.push_back({vocabularies.back().get(), input.rows});
  }
  return std::make_shared<const RowAlignment>(*output(), models, base, recipe_.pad_to_multiple_of, choices(inputs));
}

std::shared_ptr<const TokenRows> Vocabularies::output() {
  return sources_.output_tokens ? sources_.output_tokens : read(sources_.output_tokenizer);
}

RowAlignment::Choices Vocabularies::choices(const std::vector<Input>& inputs) {
  RowAlignment::Choices choices;
  for (const auto& [token, from] : recipe_.tokens)
    if (from.kind != TokenSource::Kind::unspecified) choices[token] = choice(token, from, inputs);
  return choices;
}

RowAlignment::Choice Vocabularies::choice(const std::string& token, const TokenSource& from,
                                          const std::vector<Input>& inputs) {
  if (from.kind == TokenSource::Kind::zero) return {std::nullopt, 0, from.force};
  const auto model = sources_.models.find(from.model);
  size_t position = 0;
  while (position < inputs.size() && (model == sources_.models.end() || inputs[position].source != &model->second))
    ++position;
  if (position == inputs.size())
    fail("{}: the token \"{}\" is to be like one of \"{}\", which is no model of this merge", recipe_.source,
         printable(token), printable(from.model));
  const std::string& name = from.token ? *from.token : token;
  const auto row = from.id ? from.id : read(inputs[position].source->tokenizer)->id(name);
  if (!row)
    fail("{}: the token \"{}\" is to be like \"{}\" of \"{}\", which has no such token", recipe_.source,
         printable(token), printable(name), printable(from.model));
  if (*row >= inputs[position].rows)
    fail("{}: the token \"{}\" is to have the row {} of \"{}\", which has {} rows", recipe_.source, printable(token),
         *row, printable(from.model), inputs[position].rows);
  return {position, *row, from.force};
}

std::shared_ptr<const TokenRows> Vocabularies::read(const std::filesystem::path& directory) {
  return sources_.vocabularies->tokens.read(directory);
}

}  // namespace vlrm
