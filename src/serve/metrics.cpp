#include "serve/metrics.h"

#include <fmt/format.h>

#include <iterator>

namespace vlrm {
namespace {

std::string escaped(std::string_view label) {
  std::string result;
  for (const char c : label) {
    if (c == '\\' || c == '"') result += '\\';
    if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result;
}

class Writer {
 public:
  explicit Writer(const std::string& model) : model_(escaped(model)) {}

  // The lines that describe a metric; the samples follow.
  void describe(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(out(), "# HELP vlrm:{} {}\n# TYPE vlrm:{} {}\n", name, help, name, type);
  }
  template <class Value>
  void sample(std::string_view name, Value value, std::string_view labels = {}) {
    fmt::format_to(out(), "vlrm:{}{{model_name=\"{}\"{}{}}} {}\n", name, model_, labels.empty() ? "" : ",", labels,
                   value);
  }
  template <class Value>
  void one(std::string_view name, std::string_view type, std::string_view help, Value value) {
    describe(name, type, help);
    sample(name, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }
  const std::string model_;
  std::string text_;
};

}  // namespace

void Metrics::add(std::string_view handler, const std::string& method, int status, double seconds) {
  constexpr std::array<std::string_view, 4> kMethods{"GET", "POST", "HEAD", "OPTIONS"};
  const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
  const std::lock_guard lock(mutex_);
  ++requests_[{std::string(handler), known ? method : "other", status / 100}];
  if (status != 200 || method != "POST") return;
  for (size_t i = 0; i < kBounds.size(); ++i)
    if (seconds <= kBounds[i]) ++latency_.within[i];
  ++latency_.count;
  latency_.sum += seconds;
}

std::string Metrics::text(const GatheringCounts& counts, int64_t bytes_in_memory, int64_t images_encoded) const {
  Writer writer(model_);
  writer.one("num_requests_running", "gauge", "Questions that are being prepared or scored.", counts.running);
  writer.one("num_requests_waiting", "gauge", "Questions that wait.", counts.waiting);
  writer.one("request_bytes", "gauge", "Bytes of the requests in memory.", bytes_in_memory);
  writer.one("batches_total", "counter", "Batches that the model was given.", counts.batches);
  writer.one("responses_total", "counter", "Responses that were scored.", counts.responses);
  writer.one("prompt_tokens_total", "counter", "Tokens of all texts, each with its prompt.", counts.tokens);
  writer.one("prefix_cache_queries_total", "counter", "The same.", counts.tokens);
  writer.one("prefix_cache_hits_total", "counter", "Tokens that were shared, and not computed again.",
             std::max<int64_t>(counts.tokens - counts.tokens_computed, 0));
  writer.one("gathered_questions_total", "counter", "Questions that shared the prompt of another request.",
             counts.gathered);
  writer.one("images_encoded_total", "counter", "Images that the vision encoder encoded.", images_encoded);
  writer.one("clients_left_total", "counter", "Requests whose client left before the answer.", counts.left);
  writer.one("requests_refused_total", "counter", "Requests beyond the queue's length (503).", counts.full);
  writer.one("requests_late_total", "counter", "Requests that were not begun in time (503).", counts.late);
  const std::lock_guard lock(mutex_);
  writer.describe("http_requests_total", "counter", "Requests by route, method and status.");
  for (const auto& [key, count] : requests_)
    writer.sample("http_requests_total", count,
                  fmt::format("handler=\"{}\",method=\"{}\",status=\"{}xx\"", escaped(std::get<0>(key)),
                              std::get<1>(key), std::get<2>(key)));
  writer.describe("e2e_request_latency_seconds", "histogram", "From a request's header to its rewards.");
  for (size_t i = 0; i < kBounds.size(); ++i)
    writer.sample("e2e_request_latency_seconds_bucket", latency_.within[i], fmt::format("le=\"{}\"", kBounds[i]));
  writer.sample("e2e_request_latency_seconds_bucket", latency_.count, "le=\"+Inf\"");
  writer.sample("e2e_request_latency_seconds_sum", latency_.sum);
  writer.sample("e2e_request_latency_seconds_count", latency_.count);
  return writer.take();
}

}  // namespace vlrm
