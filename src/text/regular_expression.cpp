#include "text/regular_expression.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "base/error.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

using Time = std::chrono::nanoseconds;

// To some milliseconds, for next to nothing.
Time now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::chrono::seconds(time.tv_sec) + Time(time.tv_nsec);
}

// Budgets of one match. Expressions of published tokenizers use a few steps a character; these stop one that
// backtracks without end after a fraction of a second.
constexpr size_t kSteps = 1'000'000;
constexpr size_t kStepsAByte = 16;
constexpr uint32_t kDepth = 100'000;
constexpr uint32_t kHeapKibibytes = 64 * 1024;
// The steps count from every place where a match may start, so a search goes over so many places at a time and looks at
// the clock now and then. All texts together, many short ones too, have only so much time for their bytes.
constexpr size_t kWindow = 256;
constexpr int kSearchesAClockLook = 16;
constexpr auto kPatience = std::chrono::seconds(2);
constexpr auto kPatienceAByte = std::chrono::microseconds(4);  // forty times what they take
constexpr size_t kStackBytes = 8 << 20;
constexpr size_t kLongestPattern = 64 << 10;

// What matching needs besides the expression, once a thread.
struct Workspace {
  Workspace()
      : data(pcre2_match_data_create(1, nullptr)),
        context(pcre2_match_context_create(nullptr)),
        stack(pcre2_jit_stack_create(64 << 10, kStackBytes, nullptr)) {
    if (data == nullptr || context == nullptr) throw std::bad_alloc();
    pcre2_set_depth_limit(context, kDepth);
    pcre2_set_heap_limit(context, kHeapKibibytes);
    if (stack != nullptr) pcre2_jit_stack_assign(context, nullptr, stack);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack;
  int searches = 0;
  Time spent{0}, allowed = kPatience;  // on all texts so far
};

// The start of the character at `offset`, or of the next one; beyond the end of the text, just that.
size_t character_at_or_after(std::string_view text, size_t offset) {
  while (offset < text.size() && (static_cast<uint8_t>(text[offset]) & 0xC0) == 0x80) ++offset;
  return offset;
}

Workspace& workspace() {
  thread_local Workspace mine;
  return mine;
}

std::string message_of(int code) {
  PCRE2_UCHAR buffer[160];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

}  // namespace

struct RegularExpression::Compiled {
  Compiled(std::string_view original, const std::string& translated, const std::string& source_of)
      : shown(printable(original)), source(source_of) {
    std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
        pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    int code_of_error = 0;
    size_t offset = 0;
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                         PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C,
                         &code_of_error, &offset, context.get());
    if (code == nullptr)
      fail("{}: the regular expression \"{}\" is not supported: {}", source, shown, message_of(code_of_error));
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it is not to be had, PCRE2 interprets
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() { pcre2_code_free(code); }

  pcre2_code* code = nullptr;
  std::string shown, source;
};

RegularExpression::RegularExpression(std::string_view oniguruma_pattern, const std::string& source) {
  if (oniguruma_pattern.size() > kLongestPattern)
    fail("{}: a regular expression of {} bytes is longer than {} bytes", source, oniguruma_pattern.size(),
         kLongestPattern);
  compiled_ =
      std::make_shared<const Compiled>(oniguruma_pattern, pcre2_from_oniguruma(oniguruma_pattern, source), source);
}

RegularExpression RegularExpression::literal(std::string_view text, const std::string& source) {
  std::string pattern;
  for (size_t i = 0; i < text.size();) {
    const auto [code_point, length] = utf8::first(text.substr(i));
    pattern += fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(code_point));
    i += length;
  }
  return RegularExpression(std::make_shared<const Compiled>(text, pattern, source));
}

RegularExpression RegularExpression::from_json(const Json& description, const std::string& source) {
  const Json pattern = required_field<Json>(description, "pattern", source);
  if (pattern.contains("Regex")) return {required_field<std::string>(pattern, "Regex", source), source};
  return literal(required_field<std::string>(pattern, "String", source), source);
}

void RegularExpression::find_all(std::string_view text, std::vector<Match>& matches) const {
  matches.clear();
  Workspace& mine = workspace();
  const size_t* bounds = pcre2_get_ovector_pointer(mine.data);
  pcre2_set_match_limit(mine.context,
                        static_cast<uint32_t>(std::min<size_t>(UINT32_MAX, kSteps + kStepsAByte * text.size())));
  mine.allowed += kPatienceAByte * text.size();
  const Time begin = now(),
             patience = std::min<Time>(mine.allowed - mine.spent, kPatience + kPatienceAByte * text.size());
  for (size_t start = 0; start <= text.size();) {
    if (++mine.searches % kSearchesAClockLook == 0 && now() - begin > patience) {
      mine.spent = Time(0);
      mine.allowed = kPatience;
      give_up("out of time");
    }
    const size_t window_end = start + kWindow;
    pcre2_set_offset_limit(mine.context, window_end);
    const int found = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start,
                                  PCRE2_NO_UTF_CHECK, mine.data, mine.context);
    if (found == PCRE2_ERROR_NOMATCH) {
      start = character_at_or_after(text, window_end + 1);
      continue;
    }
    if (found < 0) give_up(message_of(found));
    const Match match{bounds[0], bounds[1]};
    if (match.begin == match.end && !matches.empty() && matches.back().end == match.end) {
      start = character_at_or_after(text, start + 1);
    } else {
      matches.push_back(match);
      start = match.end;
    }
  }
  mine.spent += now() - begin;
}

void RegularExpression::give_up(std::string_view why) const {
  fail("{}: the regular expression \"{}\" takes too long on a text ({}); simplify it", compiled_->source,
       compiled_->shown, why);
}

}  // namespace vlrm
