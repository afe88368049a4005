#include "base/error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/utf8.h"

namespace vlrm {
namespace {

// With those that end lines or turn the direction of what follows.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string printable(std::string_view text, size_t limit) {
  std::string line;
  while (!text.empty()) {
    if (line.size() >= limit) return line + "…";
    const auto character = utf8::first_if_valid(text);
    if (!character || is_control(character->value)) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
    } else {
      line += text.substr(0, character->length);
      text.remove_prefix(character->length);
    }
  }
  return line;
}

void rethrow_at(const std::string& source, const Error& error) {
  throw Error(fmt::format("{}: {}", source, error.what()), error.exit_code());
}

bool is_temporary(int error) {
  constexpr std::array kTemporary{ENOSPC,       EDQUOT,    EFBIG,       EIO,      ENOMEM, EAGAIN,
                                  EMFILE,       ENFILE,    ENOLCK,      ESTALE,   EINTR,  ETIMEDOUT,
                                  ECONNREFUSED, EHOSTDOWN, ENETUNREACH, ENOTCONN, ENOBUFS};
  return std::ranges::find(kTemporary, error) != kTemporary.end();
}

void throw_system_error(int error, const std::string& what) {
  const std::string line = fmt::format("{}: {}", what, std::strerror(error));
  if (is_temporary(error)) throw TemporaryError(line);
  throw Error(line);
}

void assertion_failed(const char* condition, const char* file, int line) {
  throw BugError(fmt::format("internal error at {}:{}: {} does not hold. Please report this.", file, line, condition));
}

}  // namespace vlrm
