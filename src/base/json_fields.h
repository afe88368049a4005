// The typed getters of json.h.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

namespace vlrm {
namespace detail {

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class T>
struct is_map<std::map<std::string, T>> : std::true_type {};

// nlohmann converts numbers silently (1.5 to 1, true to 1, -1 to a large unsigned); a config field must not.
template <class T, class J>
bool holds(const J& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean();
  } else if constexpr (std::is_integral_v<T>) {
    if (!value.is_number_integer()) return false;
    if (value.is_number_unsigned())
      return value.template get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<T>::max());
    const auto number = value.template get<int64_t>();
    if (std::is_unsigned_v<T> && number < 0) return false;
    return number >= static_cast<int64_t>(std::numeric_limits<T>::min());
  } else if constexpr (std::is_floating_point_v<T>) {
    return value.is_number();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.is_string();
  } else if constexpr (is_vector<T>::value) {
    if (!value.is_array()) return false;
    for (const auto& item : value)
      if (!holds<typename T::value_type>(item)) return false;
    return true;
  } else if constexpr (is_map<T>::value) {
    if (!value.is_object()) return false;
    for (const auto& item : value)
      if (!holds<typename T::mapped_type>(item)) return false;
    return true;
  } else {
    static_assert(std::is_same_v<T, J>);
    return true;
  }
}

}  // namespace detail

template <class T, class J>
T required_field(const J& object, const std::string& key, const std::string& source) {
  if (!object.is_object() || !object.contains(key)) detail::fail_missing_field(key, source);
  const auto& value = object.at(key);
  if (!detail::holds<T>(value))
    detail::fail_field_type(key, value.dump(-1, ' ', true, J::error_handler_t::replace), source);
  return value.template get<T>();
}

template <class T, class J>
T optional_field(const J& object, const std::string& key, T fallback, const std::string& source) {
  if (!object.is_object() || !object.contains(key) || object.at(key).is_null()) return fallback;
  return required_field<T>(object, key, source);
}

}  // namespace vlrm
