#include "writing/text_journal.h"

#include <fstream>

#include "base/atomic_output.h"
#include "base/claim_file.h"
#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr const char* kRequest = "request";
constexpr const char* kWritten = "written";

}  // namespace

TextJournal::TextJournal(Options options)
    : options_(std::move(options)), places_(static_cast<size_t>(options_.requests), -1) {
  const std::string name = options_.output.string();
  if (!options_.output.has_filename()) fail("{}: is no name of a file", name);
  const fs::file_status status = fs::status(options_.output);
  if (fs::exists(status) && !fs::is_regular_file(status)) fail("{}: not a regular file", name);
  // Beside a journal, OUTPUT is what an earlier run left there.
  bool finished = !options_.force && !fs::exists(partial()) && is_finished_output();
  if (!finished) {
    lines_.emplace(ResumableLines::Options{.output = partial(),
                                           .settings_file = options_.settings_file,
                                           .settings = options_.settings,
                                           .batch = 1,
                                           .total = options_.requests,
                                           .force = options_.force,
                                           .mixed = options_.mixed,
                                           .claimed = options_.output});
    find_lines();
    // An empty journal is what a run leaves that is killed before it begins, or the one that we have just made where
    // another run has just finished.
    finished = !options_.force && done_ == 0 && is_finished_output();
  }
  if (!finished) return;
  done_ = options_.requests;
  std::error_code stays;
  if (lines_) fs::remove(partial(), stays);  // while it is claimed
  lines_.reset();
}

fs::path TextJournal::partial() const {
  return with_ending(options_.output, ".partial");
}

bool TextJournal::is_finished_output() const {
  if (!fs::exists(options_.output)) return false;
  const std::string name = options_.output.string();
  if (!fs::exists(options_.settings_file))
    fail("{}: exists already, without the {} of a run that made it; `force` starts again", name,
         options_.settings_file.filename().string());
  refuse_other_settings(name, read_ordered_json_or_throw(options_.settings_file), options_.settings, options_.mixed);
  return true;
}

// Reads bytes, not lines of text: what a place is counts them.
void TextJournal::find_lines() {
  std::ifstream stream(partial(), std::ios::binary);
  for (std::string line; done_ < lines_->done() && std::getline(stream, line); ++done_) {
    const auto request = request_of(line);
    if (!request || has(*request))
      fail(
          "{}, line {}: is no answer to a request that is answered nowhere else; remove the file, or let `force` "
          "start again",
          partial().string(), done_ + 1);
    places_[static_cast<size_t>(*request)] = bytes_;
    bytes_ += static_cast<int64_t>(line.size()) + 1;
  }
  std::vector<int64_t> answered;
  for (int64_t request = 0; request < options_.requests; ++request)
    if (has(request)) answered.push_back(request);
  lines_->keep_rows(std::move(answered));
}

// The request that a line of the journal answers, or nothing if it is no such line.
std::optional<int64_t> TextJournal::request_of(const std::string& line) const {
  try {
    const OrderedJson json = parse_ordered_json_or_throw(line, "");
    if (!json.is_object() || !json.contains(kWritten) || !json.contains(kRequest)) return std::nullopt;
    const OrderedJson& request = json.at(kRequest);
    if (!request.is_number_integer() || request < 0 || request >= options_.requests) return std::nullopt;
    if (options_.could_be_written && !options_.could_be_written(json.at(kWritten))) return std::nullopt;
    return request.get<int64_t>();
  } catch (const Error&) {
    return std::nullopt;
  }
}

void TextJournal::begin() {
  std::error_code error;
  if (options_.force) fs::remove(options_.output, error);
  if (error) fail_with_errno(error.value(), "{}: cannot be removed", options_.output.string());
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

void TextJournal::finish(const std::function<std::string(const Written&)>& output) {
  VLRM_ASSERT(lines_ && done_ == options_.requests);
  lines_->finish();
  std::ifstream journal(partial(), std::ios::binary);
  const auto written = [&](int64_t request) {
    journal.seekg(places_[static_cast<size_t>(request)]);
    std::string line;
    if (!std::getline(journal, line)) fail("{}: cannot be read back", partial().string());
    return parse_ordered_json_or_throw(line, partial().string()).at(kWritten);
  };
  write_file_atomically(options_.output, output(written), true);
  fs::remove(partial());
  lines_.reset();
}

}  // namespace vlrm
