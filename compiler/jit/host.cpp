#include "jit/host.hpp"

#include <llvm/ADT/StringMap.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "jit/llvm_setup.hpp"

namespace hopf::jit {
namespace {

/// What emitted code may rest on, beyond what every x86-64 has.
constexpr const char* kVectorFeatures[] = {"avx", "avx2", "fma", "avx512f", "avx512dq", "avx512vl"};

/// Wide vectors serve only where they multiply and add in one rounding.
template <class Has>
unsigned vector_bits_of(const Has& has) {
  if (has("avx512f") && has("avx512dq") && has("avx512vl")) return 512;
  return has("avx2") && has("fma") ? 256 : 128;
}

Host this_machine() {
  Host host;
  host.triple = llvm::sys::getProcessTriple();
  host.cpu = llvm::sys::getHostCPUName().str();
  const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> names;
  for (const auto& feature : features)
    names.push_back((feature.second ? "+" : "-") + feature.first().str());
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) host.features += (host.features.empty() ? "" : ",") + name;
  host.vector_bits = vector_bits_of([&](const char* name) { return features.lookup(name); });
  return host;
}

std::unique_ptr<llvm::MCSubtargetInfo> subtarget(const std::string& triple,
                                                 const std::string& cpu) {
  set_up_llvm();
  std::string fault;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, fault);
  if (!target) throw std::runtime_error("LLVM does not know this machine: " + fault);
  return std::unique_ptr<llvm::MCSubtargetInfo>(target->createMCSubtargetInfo(triple, cpu, ""));
}

}  // namespace

Host find_host(const std::string& cpu) {
  if (cpu.empty()) return this_machine();
  Host host;
  host.triple = llvm::sys::getProcessTriple();
  host.cpu = cpu;
  if (!subtarget(host.triple, "")->isCPUStringValid(cpu))
    throw UnknownProcessor("LLVM does not know a processor '" + cpu + "'");
  const auto chosen = subtarget(host.triple, cpu);
  host.vector_bits =
      vector_bits_of([&](const std::string& name) { return chosen->checkFeatures("+" + name); });
  return host;
}

bool runs_here(const Host& host) {
  const llvm::StringMap<bool> ours = llvm::sys::getHostCPUFeatures();
  const auto target = subtarget(host.triple, host.cpu);
  return std::all_of(std::begin(kVectorFeatures), std::end(kVectorFeatures), [&](const char* name) {
    return ours.lookup(name) || !target->checkFeatures(std::string("+") + name);
  });
}

}  // namespace hopf::jit
