#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "weights/safetensors.h"
#include "weights/safetensors_file.h"

namespace vlrm {
namespace {

constexpr uint64_t kLargestHeader = 100'000'000;  // the format's own limit
constexpr size_t kMostDimensions = 64;
constexpr int kDeepest = 3;  // header, tensor, shape
constexpr const char* kMetadataKey = "__metadata__";

uint64_t read_header_length(const File& file) {
  const auto size = static_cast<uint64_t>(file.size());
  if (size < 8) fail("{}: {} bytes are too few for a safetensors file", file.path().string(), size);
  std::array<uint8_t, 8> bytes;
  file.read_or_throw(0, std::as_writable_bytes(std::span(bytes)));
  refuse_lfs_pointer(file);
  uint64_t length = 0;
  for (size_t i = bytes.size(); i-- > 0;) length = length << 8 | bytes[i];
  if (length > kLargestHeader)
    fail("{}: the header's length says {} bytes, more than the format's {}: not a safetensors file",
         file.path().string(), length, kLargestHeader);
  if (length > size - 8)
    fail("{}: the header's length says {} bytes, but the file ends {} bytes after it: the file is truncated",
         file.path().string(), length, size - 8);
  return length;
}

// Takes each member of the header object when it is complete and drops it, so that a header of 100 MB never stands in
// memory as a tree, and so that no name comes twice unseen.
class HeaderReader {
 public:
  explicit HeaderReader(std::string source) : source_(std::move(source)) {}

  SafetensorsHeader read(std::string_view text) {
    if (text.empty() || text.front() != '{') fail("{}: the header does not begin with {{", source_);
    try {
      const auto on_event = [this](int depth, Json::parse_event_t event, Json& value) {
        return take(depth, event, value);
      };
      const Json rest = Json::parse(text, on_event);
    } catch (const nlohmann::json::parse_error& error) {
      fail("{}: the header is not valid JSON at byte {} of it", source_, error.byte);
    } catch (const nlohmann::json::exception& error) {  // a number out of range
      fail("{}: the header is not valid JSON: {}", source_, printable(error.what()));
    }
    return std::move(header_);
  }

 private:
  // False drops the value.
  bool take(int depth, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    switch (event) {
      case Event::object_start:
      case Event::array_start:
        if (depth >= kDeepest) fail("{}: the header nests too deep at {}", source_, where());
        items_ = 0;
        return true;
      case Event::key:
        if (depth == 1)
          start(value.get<std::string>());
        else if (!fields_.insert(value.get<std::string>()).second)
          fail("{}: {} has the same field twice", source_, where());
        return true;
      case Event::value:
        if (depth == 1) fail("{}: {} is not an object", source_, where());
        if (depth == kDeepest && ++items_ > kMostDimensions)
          fail("{}: {} has a list that is too long", source_, where());
        return true;
      case Event::array_end:
        if (depth == 1) fail("{}: {} is not an object", source_, where());
        return true;
      case Event::object_end:
        if (depth != 1) return true;
        if (name_ == kMetadataKey)
          add_metadata(value);
        else
          add_tensor(value);
        return false;
    }
    return true;
  }

  std::string where() const { return name_ == kMetadataKey ? name_ : "tensor " + printable(name_); }

  void start(std::string name) {
    name_ = std::move(name);
    fields_.clear();
    if (!names_.insert(name_).second) fail("{}: {} comes twice in the header", source_, where());
  }

  void add_metadata(const Json& value) {
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail("{}: __metadata__ has a value that is no string: {}", source_, printable(key));
      header_.metadata[key] = text.get<std::string>();
    }
  }

  void add_tensor(const Json& value) {
    const std::string place = fmt::format("{}: {}", source_, where());
    SafetensorsEntry entry;
    entry.info.name = name_;
    const auto dtype = required_field<std::string>(value, "dtype", place);
    const auto known = dtype_from_safetensors(dtype);
    if (!known) fail("{}: the dtype {} is not supported", place, printable(dtype));
    entry.info.dtype = *known;
    entry.info.shape = required_field<std::vector<int64_t>>(value, "shape", place);
    const auto offsets = required_field<std::vector<int64_t>>(value, "data_offsets", place);
    if (offsets.size() != 2 || offsets[0] < 0 || offsets[0] > offsets[1])
      fail("{}: data_offsets {} are not a begin and an end", place, shape_string(offsets));
    const int64_t needed = bytes_or_throw(entry.info, place);
    if (offsets[1] - offsets[0] != needed)
      fail("{}: data_offsets {} hold {} bytes, but {} {} needs {}", place, shape_string(offsets),
           offsets[1] - offsets[0], dtype, shape_string(entry.info.shape), needed);
    entry.offset = offsets[0];
    header_.entries.push_back(std::move(entry));
  }

  static int64_t bytes_or_throw(const TensorInfo& info, const std::string& place) {
    int64_t bytes = size_of(info.dtype);
    int64_t elements = 1;
    for (const int64_t dimension : info.shape) {
      if (dimension < 0) fail("{}: the shape {} has a negative dimension", place, shape_string(info.shape));
      if (__builtin_mul_overflow(elements, dimension, &elements))
        fail("{}: the shape {} has more elements than can be counted", place, shape_string(info.shape));
    }
    if (__builtin_mul_overflow(bytes, elements, &bytes))
      fail("{}: the shape {} has more bytes than can be counted", place, shape_string(info.shape));
    return bytes;
  }

  const std::string source_;
  SafetensorsHeader header_;
  std::set<std::string> names_, fields_;
  std::string name_;
  size_t items_ = 0;
};

// The tensors' bytes must cover what follows the header, each byte once.
void check_coverage(std::vector<SafetensorsEntry>& entries, int64_t data_size, const std::string& source) {
  std::ranges::sort(entries, [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::pair(a.offset, a.info.bytes()) < std::pair(b.offset, b.info.bytes());
  });
  int64_t covered = 0;
  for (const SafetensorsEntry& entry : entries) {
    const std::string name = printable(entry.info.name);
    if (entry.offset < covered) fail("{}: tensor {} overlaps the one before it", source, name);
    if (entry.offset > covered)
      fail("{}: {} bytes before tensor {} belong to no tensor", source, entry.offset - covered, name);
    if (entry.info.bytes() > data_size - covered)
      fail("{}: tensor {} ends past the end of the file: the file is truncated", source, name);
    covered += entry.info.bytes();
  }
  if (covered != data_size) fail("{}: {} bytes after the last tensor belong to none", source, data_size - covered);
}

}  // namespace

SafetensorsHeader read_safetensors_header(const File& file) {
  const uint64_t length = read_header_length(file);
  std::string text(length, '\0');
  file.read_or_throw(8, std::as_writable_bytes(std::span(text)));
  const std::string source = file.path().string();
  SafetensorsHeader header = HeaderReader(source).read(text);
  header.data_start = 8 + static_cast<int64_t>(length);
  check_coverage(header.entries, file.size() - header.data_start, source);
  for (SafetensorsEntry& entry : header.entries) entry.offset += header.data_start;
  std::ranges::sort(header.entries, {},
                    [](const SafetensorsEntry& entry) { return std::string_view(entry.info.name); });
  return header;
}

SafetensorsHeader read_safetensors_header(const std::filesystem::path& file) {
  return read_safetensors_header(File::open_or_throw(file));
}

SafetensorsLayout lay_out_safetensors(const std::vector<TensorInfo>& tensors,
                                      const std::map<std::string, std::string>& metadata) {
  const auto quoted = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
  SafetensorsLayout layout;
  std::string json = "{";
  if (!metadata.empty()) json += fmt::format("\"{}\":{}", kMetadataKey, quoted(metadata));
  int64_t end = 0;
  for (const TensorInfo& tensor : tensors) {
    const int64_t begin = end;
    VLRM_ASSERT(!__builtin_add_overflow(begin, tensor.bytes(), &end));
    json += fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":{},\"data_offsets\":[{},{}]}}", json.size() > 1 ? "," : "",
                        quoted(tensor.name), safetensors_name(tensor.dtype), quoted(tensor.shape), begin, end);
    layout.offsets.push_back(begin);
  }
  json += "}";
  // The data of a large file begins at a page, so that most of it can be written in whole pages.
  const size_t unit = end < (1 << 20) ? 8 : 4096;
  json.resize((json.size() + 8 + unit - 1) / unit * unit - 8, ' ');
  for (int shift = 0; shift < 64; shift += 8) layout.header += static_cast<char>(json.size() >> shift & 0xFF);
  layout.header += json;
  const auto data_start = static_cast<int64_t>(layout.header.size());
  for (int64_t& offset : layout.offsets) offset += data_start;
  layout.file_size = data_start + end;
  return layout;
}

}  // namespace vlrm
