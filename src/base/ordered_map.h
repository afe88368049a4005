// The map behind OrderedJson: it keeps the order of insertion, and finds a key in constant time however many there are.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vlrm {

// What nlohmann::basic_json asks of its object type. Keys are strings; `Less` is ignored.
template <class Key, class T, class Less = std::less<Key>, class Allocator = std::allocator<std::pair<const Key, T>>>
class OrderedMap {
  using Entries = std::vector<std::pair<const Key, T>, Allocator>;

 public:
  using key_type = Key;
  using mapped_type = T;
  using value_type = std::pair<const Key, T>;
  using key_compare = std::equal_to<>;
  using size_type = typename Entries::size_type;
  using iterator = typename Entries::iterator;
  using const_iterator = typename Entries::const_iterator;

  OrderedMap() = default;
  template <class It>
  OrderedMap(It first, It last) {
    for (; first != last; ++first) emplace(first->first, T(first->second));
  }
  OrderedMap(std::initializer_list<value_type> entries) : OrderedMap(entries.begin(), entries.end()) {}

  iterator begin() { return entries_.begin(); }
  iterator end() { return entries_.end(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  const_iterator cbegin() const { return entries_.begin(); }
  const_iterator cend() const { return entries_.end(); }
  bool empty() const { return entries_.empty(); }
  size_type size() const { return entries_.size(); }
  size_type max_size() const { return entries_.max_size(); }
  void clear() {
    entries_.clear();
    slots_.clear();
  }

  iterator find(std::string_view key) { return begin() + static_cast<std::ptrdiff_t>(position(key)); }
  const_iterator find(std::string_view key) const { return begin() + static_cast<std::ptrdiff_t>(position(key)); }
  size_type count(std::string_view key) const { return position(key) < size() ? 1 : 0; }
  T& at(std::string_view key) { return const_cast<T&>(std::as_const(*this).at(key)); }
  const T& at(std::string_view key) const {
    const auto found = find(key);
    if (found == end()) throw std::out_of_range("key not found");
    return found->second;
  }
  T& operator[](std::string_view key) { return emplace(key, T{}).first->second; }
  const T& operator[](std::string_view key) const { return at(key); }

  // A key that is there keeps its value.
  std::pair<iterator, bool> emplace(std::string_view key, T&& value) {
    if (const auto found = find(key); found != end()) return {found, false};
    entries_.emplace_back(Key(key), std::move(value));
    if (size() > kScanned) add_to_slots(size() - 1);
    return {end() - 1, true};
  }
  std::pair<iterator, bool> insert(value_type&& entry) { return emplace(entry.first, std::move(entry.second)); }
  std::pair<iterator, bool> insert(const value_type& entry) { return emplace(entry.first, T(entry.second)); }
  template <class It>
  void insert(It first, It last) {
    for (; first != last; ++first) insert(*first);
  }

  size_type erase(std::string_view key) {
    const auto found = find(key);
    if (found == end()) return 0;
    erase(found);
    return 1;
  }
  iterator erase(iterator place) { return erase(place, place + 1); }
  iterator erase(iterator first, iterator last) {
    const auto begin_of_rest = first - begin();
    Entries kept;
    kept.reserve(size());
    for (auto entry = begin(); entry != end(); ++entry)
      if (entry < first || entry >= last) kept.push_back(std::move(*entry));
    entries_.swap(kept);
    slots_.clear();
    if (size() > kScanned) make_slots();
    return begin() + begin_of_rest;
  }

  bool operator==(const OrderedMap& other) const { return entries_ == other.entries_; }
  std::partial_ordering operator<=>(const OrderedMap& other) const { return entries_ <=> other.entries_; }

 private:
  static constexpr size_type kScanned = 16;  // a map with more entries is searched by hash
  static constexpr uint32_t kFree = UINT32_MAX;

  // Where the key is among the entries; their number where it is not.
  size_type position(std::string_view key) const {
    if (size() <= kScanned) {
      for (size_type i = 0; i < size(); ++i)
        if (entries_[i].first == key) return i;
      return size();
    }
    const uint32_t found = slots_[slot_of(key)];
    return found == kFree ? size() : found;
  }

  // The slot that holds the key, or the free one where it belongs.
  size_type slot_of(std::string_view key) const {
    const size_type mask = slots_.size() - 1;
    for (size_type slot = std::hash<std::string_view>()(key) & mask;; slot = (slot + 1) & mask)
      if (slots_[slot] == kFree || entries_[slots_[slot]].first == key) return slot;
  }

  void make_slots() {
    size_type count = 4 * kScanned;
    while (count < 4 * size()) count *= 2;
    slots_.assign(count, kFree);
    for (size_type i = 0; i < size(); ++i) slots_[slot_of(entries_[i].first)] = static_cast<uint32_t>(i);
  }

  void add_to_slots(size_type index) {
    if (2 * size() > slots_.size()) return make_slots();
    slots_[slot_of(entries_[index].first)] = static_cast<uint32_t>(index);
  }

  Entries entries_;
  std::vector<uint32_t> slots_;  // indices of entries_ by hash, once there are many; a power of two of them
};

}  // namespace vlrm
