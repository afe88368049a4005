// What to merge and how: mergekit's YAML, or the same made from command-line flags.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
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
using Parameters = std::map<std::string, Parameter>;

// The value for `tensor` at `depth` (0 to 1), or nothing where no case fits.
std::optional<double> evaluate(const Parameter& parameter, std::string_view tensor, double depth);

// Layers [begin, end).
struct LayerRange {
  int64_t begin = 0, end = 0;
};

struct RecipeModel {
  std::string name;  // a checkpoint's name (see resolve_checkpoint), with +ADAPTER behind it or not, or a role
  Parameters parameters = {};
  std::optional<LayerRange> layers = {};  // none: all
};

// Layers of the output, made of as many layers of each model.
struct RecipeSlice {
  std::vector<RecipeModel> models;
  Parameters parameters = {};                  // for all of its models, where a model has none of its own
  std::optional<std::string> base_model = {};  // in place of the recipe's
};

// A part of the output with layers of its own, and how it is made.
struct RecipeModule {
  std::string name;  // what stands before the layers' numbers in its tensors' names; empty: the whole model
  std::vector<RecipeSlice> slices;
  Parameters parameters = {};
};

// What a token's row of the embeddings is made of, where the models' own rows do not say it.
struct TokenSource {
  enum class Kind { unspecified, zero, model, token_of_model };
  Kind kind = Kind::unspecified;
  std::string model = {};                 // of model, token_of_model
  std::optional<std::string> token = {};  // of token_of_model: this one's row …
  std::optional<int64_t> id = {};         // … or this row
  bool force = false;                     // for the models too that have the token
};

struct Recipe {
  std::optional<std::string> name;  // by which others in the same file use its model
  const Method* method = nullptr;
  std::vector<RecipeModule> modules;
  std::optional<std::string> base_model;
  Parameters parameters;                        // for all
  std::optional<std::string> tokenizer_source;  // a model's name; without it, vocabularies are not aligned
  bool tokenizer_union = false;                 // of all models' tokens, in place of a model's tokenizer
  std::map<std::string, TokenSource> tokens;    // by token
  int64_t pad_to_multiple_of = 1;               // of the number of embedding rows
  std::optional<std::string> chat_template;     // "auto", a name or a template
  std::optional<Dtype> dtype, out_dtype;        // arithmetic is always float32: dtype only stands in for out_dtype
  uint64_t seed = 0;                            // of random masks
  std::string source = "the recipe";            // what errors call it: "ties.yaml"
  bool pads_as_vlm = false;                     // pad_to_multiple_of is to be that of the VLM's family
  std::vector<std::string> notes;               // on what in it has no effect, one line each

  // Where a tensor stands: in which slice of which module.
  struct Place {
    const RecipeModule& module;
    const RecipeSlice& slice;
  };
  // A parameter of a model of the slice for a tensor, or, without one, of the merge. mergekit's order: the model's own,
  // the slice's, the module's, the recipe's; the first that has a value for the tensor.
  std::optional<double> parameter(const Place& place, const RecipeModel* model, const std::string& parameter_name,
                                  std::string_view tensor, double depth) const;

  // Whether whole models are merged, without slices and modules; models() is for such recipes.
  bool merges_whole_models() const;
  const std::vector<RecipeModel>& models() const;
  std::vector<RecipeModel>& models();
  // The names of all models, the base among them, each once, in the recipe's order.
  std::vector<std::string> model_names() const;
  bool is_base(const std::string& model) const { return base_model && *base_model == model; }
};

// Calls change(name) for every place in which a recipe names a model; where a token's source names none, with "".
void for_each_model_name(Recipe& recipe, const std::function<void(std::string&)>& change);

// Reads a mergekit YAML. Throws Error with file and line for malformed YAML, several documents, an unknown key or
// parameter (naming the nearest known one), a value of the wrong kind or out of its range.
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

// Whether the flags have the numbers of a method.
bool fits_method_flags(const Method& method);

// The recipe that `flags` stand for, over models called vlm, rm and base, like the published recipes of that method.
// For linear, weight_rm R alone gives the VLM 1 − R, and `weight` is refused. Throws Error for what is missing or has
// no meaning for the method, and for methods that the flags have no numbers for.
Recipe recipe_from_flags(const RecipeFlags& flags);

// The recipe as mergekit would write it (JSON is YAML too): read back, it is the same recipe.
OrderedJson recipe_to_json(const Recipe& recipe);

}  // namespace vlrm
