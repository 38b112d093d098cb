// A growing array addressed by its own kind of id. References stay valid until the next `add`.
#pragma once

#include <utility>
#include <vector>

#include "base/ids.hpp"

namespace hopf::base {

template <class IdType, class T>
class Store {
 public:
  IdType add(T item) {
    items_.push_back(std::move(item));
    return IdType(static_cast<std::uint32_t>(items_.size() - 1));
  }
  T& operator[](IdType id) { return items_[id.index()]; }
  const T& operator[](IdType id) const { return items_[id.index()]; }
  std::size_t size() const { return items_.size(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<T> items_;
};

}  // namespace hopf::base
