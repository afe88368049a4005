// vLLM's /score and the /rerank of Jina and Cohere: a query and documents. Here a query is the user's turn and a
// document the assistant's, in the chat template.
#include <algorithm>
#include <numeric>

#include "serve/chat.h"
#include "serve/dialects/fields.h"
#include "serve/dialects/routes.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

std::vector<Content> contents_of(const OrderedJson& value, const std::string& field) {
  if (!value.is_array()) return {content_of(value, field)};
  std::vector<Content> result;
  for (const auto& each : value) result.push_back(content_of(each, fmt::format("{}[{}]", field, result.size())));
  return result;
}

std::vector<std::string> texts_of(const std::vector<Content>& documents, const std::string& field) {
  std::vector<std::string> texts;
  for (const Content& document : documents) texts.push_back(document.text(fmt::format("{}[{}]", field, texts.size())));
  return texts;
}

RewardQuestion question_of_query(const Content& query, std::vector<std::string> documents, const RouteContext& context,
                                 const std::string& field) {
  const OrderedJson messages = OrderedJson::array({{{"role", "user"}, {"content", query.content}}});
  return question_of(messages, std::move(documents), context, field);
}

struct Sides {
  std::string query, document;  // names of the fields
};

// The first pair of names that the body has.
Sides sides_of(const OrderedJson& body) {
  for (const auto& [query, document] :
       {std::pair{"queries", "documents"}, std::pair{"queries", "items"}, std::pair{"query", "documents"},
        std::pair{"data_1", "data_2"}, std::pair{"text_1", "text_2"}})
    if (body.contains(query) && body.contains(document)) return {query, document};
  throw bad_request("give queries and documents (or data_1 and data_2, or text_1 and text_2)", "queries");
}

}  // namespace

OrderedJson answer_score(const OrderedJson& body, const RouteContext& context) {
  refuse_unsupported(body, {"queries", "query", "documents", "items", "data_1", "data_2", "text_1", "text_2"});
  const Activation activation(body);
  RewardCall call = call_of(body, context);
  const Sides sides = sides_of(body);
  const std::vector<Content> queries = contents_of(body[sides.query], sides.query);
  const std::vector<std::string> documents =
      texts_of(contents_of(body[sides.document], sides.document), sides.document);
  if (documents.empty() || queries.empty()) throw bad_request("queries and documents must not be empty", sides.query);
  if (queries.size() == 1) {
    call.questions.push_back(question_of_query(queries[0], documents, context, sides.query));
  } else if (queries.size() == documents.size()) {
    if (std::ssize(queries) > context.most_responses)
      throw bad_request(fmt::format("{}: {} are more than {} (--limit-responses)", sides.query, queries.size(),
                                    context.most_responses),
                        sides.query);
    for (size_t i = 0; i < queries.size(); ++i)
      call.questions.push_back(
          question_of_query(queries[i], {documents[i]}, context, fmt::format("{}[{}]", sides.query, i)));
  } else {
    throw bad_request("Input lengths must be either 1:1, 1:N or N:N", sides.document);
  }
  const RewardAnswer answer = context.ask(std::move(call));
  OrderedJson data = OrderedJson::array();
  for (const auto& rewards : answer.rewards)
    for (const double reward : rewards)
      data.push_back({{"index", data.size()}, {"object", "score"}, {"score", activation(reward)}});
  return list_answer("score", "list", std::move(data), answer, context);
}

OrderedJson answer_rerank(const OrderedJson& body, const RouteContext& context) {
  refuse_unsupported(body, {"query", "documents", "top_n", "return_documents"});
  const Activation activation(body);
  const bool shows_documents = flag(body, "return_documents", true);
  RewardCall call = call_of(body, context);
  if (!body.contains("query")) throw bad_request("query is missing", "query");
  if (!body.contains("documents")) throw bad_request("documents is missing", "documents");
  const std::vector<Content> documents = contents_of(body["documents"], "documents");
  const auto top = body.find("top_n");
  int64_t shown = std::ssize(documents);
  if (top != body.end() && !top->is_null()) {
    if (!top->is_number_integer() || *top < 0) throw bad_request("top_n must be a whole number from 0 on", "top_n");
    if (*top > 0) shown = std::min(shown, *top > shown ? shown : top->get<int64_t>());
  }
  const std::vector<std::string> texts = texts_of(documents, "documents");
  call.questions.push_back(question_of_query(content_of(body["query"], "query"), texts, context, "query"));
  const RewardAnswer answer = context.ask(std::move(call));
  const std::vector<double>& rewards = answer.rewards.at(0);
  std::vector<size_t> order(rewards.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return rewards[a] > rewards[b]; });
  OrderedJson results = OrderedJson::array();
  for (size_t i = 0; std::cmp_less(i, shown); ++i) {
    OrderedJson& result = results.emplace_back(OrderedJson({{"index", order[i]}}));
    if (shows_documents) result["document"] = {{"text", texts[order[i]]}, {"multi_modal", nullptr}};
    result["relevance_score"] = activation(rewards[order[i]]);
  }
  OrderedJson result = {{"id", new_id("rerank")},
                        {"model", context.model},
                        {"usage", {{"prompt_tokens", answer.tokens}, {"total_tokens", answer.tokens}}},
                        {"results", std::move(results)}};
  if (!answer.warnings.empty()) result["warnings"] = answer.warnings;
  return result;
}

}  // namespace vlrm
