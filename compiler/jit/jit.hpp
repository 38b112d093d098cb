// Kernels to machine code in this process: ORC, with an object cache keyed by content.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "abi/hopf_runtime.h"
#include "kernel/kernel.hpp"

namespace hopf::jit {

enum class Level : std::uint8_t { O0, O3 };

struct Options {
  Level level = Level::O3;
  bool cache = true;  // ~/.cache/hopf or $XDG_CACHE_HOME/hopf; HOPF_CACHE_DIR overrides
  /// Told why where the cache is not used because others could have written to it.
  std::function<void(const std::string& why)> untrusted;
  std::string dump;  // "llvm" or "asm": Program::dump holds the text
  std::string cpu;   // a processor by LLVM's name, e.g. "x86-64-v3"; this machine unless given
};

/// Native code of one kernel module; function pointers live as long as the Program.
class Program {
 public:
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  hopf_point_kernel point(const std::string& name) const;  // null when there is none
  hopf_path_kernel path(const std::string& name) const;
  const std::string& dump() const;
  bool from_cache() const;

  struct Impl;
  explicit Program(std::unique_ptr<Impl>);

 private:
  std::unique_ptr<Impl> impl_;
};

/// Compiles all kernels of one module. Throws UnknownProcessor where there is no code for
/// Options::cpu, or none that this machine can run; otherwise only on an internal fault (LLVM
/// refuses our IR).
Program load(std::span<const kernel::Kernel>, const Options& = {});

/// Writes the same code as a position-independent object file, its functions named
/// hopf_kernel_<name>; it needs libm only. Returns false when the file cannot be written, and then
/// leaves none behind.
bool export_object(std::span<const kernel::Kernel>, const std::string& path, const Options& = {});

}  // namespace hopf::jit
