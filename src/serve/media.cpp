#include "serve/media.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "serve/base64.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

constexpr std::string_view kData = "data:", kFile = "file:";

bool has_scheme(const std::string& url, std::string_view scheme) {
  return url.size() >= scheme.size() && std::equal(scheme.begin(), scheme.end(), url.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
         });
}

// "%20" → " ". Throws HttpError where % is not followed by two hex digits.
std::string percent_decoded(std::string_view text, const std::string& where) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1, low = high < 0 ? -1 : digit(text[i + 2]);
    if (low < 0) throw bad_request(where + ": a % in a URL must be followed by two hex digits");
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

EncodedImage image_of_data(const std::string& url, const std::string& where) {
  constexpr std::string_view kBase64 = ";base64";
  const size_t comma = url.find(',');
  if (comma == url.npos) throw bad_request(where + ": a data: URL needs a comma before its data");
  const std::string_view head = std::string_view(url).substr(0, comma);
  if (!head.ends_with(kBase64)) throw bad_request(where + ": a data: URL must hold base64: data:image/png;base64,…");
  const std::string_view body = std::string_view(url).substr(comma + 1);
  auto bytes = body.find('%') == body.npos ? decode_base64(body) : decode_base64(percent_decoded(body, where));
  if (!bytes) throw bad_request(where + ": the data: URL is not base64");
  if (bytes->empty()) throw bad_request(where + ": the data: URL holds no bytes");
  return {where, std::move(*bytes)};
}

bool is_in(const std::filesystem::path& file, const std::filesystem::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

}  // namespace

EncodedImage image_of_path(const std::string& path, const std::string& allowed, const std::string& where) {
  if (allowed.empty())
    throw bad_request(where + ": this server reads no files (--allowed-local-media-path): send a data: URL");
  std::error_code missing, wrong;
  const auto folder = std::filesystem::canonical(allowed, wrong);
  const auto file = std::filesystem::canonical(folder / path, missing);
  // One answer for both: a client learns nothing of files outside the folder.
  if (wrong || missing || path.find('\0') != path.npos || !is_in(file, folder) ||
      !std::filesystem::is_regular_file(file, missing))
    throw bad_request(where + ": " + printable(path) + " is not a file in the folder that this server may read");
  try {
    EncodedImage image{where, read_image_file(file)};
    if (image.bytes.empty()) throw bad_request(where + ": " + printable(path) + " is empty");
    return image;
  } catch (const Error& error) {
    throw bad_request(where + ": " + error.what());
  }
}

EncodedImage image_of_url(const std::string& url, const std::string& allowed, const std::string& where) {
  if (has_scheme(url, kData)) return image_of_data(url, where);
  if (!has_scheme(url, kFile))
    throw bad_request(where + ": " + printable(url, 60) + ": an image must be a data: URL; nothing is fetched here");
  std::string_view rest = std::string_view(url).substr(kFile.size());
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
  }
  return image_of_path(percent_decoded(rest.substr(0, rest.find_first_of("?#")), where), allowed, where);
}

}  // namespace vlrm
