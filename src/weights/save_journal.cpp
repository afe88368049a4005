#include "weights/save_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kLargestJournal = int64_t{64} << 20;  // bytes

struct Contents {
  std::vector<SaveJournal::Tensor> tensors;
  size_t bytes = 0;  // of its whole lines
};

// "0 model.norm.weight": elements that are not finite, and the name.
std::optional<SaveJournal::Tensor> parse_line(std::string_view line) {
  SaveJournal::Tensor tensor;
  const char* end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, tensor.not_finite);
  if (error != std::errc() || rest == end || *rest != ' ' || tensor.not_finite < 0) return std::nullopt;
  tensor.name.assign(rest + 1, end);
  return tensor;
}

std::string line_of(const SaveJournal::Tensor& tensor) {
  return fmt::format("{} {}\n", tensor.not_finite, tensor.name);
}

// Nothing where the file is not there, or of another identity. What follows a line that is none does not count.
std::optional<Contents> read(const fs::path& file, const std::string& identity) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  const std::string text = read_text_or_throw(file, kLargestJournal);
  if (!text.starts_with(identity + "\n")) return std::nullopt;
  Contents contents;
  contents.bytes = identity.size() + 1;
  for (size_t end = 0; (end = text.find('\n', contents.bytes)) != text.npos; contents.bytes = end + 1) {
    auto tensor = parse_line(std::string_view(text).substr(contents.bytes, end - contents.bytes));
    if (!tensor) break;
    contents.tensors.push_back(std::move(*tensor));
  }
  return contents;
}

}  // namespace

SaveJournal::SaveJournal(fs::path file, const std::string& identity) : file_(std::move(file)), identity_(identity) {
  const auto contents = read(file_, identity);
  if (contents)
    for (const Tensor& tensor : contents->tensors) done_[tensor.name] = tensor;
  descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0 || ::ftruncate(descriptor_, static_cast<off_t>(contents ? contents->bytes : 0)) != 0)
    fail_with_errno(errno, "{}: cannot be written", file_.string());
  if (!contents) write_all_or_throw(descriptor_, identity_ + "\n", file_.string());
}

SaveJournal::~SaveJournal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

const SaveJournal::Tensor* SaveJournal::find(std::string_view name) const {
  const auto found = done_.find(name);
  return found == done_.end() ? nullptr : &found->second;
}

void SaveJournal::add(const std::vector<Tensor>& tensors) {
  std::string lines;
  for (const Tensor& tensor : tensors) {
    if (tensor.name.find('\n') != tensor.name.npos) continue;  // it is written again, then
    lines += line_of(tensor);
    done_[tensor.name] = tensor;
  }
  append(lines);
}

void SaveJournal::forget(const std::vector<TensorInfo>& tensors) {
  size_t forgotten = 0;
  for (const TensorInfo& tensor : tensors) forgotten += done_.erase(tensor.name);
  if (forgotten == 0) return;
  std::string lines = identity_ + "\n";
  for (const auto& [name, tensor] : done_) lines += line_of(tensor);
  if (::ftruncate(descriptor_, 0) != 0) fail_with_errno(errno, "{}: cannot be written", file_.string());
  append(lines);
}

void SaveJournal::append(const std::string& lines) {
  write_all_or_throw(descriptor_, lines, file_.string());
  if (::fdatasync(descriptor_) != 0) fail_with_errno(errno, "{}: cannot be flushed to disk", file_.string());
}

std::optional<std::string> SaveJournal::identity_of_work(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  std::string identity = read_text_or_throw(file, kLargestJournal);
  identity.erase(std::min(identity.find('\n'), identity.size()));
  const auto contents = read(file, identity);
  return contents && !contents->tensors.empty() ? std::optional(identity) : std::nullopt;
}

}  // namespace vlrm
