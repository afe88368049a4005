// The fields of a config.json, read so that every error names the file and the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "architecture/config.h"
#include "base/error.h"
#include "base/json.h"

namespace vlrm {

// One object of a config.json, such as "text_config".
class ConfigFields {
 public:
  // `defaulted` gets the names of sizes that are missing. Throws Error unless `object` is one.
  ConfigFields(const Json& object, std::string source, std::vector<std::string>& defaulted);

  const std::string& source() const { return source_; }
  bool has(const std::string& key) const { return object_.contains(key) && !object_.at(key).is_null(); }
  bool is_null(const std::string& key) const { return object_.contains(key) && object_.at(key).is_null(); }
  const Json& at(const std::string& key) const { return object_.at(key); }
  ConfigFields inside(const std::string& key) const { return {object_.at(key), source_ + ": " + key, defaulted_}; }
  ConfigFields required_object(const std::string& key) const;

  template <class T>
  T get(const std::string& key, T fallback) const {
    return optional_field<T>(object_, key, fallback, source_);
  }
  template <class T>
  T required(const std::string& key) const {
    return required_field<T>(object_, key, source_);
  }
  std::string text(const std::string& key, const std::string& fallback) const { return get(key, fallback); }

  // A whole number from 1 to `most`; required where there is no fallback.
  int64_t count(const std::string& key, std::optional<int64_t> fallback, int64_t most = json_limits::kCount) const;
  // A count that shapes of tensors are made of.
  int64_t size(const std::string& key, int64_t fallback, int64_t most = json_limits::kCount) const;
  double positive(const std::string& key, double fallback) const;
  // Indices of layers, in the order written; each at most once, and below `layers`.
  std::vector<int64_t> layer_indices(const std::string& key, std::vector<int64_t> fallback, int64_t layers) const;

  // Refuses every value but the one that is implemented, which is also the default.
  void only(const std::string& key, const Json& supported) const;
  [[noreturn]] void fail(const std::string& key, const std::string& what) const;

 private:
  const Json& object_;
  std::string source_;
  std::vector<std::string>& defaulted_;
};

// What the decoders of the families have in common.

// rope_theta and rope_scaling, or rope_parameters as later transformers write it (with rope_theta inside). Needs
// text.positions. Throws Error for types that are not supported, which it names.
void read_rope(const ConfigFields& fields, TextConfig& text, double default_theta);
// hidden_size / num_attention_heads, which must divide.
int64_t default_head_size(const ConfigFields& fields, const TextConfig& text);
// Throws Error where attention cannot be cut into these heads.
void check_heads(const ConfigFields& fields, const TextConfig& text);

// What the families have in common whose images reach the text as embeddings.

// tie_word_embeddings, which transformers 4 reads in the text's fields and 5 beside them. Throws Error where they
// differ.
bool read_tied_embeddings(const ConfigFields& fields, const ConfigFields& text);
// The token that stands for an image. Throws Error unless it is a row of the embeddings, which are read before.
void read_image_token(const ConfigFields& fields, const std::string& key, int32_t fallback, ModelConfig& config);

}  // namespace vlrm
