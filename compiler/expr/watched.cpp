#include "expr/watched.hpp"

#include <utility>

#include "expr/store_impl.hpp"

namespace hopf::expr {

Watched::Watched(Store& store, std::function<void()> watch)
    : store_(store), before_(std::exchange(StoreAccess::impl(store).watch, std::move(watch))) {}

Watched::~Watched() { StoreAccess::impl(store_).watch = std::move(before_); }

}  // namespace hopf::expr
