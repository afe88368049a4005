// What a client is answered when its request is not.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "base/json.h"

namespace vlrm {

// A status from 400 on with vLLM's body {"error": {"message", "type", "param", "code"}}.
class HttpError : public std::exception {
 public:
  // `type`: "BadRequestError"; `param`: the field that is wrong.
  HttpError(int status, std::string type, std::string message, std::optional<std::string> param = {})
      : status_(status), type_(std::move(type)), message_(std::move(message)), param_(std::move(param)) {}

  int status() const { return status_; }
  const char* what() const noexcept override { return message_.c_str(); }
  OrderedJson body() const;

 private:
  int status_;
  std::string type_, message_;
  std::optional<std::string> param_;
};

// 400: a retry cannot help.
HttpError bad_request(const std::string& message, const std::optional<std::string>& param = {});
// 503: another try may go well.
HttpError overloaded(const std::string& message);

// What the HTTP library refuses, by the status that it gave.
HttpError refused_by_http(int status);
// 499: the client's side of the connection was closed while its question waited.
HttpError client_closed_request();

// The client closed its connection: nobody reads an answer.
class ClientLeft : public std::exception {
 public:
  const char* what() const noexcept override { return "the client left"; }
};

// A text of the library's for a client: what the client cannot set is named as the server's option.
std::string in_words_of_the_server(std::string text);

// What a client is answered for the exception that is being handled: an Error is 400, a TemporaryError 503, anything
// else 500.
HttpError answer_to_current_exception();

}  // namespace vlrm
