#include "serve/body_reader.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "serve/http_server.h"
#include "serve/request_body.h"

namespace vlrm {
namespace {

constexpr int64_t kBodiesTogether = 16;  // of the longest size: in memory at a time; or
constexpr int64_t kMibTogether = 512;    // where bodies are small
constexpr int64_t kBytesOfValue = 64;    // that a value of JSON takes, a key and its place among them
constexpr int64_t kMostValues = int64_t{1} << 22;

}  // namespace

void BodyReader::check(const httplib::Request& request, bool takes_body) const {
  const std::string length = request.get_header_value("Content-Length");
  const bool chunked = request.has_header("Transfer-Encoding");
  const bool number = std::ranges::all_of(length, [](char c) { return c >= '0' && c <= '9'; });
  if (request.get_header_value_count("Content-Length") != (chunked ? 0 : 1) || !number ||
      request.get_header_value_count("Transfer-Encoding") > 1)
    throw bad_request("a body needs either one Content-Length, a whole number, or Transfer-Encoding: chunked");
  if (chunked && request.get_header_value("Transfer-Encoding") != "chunked")
    throw HttpError(501, "NotImplementedError", "Transfer-Encoding: only chunked is known");
  const uint64_t bytes = std::strtoull(length.c_str(), nullptr, 10);  // the largest number where it is larger
  if (bytes > static_cast<uint64_t>(most_mib_) << 20) throw too_long();
  if (!takes_body && (chunked || bytes > 0)) throw bad_request(printable(request.path) + " takes no body");
  if (request.is_multipart_form_data())
    throw HttpError(415, "BadRequestError", "Content-Type: the body must be JSON, not a form");
}

HttpError BodyReader::too_long() const {
  return {413, "BadRequestError", fmt::format("a body of more than {} MiB (--limit-body)", most_mib_)};
}

void BodyReader::Held::add(int64_t bytes) {
  const int64_t most = std::max(kBodiesTogether * reader_->most_mib_, kMibTogether) << 20;
  if (reader_->bytes_in_memory_ + bytes > most)
    throw overloaded("the requests that are waiting take too much memory: try again later");
  reader_->bytes_in_memory_ += bytes;
  bytes_ += bytes;
}

std::string BodyReader::text_of(const httplib::ContentReader& content, Held& held) const {
  std::string text;
  const auto take = [&](const char* data, size_t size) {
    const auto more = static_cast<int64_t>(size);
    if (std::ssize(text) + more > most_mib_ << 20) throw too_long();
    held.add(more);
    text.append(data, size);
    HttpServer::connection().piece_ends();
    return true;
  };
  try {
    if (content(take)) return text;
  } catch (...) {
    HttpServer::close_after_answer();
    throw;
  }
  HttpServer::close_after_answer();
  if (HttpServer::connection().too_slow()) throw HttpError(408, "BadRequestError", "the body did not come in time");
  throw bad_request("the body is not complete");
}

BodyReader::Body BodyReader::read(const httplib::ContentReader& content) {
  Held held(*this);
  const std::string text = text_of(content, held);
  // Small values take many times the bytes that they are written with.
  const JsonCounts counts = counts_of_json(text);
  if (counts.values > kMostValues) throw bad_request(fmt::format("a body of more than {} values", kMostValues));
  held.add(kBytesOfValue * (counts.values + counts.keys));
  return {parse_body(text, counts), std::ssize(text), std::move(held)};
}

}  // namespace vlrm
