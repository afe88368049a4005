#include "serve/dialects/fields.h"

#include <cmath>
#include <ctime>

#include "base/claim.h"
#include "base/error.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

// The value that leaves things as they are; anything else is refused.
bool changes_nothing(const std::string& name, const OrderedJson& value) {
  if (value.is_null()) return true;
  if (value.is_object() || value.is_array()) return value.empty();
  if (value.is_boolean()) return !value.get<bool>();
  if (name == "encoding_format") return value == "float";
  if (name == "embed_dtype") return value == "float32" || value == "float";
  if (name == "endianness") return value == "native" || value == "little";
  if (name == "truncate_prompt_tokens" || name == "max_tokens_per_doc") return value == -1 || value == 0;
  return false;
}

}  // namespace

void refuse_unsupported(const OrderedJson& body) {
  for (const char* name : {"chat_template", "chat_template_kwargs", "mm_processor_kwargs", "media_io_kwargs",
                           "truncate_prompt_tokens", "dimensions", "encoding_format", "embed_dtype", "endianness",
                           "add_generation_prompt", "continue_final_message", "max_tokens_per_doc"}) {
    const auto found = body.find(name);
    if (found != body.end() && !changes_nothing(name, *found))
      throw bad_request(std::string(name) + ": this server has no such setting; leave it out", name);
  }
  for (const char* name : {"normalize", "softmax", "activation"})
    if (body.contains(name) && !body[name].is_null())
      throw bad_request(std::string(name) + ": use `use_activation`, which gives the sigmoid of a reward", name);
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
