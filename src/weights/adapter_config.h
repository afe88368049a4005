// adapter_config.json of a LoRA adapter, as peft writes it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace vlrm {

class AdapterConfig {
 public:
  // Throws Error for a config that is missing or malformed, and naming the setting for every kind of adapter whose
  // merged weights are not W + scaling · B·A with the model's own W.
  explicit AdapterConfig(const std::filesystem::path& directory);

  const std::string& file() const { return file_; }
  bool is_classifier() const { return is_classifier_; }  // task_type SEQ_CLS
  bool keeps_ties() const { return keeps_ties_; }        // ensure_weight_tying
  // Whether it was trained as a copy of its own, beside the model's (modules_to_save): "lm_head" or "model.lm_head".
  bool is_saved(const std::string& module) const;
  double rank(const std::string& module) const { return find(ranks_, module, rank_); }
  float scaling(const std::string& module) const;

 private:
  struct Pattern {
    size_t number;  // among those of the file
    double value;
  };
  using Patterns = std::map<std::string, Pattern, std::less<>>;

  void refuse_other_weights(const OrderedJson& config) const;
  Patterns patterns(const OrderedJson& config, const char* key) const;
  static double find(const Patterns& patterns, const std::string& module, double fallback);

  const std::string file_;
  double rank_ = 0, alpha_ = 0;
  bool by_root_ = false, is_classifier_ = false, keeps_ties_ = false;
  Patterns ranks_, alphas_;
  std::vector<std::string> saved_;  // the ends of modules' names
};

}  // namespace vlrm
