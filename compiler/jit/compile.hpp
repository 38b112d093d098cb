// Kernels to an object file in memory, and its texts.
#pragma once

#include <span>
#include <string>

#include "jit/jit.hpp"

namespace hopf::jit {

/// The processor that this process runs on, as LLVM names it.
struct Host {
  std::string triple, cpu, features;
  unsigned vector_bits = 128;
};
Host detect_host();

struct Compiled {
  std::string object;
  std::string dump;  // as Options::dump asks for
};
Compiled compile(std::span<const kernel::Kernel>, const Options&, const Host&);

}  // namespace hopf::jit
