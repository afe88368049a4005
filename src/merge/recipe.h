// What to merge and how: mergekit's YAML, or the same made from command-line flags.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "merge/method.h"
#include "weights/dtype.h"

namespace vlrm {

// A parameter's value for the tensors whose name contains `filter` (empty: all). Several values are a gradient over the
// layers, linearly interpolated.
struct ParameterCase {
  std::string filter;
  std::vector<double> values;
};

// The first case whose filter fits counts.
using Parameter = std::vector<ParameterCase>;

// The value for `tensor` at `depth` (0: the embeddings and the first layer, 1: the last layer, norm and head), or
// nothing where no case fits.
std::optional<double> evaluate(const Parameter& parameter, std::string_view tensor, double depth);

// What values a parameter may have.
struct ParameterRule {
  std::string_view name;
  bool is_switch;
  bool (*allows)(double value);
  std::string_view allowed;  // "a finite number"
};
// `parameter` is weight, density, normalize, rescale or int8_mask.
const ParameterRule& rule_of(std::string_view parameter);

struct RecipeModel {
  std::string name;  // a checkpoint's name (see resolve_checkpoint), or a role
  std::map<std::string, Parameter> parameters;
};

struct Recipe {
  MergeMethod method = MergeMethod::linear;
  std::vector<RecipeModel> models;
  std::optional<std::string> base_model;
  std::map<std::string, Parameter> parameters;  // for all models, where a model has none of its own
  std::optional<std::string> tokenizer_source;  // a model's name; without it, vocabularies are not aligned
  int64_t pad_to_multiple_of = 1;               // of the number of embedding rows
  std::optional<Dtype> dtype, out_dtype;        // arithmetic is always float32: dtype only stands in for out_dtype
  uint64_t seed = 0;                            // of DARE's masks
  std::string source = "the recipe";            // what errors call it: "ties.yaml"
  bool from_options = false;                    // made of command-line flags: what advice is to speak of
  std::vector<std::string> remarks;             // on what in it has no effect, one line each

  // A parameter of models[model] for a tensor, else the recipe's, else nothing. Evaluated as mergekit does.
  std::optional<double> parameter(size_t model, const std::string& name, std::string_view tensor, double depth) const;
  // The recipe's own parameters, else mergekit's defaults for the method.
  bool normalize(std::string_view tensor, double depth) const;
  bool rescale(std::string_view tensor, double depth) const;
  bool is_base(const std::string& name) const { return base_model && *base_model == name; }
};

// Reads a mergekit YAML. Throws Error with file and line for malformed YAML, several documents, an unknown key (naming
// the nearest known one), a value of the wrong kind or out of its range, and parts of mergekit that are not implemented
// (slices, other methods, …).
Recipe read_recipe_or_throw(const std::filesystem::path& file);
std::string read_recipe_text_or_throw(const std::filesystem::path& file);  // as it stands
Recipe parse_recipe_or_throw(const std::string& yaml, const std::string& source);

// Where numbers come from on the command line.
struct RecipeFlags {
  std::string method;
  std::optional<double> weight = {};                      // both models'
  std::optional<double> weight_vlm = {}, weight_rm = {};  // each one's
  std::optional<double> density = {};
  std::optional<bool> normalize = {}, rescale = {};
  uint64_t seed = 0;
};

// The recipe that `flags` stand for, over models called vlm, rm and base, like the published recipes of that method.
// For linear, weight_rm R alone gives the VLM 1 − R, and `weight` is refused. Throws Error for what is missing or has
// no meaning for the method.
Recipe recipe_from_flags(const RecipeFlags& flags);

// The recipe as mergekit would write it (JSON is YAML too): read back, it is the same recipe.
OrderedJson recipe_to_json(const Recipe& recipe);

}  // namespace vlrm
