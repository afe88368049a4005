#include "serve/server.h"

#include <unistd.h>

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

// Of the request that a thread answers.
struct Answering {
  std::string id;
  Clock::time_point began;
  int64_t bytes = 0, texts = 0, tokens = 0;
};
thread_local Answering answering;

std::string utc_now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
}

// The client's own, if it is fit for a header and a log.
std::string request_id(const Request& request) {
  constexpr size_t kLongest = 128;
  std::string given = request.get_header_value("X-Request-Id");
  const auto fit = [](unsigned char c) { return c > ' ' && c < 127; };
  if (!given.empty() && given.size() <= kLongest && std::all_of(given.begin(), given.end(), fit)) return given;
  return random_id();
}

class Server {
 public:
  explicit Server(const ServeOptions& options);
  ~Server();
  void run(const std::function<bool()>& stop);

 private:
  void add_routes();
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
  tell_status(fmt::format("serving on http://{}:{}", options_.host, port_));
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
  for (const Route& route : reward_routes()) {
    known_routes_.insert(route.path);
    routes_with_body_.insert(route.path);
    http_.Post(route.path, [this, route](const Request&, Response& response, const httplib::ContentReader& read) {
      answer(route, read, response);
    });
  }
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

// Before the body is read: the key, the length, and whether the model is there.
httplib::Server::HandlerResponse Server::admit(const Request& request, Response& response) {
  using enum httplib::Server::HandlerResponse;
  HttpServer::connection().header_ends();
  answering = {request_id(request), Clock::now()};
  ++requests_;
  response.set_header("X-Request-Id", answering.id);
  const bool open = open_routes_.contains(request.path) || request.method == "OPTIONS";
  try {
    if (keys_.needed() && !open && !keys_.admit(request.get_header_value("Authorization")))
      throw HttpError(401, "Unauthorized", "Unauthorized");
    if (!ready_ && !open) throw overloaded("the model is being loaded");
    if (request.method == "POST" && request.path != "/ping" && !routes_with_body_.contains(request.path)) {
      response.status = 404;
      HttpServer::close_after_answer();
      return Handled;
    }
    bodies_.check(request, request.method == "POST" && routes_with_body_.contains(request.path));
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
    for (const std::string& warning : answer.warnings) {
      const std::lock_guard lock(warned_mutex_);
      if (warned_.insert(warning).second) tell_warning(warning + " (said once)");
    }
    return answer;
  };
  context.model = names_[0];
  context.is_served = [this](const std::string& name) {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  };
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
  } catch (const ClientLeft&) {
    response.status = 499;  // for the log alone
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
    answer_error(response, {response.status, "BadRequestError", "the request is not well-formed HTTP"});
}

void Server::finish(const Request& request, const Response& response) {
  if (answering.id.empty())
    answering = {random_id(), Clock::now()};  // refused before its header was complete
  else
    --requests_;
  const double seconds = std::chrono::duration<double>(Clock::now() - answering.began).count();
  const bool known = known_routes_.contains(request.path);
  metrics_.add(known ? request.path : "other", request.method, response.status, seconds);
  if (options_.log) {
    const OrderedJson line = {{"time", utc_now()},
                              {"request_id", answering.id},
                              {"client", request.remote_addr},
                              {"method", printable(request.method)},
                              {"path", printable(request.path)},
                              {"status", response.status},
                              {"ms", std::round(seconds * 1e4) / 10},
                              {"bytes", answering.bytes},
                              {"texts", answering.texts},
                              {"tokens", answering.tokens}};
    options_.log(line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
  }
  answering = {};
}

}  // namespace

void serve(const ServeOptions& options, const std::function<bool()>& stop) {
  const std::string& folder = options.allowed_local_media_path;
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    throw OptionError("allowed_local_media_path", printable(folder) + ": not a folder");
  const bool local = options.host == "localhost" || options.host == "::1" || options.host.starts_with("127.");
  if (!local && options.api_keys.empty())
    tell_warning(fmt::format("{} may be reached by others, and no key is needed: set VLRM_API_KEY", options.host));
  Server(options).run(stop);
}

}  // namespace vlrm
