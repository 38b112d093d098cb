// Several lambdas as one visitor of a std::variant.
#pragma once

namespace hopf::base {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace hopf::base
