// The processor to compile for: this one, or an older one by name.
#pragma once

#include <stdexcept>
#include <string>

namespace hopf::jit {

/// A processor that code was asked for and that there is none for here.
struct UnknownProcessor : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A processor as LLVM names it.
struct Host {
  std::string triple, cpu, features;
  unsigned vector_bits = 128;  // 512, 256 or 128: what its vectors hold
};

/// The processor `cpu` ("x86-64", "x86-64-v3", "skylake", ...), or that of this machine where the
/// name is empty. Throws UnknownProcessor on a name that LLVM does not know.
Host find_host(const std::string& cpu);

/// Whether this machine can run code for `host`.
bool runs_here(const Host& host);

}  // namespace hopf::jit
