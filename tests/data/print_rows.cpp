// Prints a dataset for the tests in Python: its description, stamp and row count, then its rows as JSON lines.
//   print_rows DATA [--config C] [--split S] [--first N] [--without-images] [--count-only]
// With --count-only, rows are read and only counted, and the peak resident memory follows.
#include <cstdio>
#include <fstream>
#include <string>

#include "base/error.h"
#include "data/dataset.h"

namespace {

using vlrm::OrderedJson;

std::string hex(const std::string& bytes) {
  std::string digits;
  for (const unsigned char byte : bytes) digits += fmt::format("{:02x}", byte);
  return digits;
}

OrderedJson described(const vlrm::Row& row) {
  OrderedJson images = OrderedJson::array();
  for (const auto& [column, image] : row.images)
    images.push_back({{"column", column}, {"bytes", hex(image.bytes)}, {"path", image.path.string()}});
  return {{"index", row.index}, {"values", row.values}, {"images", images}, {"source", row.source}};
}

// Of this program alone: what getrusage() gives counts the process that started it too.
int64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6));
  return 0;
}

int print(const vlrm::DatasetName& name, int64_t first, vlrm::Images images, bool count_only) {
  const auto dataset = vlrm::open_dataset(name);
  fmt::print(
      "{}\n",
      OrderedJson{{"description", dataset->description()}, {"stamp", dataset->stamp()}, {"rows", dataset->rows()}}
          .dump());
  const auto rows = dataset->stream(first, images);
  int64_t count = 0, image_bytes = 0;
  while (const auto row = rows->next()) {
    ++count;
    for (const auto& [column, image] : row->images) image_bytes += static_cast<int64_t>(image.bytes.size());
    if (!count_only) fmt::print("{}\n", described(*row).dump());
  }
  if (count_only) {
    fmt::print("{}\n", OrderedJson{{"count", count}, {"image_bytes", image_bytes}, {"peak_kib", peak_kib()}}.dump());
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  vlrm::DatasetName name;
  int64_t first = 0;
  vlrm::Images images = vlrm::Images::with;
  bool count_only = false;
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    if (word == "--count-only")
      count_only = true;
    else if (word == "--without-images")
      images = vlrm::Images::without;
    else if (i + 1 < count && word == "--config")
      name.config = arguments[++i];
    else if (i + 1 < count && word == "--split")
      name.split = arguments[++i];
    else if (i + 1 < count && word == "--first")
      first = std::stoll(arguments[++i]);
    else
      name.data = word;
  }
  try {
    return print(name, first, images, count_only);
  } catch (const vlrm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
