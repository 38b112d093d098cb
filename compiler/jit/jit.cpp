#include "jit/jit.hpp"

#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/Support/MemoryBuffer.h>

#include <map>
#include <stdexcept>

#include "codegen/emit.hpp"
#include "jit/compile.hpp"
#include "jit/object_cache.hpp"

namespace hopf::jit {
namespace {

namespace orc = llvm::orc;

template <class T>
T value_of(llvm::Expected<T> expected) {
  if (!expected) throw std::runtime_error(llvm::toString(expected.takeError()));
  return std::move(*expected);
}

void check(llvm::Error error) {
  if (error) throw std::runtime_error(llvm::toString(std::move(error)));
}

/// All that the object depends on, as text.
std::string key_text(std::span<const kernel::Kernel> kernels, const Host& host, Level level) {
  std::string key = fmt::format(
      "codegen {} abi {} level {} {} {} {} {}\n", codegen::kCodegenVersion, HOPF_RUNTIME_VERSION,
      level == Level::O0 ? 0 : 3, host.triple, host.cpu, host.features, host.vector_bits);
  for (const kernel::Kernel& k : kernels) key += kernel::print(k);
  return key;
}

}  // namespace

/// A linker for one object, bare: kernels need no platform runtime, no lazy compilation and no
/// unwind tables.
struct Program::Impl {
  Impl()
      : session(value_of(orc::SelfExecutorProcessControl::Create())), linker(session, memory()) {}
  ~Impl() {
    if (llvm::Error error = session.endSession()) llvm::consumeError(std::move(error));
  }
  llvm::jitlink::JITLinkMemoryManager& memory() {
    return session.getExecutorProcessControl().getMemMgr();
  }

  void link(const std::string& object, std::span<const kernel::Kernel> kernels) {
    orc::JITDylib& library = session.createBareJITDylib("kernels");
    library.addGenerator(value_of(orc::DynamicLibrarySearchGenerator::GetForCurrentProcess('\0')));
    check(linker.add(library, llvm::MemoryBuffer::getMemBufferCopy(object, "kernels.o")));
    for (const kernel::Kernel& k : kernels) {
      const auto symbol =
          value_of(session.lookup({&library}, session.intern(codegen::symbol_of(k))));
      (k.path ? path : point)[k.name] = symbol.getAddress().getValue();
    }
  }

  orc::ExecutionSession session;
  orc::ObjectLinkingLayer linker;
  std::map<std::string, std::uint64_t> point, path;
  std::string dump;
  bool from_cache = false;
};

Program::Program(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

hopf_point_kernel Program::point(const std::string& name) const {
  const auto found = impl_->point.find(name);
  return found == impl_->point.end() ? nullptr : reinterpret_cast<hopf_point_kernel>(found->second);
}

hopf_path_kernel Program::path(const std::string& name) const {
  const auto found = impl_->path.find(name);
  return found == impl_->path.end() ? nullptr : reinterpret_cast<hopf_path_kernel>(found->second);
}

const std::string& Program::dump() const { return impl_->dump; }
bool Program::from_cache() const { return impl_->from_cache; }

Program load(std::span<const kernel::Kernel> kernels, const Options& options) {
  auto impl = std::make_unique<Program::Impl>();
  const Host host = detect_host();
  const bool cached = options.cache && options.dump.empty();
  const ObjectCache cache = ObjectCache::of_user();
  const std::string key = cached ? key_text(kernels, host, options.level) : "";
  if (cached) {
    if (const auto object = cache.read(key)) {
      impl->link(*object, kernels);
      impl->from_cache = true;
      return Program(std::move(impl));
    }
  }
  Compiled compiled = compile(kernels, options, host);
  impl->dump = std::move(compiled.dump);
  impl->link(compiled.object, kernels);
  if (cached) cache.write(key, compiled.object);
  return Program(std::move(impl));
}

bool export_object(std::span<const kernel::Kernel> kernels, const std::string& path, Level level) {
  Options options;
  options.level = level;
  const std::string object = compile(kernels, options, detect_host()).object;
  return write_atomically(path, object);
}

}  // namespace hopf::jit
