#include "serve/server.h"

#include <chrono>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "base/claim.h"
#include "base/error.h"
#include "base/listening.h"
#include "base/version.h"
#include "serve/access_log.h"
#include "serve/api_keys.h"
#include "serve/body_reader.h"
#include "serve/chat_markup.h"
#include "serve/dialects/routes.h"
#include "serve/http_error.h"
#include "serve/http_server.h"
#include "serve/metrics.h"
#include "serve/page.h"
#include "serve/reward_service.h"

namespace vlrm {
namespace {

using Clock = std::chrono::steady_clock;
using httplib::Request;
using httplib::Response;

constexpr std::chrono::milliseconds kBetweenStops(50);
constexpr const char* kJson = "application/json";

thread_local AnsweredRequest answering;

class Server {
 public:
  explicit Server(const ServeOptions& options);
  ~Server();
  void run(const std::function<bool()>& stop);

 private:
  void add_routes();
  void add_reward_routes();
  httplib::Server::HandlerResponse admit(const Request& request, Response& response);
  void answer(const Route& route, const httplib::ContentReader& read, Response& response);
  RouteContext context();
  void answer_error(Response& response, const HttpError& error);
  void name_missing(const Request& request, Response& response);
  void finish(const Request& request, const Response& response);
  OrderedJson models() const;

  const ServeOptions options_;
  const ApiKeys keys_;
  const std::vector<std::string> names_;
  const std::set<std::string> open_routes_{"/", "/health", "/ping", "/ready", "/metrics"};
  std::set<std::string> known_routes_, routes_with_body_;
  const std::time_t began_ = std::time(nullptr);
  Listener* const listener_ = current_listener();
  BodyReader bodies_;
  HttpServer http_;
  Metrics metrics_;
  std::unique_ptr<RewardService> service_;
  std::atomic<bool> ready_ = false;
  std::atomic<int64_t> requests_ = 0;
  std::mutex warned_mutex_;
  std::set<std::string> warned_;
  int port_ = 0;
  std::thread serving_;
};

std::string given_name(const ServeOptions& options) {
  return options.model.model.empty() ? options.model.vlm + "+" + options.model.rm : options.model.model;
}

std::vector<std::string> names_of(const ServeOptions& options) {
  return options.served_model_names.empty() ? std::vector{given_name(options)} : options.served_model_names;
}

Server::Server(const ServeOptions& options)
    : options_(options),
      keys_(options.api_keys),
      names_(names_of(options)),
      bodies_(options.limit_body),
      http_(options.limit_connections, {}),
      metrics_(names_[0]) {
  const ChatMarkup checked(options_.response_template);  // throws for one that is wrong
  add_routes();
  port_ = http_.bind_or_throw(options_.host, options_.port);
  serving_ = std::thread([this] { http_.run(); });
}

Server::~Server() {
  http_.end();
  serving_.join();
}

void Server::run(const std::function<bool()>& stop) {
  GatheringOptions queue;
  queue.most_requests = options_.max_waiting;
  queue.gather = std::chrono::milliseconds(options_.gather_ms);
  queue.time_limit = std::chrono::seconds(options_.time_limit);
  service_ = std::make_unique<RewardService>(options_.model, options_.limit_pixels, queue);
  ready_ = true;
  const bool v6 = options_.host.find(':') != std::string::npos;
  tell_status(fmt::format("serving on http://{}{}{}:{}", v6 ? "[" : "", options_.host, v6 ? "]" : "", port_));
  while (!stop()) std::this_thread::sleep_for(kBetweenStops);
  tell_status("ending: requests that were accepted are answered");
}

OrderedJson Server::models() const {
  OrderedJson data = OrderedJson::array();
  for (const std::string& name : names_)
    data.push_back({{"id", name},
                    {"object", "model"},
                    {"created", began_},
                    {"owned_by", "vlrm"},
                    {"root", given_name(options_)},
                    {"parent", nullptr},
                    {"max_model_len", options_.model.max_length.value_or(service_->positions())},
                    {"limits",
                     {{"images", options_.limit_images},
                      {"responses", options_.limit_responses},
                      {"pixels", options_.limit_pixels.value_or(DecodeOptions().max_pixels)},
                      {"body_bytes", options_.limit_body << 20}}},
                    {"permission", OrderedJson::array()}});
  return {{"object", "list"}, {"data", std::move(data)}};
}

void Server::add_routes() {
  const auto json = [](Response& response, const OrderedJson& body) { response.set_content(body.dump(), kJson); };
  const auto get = [&](const std::string& path, auto handler) {
    known_routes_.insert(path);
    http_.Get(path, handler);
  };
  const auto health = [this](const Request&, Response& response) { response.status = ready_ ? 200 : 503; };
  for (const char* path : {"/health", "/ping", "/ready"}) get(path, health);
  http_.Post("/ping", health);
  get("/version", [=](const Request&, Response& response) { json(response, {{"version", version()}}); });
  get("/load", [=, this](const Request&, Response& response) { json(response, {{"server_load", requests_.load()}}); });
  get("/metrics", [this](const Request&, Response& response) {
    const bool there = ready_;
    response.set_content(metrics_.text(there ? service_->counts() : GatheringCounts(), bodies_.bytes_in_memory(),
                                       there ? service_->images_encoded() : 0),
                         "text/plain; version=0.0.4; charset=utf-8");
  });
  get("/v1/models", [=, this](const Request&, Response& response) { json(response, models()); });
  http_.Get("/v1/models/(.+)", [=, this](const Request& request, Response& response) {
    const OrderedJson all = models();
    for (const auto& model : all.at("data"))
      if (model.at("id") == request.matches[1].str()) return json(response, model);
    answer_error(response, {404, "NotFoundError",
                            "The model `" + printable(request.matches[1].str()) + "` does not exist.", "model"});
  });
  get("/", [](const Request&, Response& response) { answer_with_page(response); });
  add_reward_routes();
  http_.set_pre_routing_handler(
      [this](const Request& request, Response& response) { return admit(request, response); });
  http_.set_error_handler([this](const Request& request, Response& response) { name_missing(request, response); });
  http_.set_logger([this](const Request& request, const Response& response) { finish(request, response); });
  http_.set_exception_handler([this](const Request&, Response& response, const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (...) {
      answer_error(response, answer_to_current_exception());
    }
  });
}

void Server::add_reward_routes() {
  for (const Route& route : reward_routes()) {
    known_routes_.insert(route.path);
    routes_with_body_.insert(route.path);
    http_.Post(route.path, [this, route](const Request&, Response& response, const httplib::ContentReader& read) {
      answer(route, read, response);
    });
  }
}

// Before the body is read: the key, the length, and whether the model is there.
httplib::Server::HandlerResponse Server::admit(const Request& request, Response& response) {
  using enum httplib::Server::HandlerResponse;
  HttpServer::connection().header_ends();
  answering = {request_id(request), Clock::now()};
  response.set_header("X-Request-Id", answering.id);
  const bool open = open_routes_.contains(request.path) || request.method == "OPTIONS";
  const bool rewards = request.method == "POST" && routes_with_body_.contains(request.path);
  answering.counted = rewards;
  if (rewards) ++requests_;
  try {
    if (keys_.needed() && !open && !keys_.admit(request.get_header_value("Authorization")))
      throw HttpError(401, "Unauthorized", "Unauthorized");
    if (!ready_ && !open) throw overloaded("the model is being loaded");
    if (request.method == "POST" && request.path != "/ping" && !rewards) {
      response.status = 404;
      HttpServer::close_after_answer();
      return Handled;
    }
    bodies_.check(request, rewards);
    return Unhandled;
  } catch (const HttpError& error) {
    answer_error(response, error);
    HttpServer::close_after_answer();
    return Handled;
  }
}

RouteContext Server::context() {
  RouteContext context;
  context.ask = [this](RewardCall call) {
    for (const RewardQuestion& question : call.questions)
      answering.texts += std::ssize(question.sample.responses) + std::ssize(question.rendered);
    Connection& connection = HttpServer::connection();
    RewardAnswer answer = service_->ask(std::move(call), [&] { return connection.client_left(); });
    answering.tokens += answer.tokens;
    const ListenerScope listening(listener_);
    for (size_t i = 0; i < answer.warnings.size(); ++i) {
      const std::lock_guard lock(warned_mutex_);
      if (warned_.insert(answer.kinds[i]).second) tell_warning(answer.warnings[i] + " (said once)");
    }
    answering.warnings = answer.warnings;
    return answer;
  };
  context.model = names_[0];
  context.is_served = [this](const std::string& name) {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  };
  context.sees = service_->sees();
  context.allowed_media = options_.allowed_local_media_path;
  context.response_template = options_.response_template;
  context.most_images = options_.limit_images;
  context.most_responses = options_.limit_responses;
  return context;
}

void Server::answer(const Route& route, const httplib::ContentReader& read, Response& response) {
  try {
    const BodyReader::Body body = bodies_.read(read);
    answering.bytes = body.bytes;
    response.set_content(route.answer(body.json, context()).dump(-1, ' ', false, OrderedJson::error_handler_t::replace),
                         kJson);
    if (!answering.warnings.empty())
      response.set_header("X-Vlrm-Warnings", OrderedJson(answering.warnings).dump(-1, ' ', true));
  } catch (const ClientLeft&) {
    answer_error(response, client_closed_request());
    HttpServer::close_after_answer();
  } catch (...) {
    answer_error(response, answer_to_current_exception());
  }
}

void Server::answer_error(Response& response, const HttpError& error) {
  response.status = error.status();
  if (error.status() == 503) response.set_header("Retry-After", "1");
  if (error.status() == 401) response.set_header("WWW-Authenticate", "Bearer");
  response.set_content(error.body().dump(-1, ' ', false, OrderedJson::error_handler_t::replace), kJson);
}

// What cpp-httplib refuses gets no body from it.
void Server::name_missing(const Request& request, Response& response) {
  if (!response.body.empty() || response.status < 400 || response.status == 503) return;
  if (response.status == 404 && known_routes_.contains(request.path)) response.status = 405;
  if (response.status == 404 || response.status == 405)
    response.set_content(response.status == 404 ? R"({"detail":"Not Found"})" : R"({"detail":"Method Not Allowed"})",
                         kJson);
  else
    answer_error(response, refused_by_http(HttpServer::connection().header_too_long() ? 431 : response.status));
}

void Server::finish(const Request& request, const Response& response) {
  if (answering.id.empty()) answering = {random_id(), Clock::now()};  // refused before its header was complete
  if (answering.counted) --requests_;
  const double seconds = std::chrono::duration<double>(Clock::now() - answering.began).count();
  const bool known = known_routes_.contains(request.path);
  metrics_.add(known ? request.path : "other", request.method, response.status, seconds);
  if (options_.log) options_.log(log_line(answering, request, response.status, seconds));
  answering = {};
}

}  // namespace

void serve(const ServeOptions& options, const std::function<bool()>& stop) {
  const std::string& folder = options.allowed_local_media_path;
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    throw OptionError("allowed_local_media_path", printable(folder) + ": not a folder");
  const bool local = options.host == "localhost" || options.host == "::1" || options.host.starts_with("127.");
  for (const std::string& key : options.api_keys)
    if (!ApiKeys::is_fit(key))
      throw OptionError("api_key", "a key, or VLRM_API_KEY, must be printable ASCII without spaces, and not empty");
  if (!local && options.api_keys.empty())
    tell_warning(fmt::format("{} may be reached by others, and no key is needed: set VLRM_API_KEY", options.host));
  Server(options).run(stop);
}

}  // namespace vlrm
