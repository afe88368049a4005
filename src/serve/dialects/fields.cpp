#include "serve/dialects/fields.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "base/claim.h"
#include "base/error.h"
#include "base/nearest.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 23> kUnsupported{"chat_template",
                                                        "chat_template_kwargs",
                                                        "mm_processor_kwargs",
                                                        "media_io_kwargs",
                                                        "truncate_prompt_tokens",
                                                        "dimensions",
                                                        "encoding_format",
                                                        "embed_dtype",
                                                        "endianness",
                                                        "add_generation_prompt",
                                                        "max_length",
                                                        "continue_final_message",
                                                        "max_tokens_per_doc",
                                                        "truncation",
                                                        "max_pixels",
                                                        "min_pixels",
                                                        "tools",
                                                        "instruction",
                                                        "response_prefix",
                                                        "likelihood",
                                                        "system_prompt",
                                                        "add_special_tokens",
                                                        "response_template"};

// The value that leaves things as they are; anything else is refused.
bool changes_nothing(const std::string& name, const OrderedJson& value) {
  if (value.is_null()) return true;
  if (value.is_object() || value.is_array()) return value.empty();
  if (value.is_boolean()) return !value.get<bool>();
  if (name == "encoding_format") return value == "float";
  if (name == "embed_dtype") return value == "float32" || value == "float";
  if (name == "endianness") return value == "native" || value == "little";
  if (name == "truncate_prompt_tokens" || name == "max_tokens_per_doc") return value == -1 || value == 0;
  if (value.is_string()) return value == "";
  return false;
}

}  // namespace

void refuse_unsupported(const OrderedJson& body, std::initializer_list<std::string_view> known) {
  std::vector<std::string_view> names{"model", "mode", "special_tokens", "use_activation"};
  names.insert(names.end(), known.begin(), known.end());
  for (const auto& [key, value] : body.items()) {
    if (value.is_null() || std::ranges::find(names, key) != names.end()) continue;
    if (std::ranges::find(kUnsupported, key) != kUnsupported.end()) {
      if (changes_nothing(key, value)) continue;
      throw bad_request(key + ": this server has no such setting; leave it out", key);
    }
    if (key == "normalize" || key == "softmax" || key == "activation")
      throw bad_request(key + ": use `use_activation`, which gives the sigmoid of a reward", key);
    if (key == "images") throw bad_request("images: show them in parts of the messages: \"image_url\"", key);
    if (const auto near = near_name(key, names))
      throw bad_request(fmt::format("unknown field \"{}\"; did you mean \"{}\"?", printable(key), *near),
                        printable(key));
  }
}

RewardCall call_of(const OrderedJson& body, const RouteContext& context) {
  const auto text = [&](const char* name, const std::string& fallback) {
    const auto found = body.find(name);
    if (found == body.end() || found->is_null()) return fallback;
    if (!found->is_string()) throw bad_request(std::string(name) + " must be a string", name);
    return found->get<std::string>();
  };
  const std::string model = text("model", "");
  if (!model.empty() && !context.is_served(model))
    throw HttpError(404, "NotFoundError", "The model `" + printable(model) + "` does not exist.", "model");
  RewardCall call;
  call.mode = text("mode", "");
  call.special_tokens = text("special_tokens", call.special_tokens);
  return call;
}

bool flag(const OrderedJson& body, const char* name, bool fallback) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return fallback;
  if (!found->is_boolean()) throw bad_request(std::string(name) + " must be true or false", name);
  return found->get<bool>();
}

double Activation::operator()(double reward) const {
  if (!std::isfinite(reward)) throw HttpError(500, "InternalServerError", "a reward is not a finite number");
  return sigmoid_ ? 1 / (1 + std::exp(-reward)) : reward;
}

OrderedJson usage_of(const RewardAnswer& answer) {
  return {{"prompt_tokens", answer.tokens},
          {"total_tokens", answer.tokens},
          {"completion_tokens", 0},
          {"prompt_tokens_details", nullptr}};
}

std::string new_id(const char* kind) {
  return fmt::format("{}-{}", kind, random_id());
}

OrderedJson list_answer(const char* kind, const char* object, OrderedJson data, const RewardAnswer& answer,
                        const RouteContext& context) {
  OrderedJson result = {{"id", new_id(kind)},     {"object", object},        {"created", std::time(nullptr)},
                        {"model", context.model}, {"data", std::move(data)}, {"usage", usage_of(answer)}};
  if (!answer.warnings.empty()) result["warnings"] = answer.warnings;
  return result;
}

}  // namespace vlrm
