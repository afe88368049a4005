// The body of a request to `vlrm serve`; the first byte chooses the route. The model is one that answers 0.5.
#include "base/error.h"
#include "serve/dialects/routes.h"
#include "serve/http_error.h"
#include "serve/request_body.h"

namespace {

vlrm::RewardAnswer ask(const vlrm::RewardCall& call) {
  using vlrm::ContentForm;
  vlrm::RewardAnswer answer;
  for (const vlrm::RewardQuestion& question : call.questions) {
    const auto& responses = question.sample.responses;
    const size_t texts = question.rendered.empty() ? responses.size() : question.rendered.size();
    VLRM_ASSERT(texts > 0 && !question.source.empty());
    for (const auto& response : responses)
      for (const auto form : {ContentForm::parts, ContentForm::parts_without_images, ContentForm::text})
        vlrm::conversation(question.sample, &response, form);
    answer.rewards.emplace_back(texts, 0.5);
    answer.tokens += static_cast<int64_t>(texts);
  }
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto routes = vlrm::reward_routes();
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  vlrm::RouteContext context;
  context.ask = ask;
  context.model = "fuzz";
  context.is_served = [](const std::string& name) { return name == "fuzz"; };
  context.allowed_media = "/sys/class";  // a folder that has no images
  context.most_images = 4;
  context.most_responses = 16;
  try {
    const vlrm::OrderedJson body = vlrm::parse_body(text, vlrm::counts_of_json(text));
    const auto answer = routes[data[0] % routes.size()].answer(body, context);
    VLRM_ASSERT(!answer.dump(-1, ' ', false, vlrm::OrderedJson::error_handler_t::replace).empty());
  } catch (const vlrm::HttpError& error) {
    VLRM_ASSERT(error.status() >= 400 && error.status() < 500 && error.what()[0] != '\0');
  } catch (const vlrm::Error&) {
  }
  return 0;
}
