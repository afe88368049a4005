#include "serve/http_error.h"

#include <new>
#include <utility>

#include "base/error.h"
#include "base/replaced.h"

namespace vlrm {

OrderedJson HttpError::body() const {
  if (status_ == 401) return {{"error", message_}};
  OrderedJson error = {{"message", message_}, {"type", type_}, {"param", nullptr}, {"code", status_}};
  if (param_) error["param"] = *param_;
  return {{"error", std::move(error)}};
}

HttpError bad_request(const std::string& message, const std::optional<std::string>& param) {
  return {400, "BadRequestError", message, param};
}

HttpError overloaded(const std::string& message) {
  return {503, "ServiceUnavailableError", message};
}

HttpError refused_by_http(int status) {
  if (status == 414) return {414, "BadRequestError", "the path of the request is longer than 8,192 bytes"};
  if (status == 416) return {416, "BadRequestError", "the Range header: answers come whole; leave it out"};
  if (status == 431) return {431, "BadRequestError", "the header of the request is longer than 64 KiB"};
  return {status, "BadRequestError", "the request is not well-formed HTTP"};
}

HttpError client_closed_request() {
  return {499, "ClientClosedRequest",
          "the client closed its side of the connection before the answer: keep it open until the answer has come"};
}

std::string in_words_of_the_server(std::string text) {
  for (const auto& [field, option] :
       {std::pair{"`max_length`", "--max-length"}, std::pair{"`truncation`", "--truncation"},
        std::pair{"`max_pixels`", "--max-pixels"}, std::pair{"`min_pixels`", "--min-pixels"},
        std::pair{"`chat_template`", "--chat-template"}, std::pair{"`response_prefix`", "--response-prefix"},
        std::pair{"`likelihood`", "--likelihood"}})
    text = replaced(text, field, fmt::format("the server's {}", option));
  return text;
}

HttpError answer_to_current_exception() {
  constexpr size_t kLongest = 2000;  // bytes of a message
  try {
    throw;
  } catch (const HttpError& error) {
    return error;
  } catch (const TemporaryError& error) {
    return overloaded(printable(in_words_of_the_server(error.what()), kLongest));
  } catch (const OptionError& error) {
    return bad_request(printable(in_words_of_the_server(error.what()), kLongest), error.option());
  } catch (const Error& error) {
    return bad_request(printable(in_words_of_the_server(error.what()), kLongest));
  } catch (const std::bad_alloc&) {
    return overloaded("there is too little memory for this request now");
  } catch (const std::exception& error) {
    return {500, "InternalServerError", printable(error.what(), kLongest)};
  }
}

}  // namespace vlrm
