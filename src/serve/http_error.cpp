#include "serve/http_error.h"

#include <new>

#include "base/error.h"

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

HttpError answer_to_current_exception() {
  constexpr size_t kLongest = 2000;  // bytes of a message
  try {
    throw;
  } catch (const HttpError& error) {
    return error;
  } catch (const TemporaryError& error) {
    return overloaded(printable(error.what(), kLongest));
  } catch (const OptionError& error) {
    return bad_request(printable(error.what(), kLongest), error.option());
  } catch (const Error& error) {
    return bad_request(printable(error.what(), kLongest));
  } catch (const std::bad_alloc&) {
    return overloaded("there is too little memory for this request now");
  } catch (const std::exception& error) {
    return {500, "InternalServerError", printable(error.what(), kLongest)};
  }
}

}  // namespace vlrm
