#include <cmath>
#include <optional>

#include "architecture/config_fields.h"

namespace vlrm {
namespace {

struct RopeFields {
  double theta = 0;
  std::optional<RopeScaling> scaling;

  bool operator==(const RopeFields&) const = default;
};

double mscale(double factor, double weight) {
  return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1;
}

// What cosines and sines are multiplied by.
double attention_factor(const ConfigFields& rope, double factor) {
  if (rope.has("attention_factor")) return rope.positive("attention_factor", 1);
  const auto one = rope.get("mscale", 0.0), all = rope.get("mscale_all_dim", 0.0);
  return one != 0 && all != 0 ? mscale(factor, one) / mscale(factor, all) : mscale(factor, 1);
}

RopeScaling read_llama3(const ConfigFields& rope) {
  RopeScaling scaling;
  scaling.low_freq_factor = rope.required<double>("low_freq_factor");
  scaling.high_freq_factor = rope.required<double>("high_freq_factor");
  scaling.original_max_position_embeddings = rope.count("original_max_position_embeddings", std::nullopt);
  if (!(scaling.low_freq_factor > 0 && scaling.high_freq_factor > scaling.low_freq_factor))
    rope.fail("low_freq_factor", "must be above 0, and high_freq_factor above it");
  return scaling;
}

RopeScaling read_yarn(const ConfigFields& rope, double factor, int64_t positions) {
  RopeScaling scaling;
  scaling.type = RopeType::yarn;
  scaling.original_max_position_embeddings = rope.count("original_max_position_embeddings", positions);
  scaling.beta_fast = rope.positive("beta_fast", 32);
  scaling.beta_slow = rope.positive("beta_slow", 1);
  scaling.truncate = rope.get("truncate", true);
  scaling.attention_factor = attention_factor(rope, factor);
  return scaling;
}

// To a text model "mrope" is the plain type: its tokens have one position in all three rows.
std::optional<RopeScaling> read_scaling(const ConfigFields& rope, const std::string& type, int64_t positions) {
  if (type == "default" || type == "mrope") return std::nullopt;
  const bool known = type == "llama3" || type == "linear" || type == "dynamic" || type == "yarn";
  if (!known)
    rope.fail(
        rope.has("rope_type") ? "rope_type" : "type",
        fmt::format("\"{}\" is not supported, only default, linear, dynamic, yarn, llama3 and mrope", printable(type)));
  rope.required<double>("factor");
  const double factor = rope.positive("factor", 1);
  RopeScaling scaling;
  if (type == "llama3") scaling = read_llama3(rope);
  if (type == "yarn") scaling = read_yarn(rope, factor, positions);
  if (type == "linear") scaling = {.original_max_position_embeddings = 0, .type = RopeType::linear};
  if (type == "dynamic") scaling = {.original_max_position_embeddings = positions, .type = RopeType::dynamic};
  scaling.factor = factor;
  return scaling;
}

RopeFields read_object(const ConfigFields& fields, const std::string& key, double theta, int64_t positions) {
  const ConfigFields rope = fields.inside(key);
  for (const char* kind : {"full_attention", "sliding_attention"})
    if (rope.has(kind)) rope.fail(kind, "a rope for each kind of layer is not supported");
  if (key == "rope_scaling" && !rope.has("rope_type") && !rope.has("type"))
    fields.fail(key, "has no \"rope_type\", so transformers cannot load the model either; add it, or remove the field");
  rope.only("partial_rotary_factor", 1.0);
  const auto plain = [&](const char* word) {
    return rope.text(word, "default") == "mrope" ? "default" : rope.text(word, "default");
  };
  if (rope.has("rope_type") && rope.has("type") && plain("rope_type") != plain("type"))
    rope.fail("type", "is another than \"rope_type\": releases of transformers differ in which they read; remove one");
  const std::string type = rope.has("rope_type") ? rope.text("rope_type", "") : rope.text("type", "default");
  return {rope.positive("rope_theta", theta), read_scaling(rope, type, positions)};
}

}  // namespace

void read_rope(const ConfigFields& fields, TextConfig& text, double default_theta) {
  fields.only("partial_rotary_factor", 1.0);
  RopeFields rope{fields.positive("rope_theta", default_theta), std::nullopt};
  const bool scaling = fields.has("rope_scaling"), parameters = fields.has("rope_parameters");
  if (scaling) rope = read_object(fields, "rope_scaling", rope.theta, text.positions);
  if (parameters) {
    const RopeFields later = read_object(fields, "rope_parameters", rope.theta, text.positions);
    if (scaling && rope != later)
      fields.fail("rope_parameters",
                  "is another rope than \"rope_scaling\": transformers 4 reads that, and 5 this; remove one of them");
    rope = later;
  }
  text.rope_theta = rope.theta;
  text.rope_scaling = rope.scaling;
}

}  // namespace vlrm
