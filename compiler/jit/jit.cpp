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
#include "core/atomic_file.hpp"
#include "jit/build_id.hpp"
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

/// All that the object depends on, as text.
std::string key_text(std::span<const kernel::Kernel> kernels, const Host& host, Level level) {
  std::string key =
      fmt::format("build {} codegen {} abi {} level {} {} {} {} {}\n", build_id(),
                  codegen::kCodegenVersion, HOPF_RUNTIME_VERSION, level == Level::O0 ? 0 : 3,
                  host.triple, host.cpu, host.features, host.vector_bits);
  for (const kernel::Kernel& k : kernels) key += codegen::symbol_of(k) + "\n" + kernel::print(k);
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

  /// Finds every kernel in `object`. The answer says what is wrong with it, and is empty when
  /// nothing is.
  std::string link(const std::string& object, std::span<const kernel::Kernel> kernels) {
    // What fails is told by the answer; the session would print it.
    session.setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
    orc::JITDylib& library = session.createBareJITDylib("kernels");
    library.addGenerator(value_of(orc::DynamicLibrarySearchGenerator::GetForCurrentProcess('\0')));
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(object, "kernels.o");
    if (llvm::Error error = linker.add(library, std::move(buffer)))
      return llvm::toString(std::move(error));
    for (const kernel::Kernel& k : kernels) {
      auto symbol = session.lookup({&library}, session.intern(codegen::symbol_of(k)));
      if (!symbol) return llvm::toString(symbol.takeError());
      (k.path ? path : point)[k.name] = symbol->getAddress().getValue();
    }
    return {};
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

namespace {

/// A program from the cache; nothing where there is none, or where the stored object does not link
/// or lacks a kernel, whoever wrote it: then it is compiled anew and replaced.
std::unique_ptr<Program::Impl> link_stored(const ObjectCache& cache, const std::string& key,
                                           std::span<const kernel::Kernel> kernels) {
  const auto object = cache.read(key);
  if (!object) return nullptr;
  auto impl = std::make_unique<Program::Impl>();
  if (!impl->link(*object, kernels).empty()) return nullptr;
  impl->from_cache = true;
  return impl;
}

}  // namespace

Program load(std::span<const kernel::Kernel> kernels, const Options& options) {
  auto impl = std::make_unique<Program::Impl>();
  const Host host = find_host(options.cpu);
  if (!options.cpu.empty() && !runs_here(host))
    throw UnknownProcessor("this machine cannot run code for the processor '" + options.cpu + "'");
  const bool cached = options.cache && options.dump.empty();
  ObjectCache cache(cached ? ObjectCache::user_folder() : "");
  if (!cache.distrust().empty() && options.untrusted) options.untrusted(cache.distrust());
  const std::string key = cached ? key_text(kernels, host, options.level) : "";
  if (cached) {
    if (auto stored = link_stored(cache, key, kernels)) return Program(std::move(stored));
  }
  Compiled compiled = compile(kernels, options, host);
  impl->dump = std::move(compiled.dump);
  if (const std::string fault = impl->link(compiled.object, kernels); !fault.empty())
    throw std::runtime_error(fault);
  if (cached) cache.write(key, compiled.object);
  return Program(std::move(impl));
}

bool export_object(std::span<const kernel::Kernel> kernels, const std::string& path,
                   const Options& options) {
  const std::string object = compile(kernels, options, find_host(options.cpu)).object;
  return runtime::write_file(path, object).empty();
}

}  // namespace hopf::jit
