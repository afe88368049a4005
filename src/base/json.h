// JSON from files that strangers wrote: every failure names the source and what is wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/ordered_map.h"

namespace vlrm {

using Json = nlohmann::json;
// Keeps the order of keys as written: for files that come along unchanged but for a few fields.
using OrderedJson = nlohmann::basic_json<OrderedMap>;

// What strangers' JSON may hold, far above any real model's.
namespace json_limits {
constexpr int kDepth = 200;                   // of nesting
constexpr int64_t kCount = int64_t{1} << 24;  // a width, a number of tokens
constexpr int64_t kRepeats = 4096;            // of what has tensors of its own, as layers have
}  // namespace json_limits

// Parses one JSON document. `source` names it in errors ("samples.jsonl, line 7"). Throws Error for malformed text and
// for nesting deeper than json_limits::kDepth.
Json parse_json_or_throw(std::string_view text, const std::string& source);
OrderedJson parse_ordered_json_or_throw(std::string_view text, const std::string& source);

// The same for a whole file.
Json read_json_or_throw(const std::filesystem::path& path);
OrderedJson read_ordered_json_or_throw(const std::filesystem::path& path);

// The same, of an object. Throws Error too where the file holds anything else.
OrderedJson read_object_or_throw(const std::filesystem::path& path);

// object[key] as a T (int64_t, double, bool, std::string, std::vector<…>). Throws Error naming `source` and key where
// it is missing or of another type; optional_field gives `fallback` where it is missing or null.
template <class T, class J>
T required_field(const J& object, const std::string& key, const std::string& source);
template <class T, class J>
T optional_field(const J& object, const std::string& key, T fallback, const std::string& source);

namespace detail {
[[noreturn]] void fail_missing_field(const std::string& key, const std::string& source);
[[noreturn]] void fail_field_type(const std::string& key, const std::string& found, const std::string& source);
template <class T, class J>
bool holds(const J& value);
}  // namespace detail

}  // namespace vlrm

#include "base/json_fields.h"
