// Typed 32-bit ids: an id of one store cannot be used with another.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace hopf::base {

template <class Tag>
struct Id {
  static constexpr std::uint32_t kNone = 0xffffffffu;
  std::uint32_t value = kNone;

  constexpr Id() = default;
  constexpr explicit Id(std::uint32_t index) : value(index) {}
  constexpr bool valid() const { return value != kNone; }
  constexpr std::size_t index() const { return value; }
  constexpr auto operator<=>(const Id&) const = default;
};

}  // namespace hopf::base

template <class Tag>
struct std::hash<hopf::base::Id<Tag>> {
  std::size_t operator()(hopf::base::Id<Tag> id) const noexcept {
    return id.value * 0x9e3779b97f4a7c15ull;
  }
};
