// Long symbolic work that can be stopped: a store asks now and then whether to go on.
#pragma once

#include <functional>

#include "expr/expr.hpp"

namespace hopf::expr {

/// For as long as it lives, the store calls `watch` once for every few thousand expressions that
/// are asked of it. What `watch` throws passes through the work, and the store stays whole.
class Watched {
 public:
  Watched(Store&, std::function<void()> watch);
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Store& store_;
  std::function<void()> before_;
};

}  // namespace hopf::expr
