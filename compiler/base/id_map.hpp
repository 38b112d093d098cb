// A hash map from ids to values for passes over a DAG: open addressing, no allocation per entry.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/ids.hpp"

namespace hopf::base {

template <class IdType, class T>
class IdMap {
 public:
  explicit IdMap(std::size_t expected = 16) { rehash(capacity_for(expected)); }

  /// The value of `id`, or nullptr. The pointer is valid until the next insertion.
  T* find(IdType id) {
    Slot& slot = slots_[locate(id)];
    return slot.id == id ? &slot.value : nullptr;
  }
  const T* find(IdType id) const { return const_cast<IdMap*>(this)->find(id); }
  bool contains(IdType id) const { return find(id) != nullptr; }

  /// Inserts when absent; returns whether it did.
  bool insert(IdType id, T value) {
    Slot* slot = &slots_[locate(id)];
    if (slot->id == id) return false;
    if ((size_ + 1) * 3 > slots_.size() * 2) {
      rehash(slots_.size() * 2);
      slot = &slots_[locate(id)];
    }
    slot->id = id;
    slot->value = std::move(value);
    ++size_;
    return true;
  }
  T& operator[](IdType id) {
    insert(id, T{});
    return slots_[locate(id)].value;
  }
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    IdType id;
    T value{};
  };

  static std::size_t capacity_for(std::size_t expected) {
    std::size_t capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    return capacity;
  }
  std::size_t locate(IdType id) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (id.value * 0x9e3779b97f4a7c15ull >> 32) & mask;
    while (slots_[at].id.valid() && slots_[at].id != id) at = (at + 1) & mask;
    return at;
  }
  void rehash(std::size_t capacity) {
    std::vector<Slot> old(capacity);
    old.swap(slots_);
    for (Slot& slot : old) {
      if (slot.id.valid()) slots_[locate(slot.id)] = std::move(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

/// A set of ids.
template <class IdType>
class IdSet {
 public:
  bool insert(IdType id) { return map_.insert(id, true); }
  bool contains(IdType id) const { return map_.contains(id); }
  std::size_t size() const { return map_.size(); }

 private:
  IdMap<IdType, bool> map_;
};

}  // namespace hopf::base
