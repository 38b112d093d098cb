// Kernels to an object file in memory, and its texts.
#pragma once

#include <span>
#include <string>

#include "jit/host.hpp"
#include "jit/jit.hpp"

namespace hopf::jit {

struct Compiled {
  std::string object;
  std::string dump;  // as Options::dump asks for
};
Compiled compile(std::span<const kernel::Kernel>, const Options&, const Host&);

}  // namespace hopf::jit
