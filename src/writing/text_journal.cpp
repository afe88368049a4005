#include "writing/text_journal.h"

#include <fstream>

#include "base/atomic_output.h"
#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr const char* kRequest = "request";
constexpr const char* kWritten = "written";

// The request that a line of the journal answers, or nothing if it is no such line.
std::optional<int64_t> request_of(const std::string& line, int64_t requests) {
  try {
    const OrderedJson json = parse_ordered_json_or_throw(line, "");
    if (!json.is_object() || !json.contains(kWritten) || !json.contains(kRequest)) return std::nullopt;
    const OrderedJson& request = json.at(kRequest);
    if (!request.is_number_integer() || request < 0 || request >= requests) return std::nullopt;
    return request.get<int64_t>();
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

TextJournal::TextJournal(Options options)
    : options_(std::move(options)), places_(static_cast<size_t>(options_.requests), -1) {
  const fs::file_status status = fs::status(options_.output);
  if (fs::exists(status) && !fs::is_regular_file(status)) fail("{}: not a regular file", options_.output.string());
  if (!options_.force && is_finished_output()) {
    done_ = options_.requests;
    return;
  }
  lines_.emplace(ResumableLines::Options{.output = partial(),
                                         .settings_file = options_.settings_file,
                                         .settings = options_.settings,
                                         .batch = 1,
                                         .total = options_.requests,
                                         .force = options_.force});
  find_lines();
}

fs::path TextJournal::partial() const {
  return options_.output.string() + ".partial";
}

// Beside a journal, OUTPUT is what an earlier run left there.
bool TextJournal::is_finished_output() const {
  if (!fs::exists(options_.output) || fs::exists(partial())) return false;
  const std::string name = options_.output.string();
  if (!fs::exists(options_.settings_file))
    fail("{}: exists already, without the {} of a run that made it; --force starts anew", name,
         options_.settings_file.filename().string());
  const OrderedJson before = read_ordered_json_or_throw(options_.settings_file);
  if (const auto difference = settings_difference(before, options_.settings))
    fail("{}: made with other settings ({}); --force starts anew", name, *difference);
  return true;
}

void TextJournal::find_lines() {
  lines_->check_done([&](int64_t, const std::string& line) -> std::optional<std::string> {
    const auto request = request_of(line, options_.requests);
    if (!request || has(*request)) return "a request that is answered nowhere else";
    places_[static_cast<size_t>(*request)] = bytes_;
    bytes_ += static_cast<int64_t>(line.size()) + 1;
    return std::nullopt;
  });
  done_ = lines_->done();
}

void TextJournal::begin() {
  lines_->begin();
}

void TextJournal::add(int64_t request, const OrderedJson& written) {
  VLRM_ASSERT(lines_ && !has(request));
  const std::string line = OrderedJson{{kRequest, request}, {kWritten, written}}.dump() + "\n";
  lines_->append(line);
  places_[static_cast<size_t>(request)] = bytes_;
  bytes_ += static_cast<int64_t>(line.size());
  ++done_;
}

OrderedJson TextJournal::read(int64_t request) const {
  std::ifstream stream(partial(), std::ios::binary);
  stream.seekg(places_[static_cast<size_t>(request)]);
  std::string line;
  if (!std::getline(stream, line)) fail("{}: cannot be read back", partial().string());
  return parse_ordered_json_or_throw(line, partial().string()).at(kWritten);
}

void TextJournal::finish(const std::function<std::string(const Written&)>& output) {
  VLRM_ASSERT(lines_ && done_ == options_.requests);
  lines_->finish();
  write_file_atomically(options_.output, output([this](int64_t request) { return read(request); }), true);
  fs::remove(partial());
  lines_.reset();
}

}  // namespace vlrm
