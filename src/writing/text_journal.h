// What a model wrote for a file of many texts, saved as each is finished.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/resumable_lines.h"

namespace vlrm {

// Requests are finished in any order: each goes at once into OUTPUT.partial, which a killed run goes on with. When all
// are there, OUTPUT is put together and takes its place. Until a first one is there, nothing is left behind.
class TextJournal {
 public:
  struct Options {
    std::filesystem::path output;
    std::filesystem::path settings_file;
    OrderedJson settings;  // what the texts depend on; see ResumableLines
    int64_t requests = 0;
    bool force = false;  // start again where an output exists
    bool mixed = false;  // go on though last digits may move
    // Whether a line of an earlier run holds what could have been given to add(). None: anything.
    std::function<bool(const OrderedJson& written)> could_be_written = {};
  };

  // Plans. Throws Error as ResumableLines does, and for an OUTPUT that was made with other settings or is no file.
  explicit TextJournal(Options options);

  bool finished() const { return !lines_; }  // OUTPUT is there
  int64_t done() const { return done_; }     // requests
  bool has(int64_t request) const { return places_[static_cast<size_t>(request)] >= 0; }

  // Once, before the first add(). Where everything starts again, an OUTPUT goes: the settings file is no longer its
  // own.
  void begin();
  void add(int64_t request, const OrderedJson& written);
  // Where all requests are there: writes what `output` makes of them.
  using Written = std::function<OrderedJson(int64_t request)>;
  void finish(const std::function<std::string(const Written&)>& output);

 private:
  bool is_finished_output() const;
  void find_lines();
  std::optional<int64_t> request_of(const std::string& line) const;
  std::filesystem::path partial() const;

  const Options options_;
  std::optional<ResumableLines> lines_;  // none where OUTPUT is there
  std::vector<int64_t> places_;          // of each request: the byte at which its line starts, or -1
  int64_t done_ = 0, bytes_ = 0;
};

}  // namespace vlrm
