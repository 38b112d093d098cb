#include "driver/native.hpp"

#include <cstdlib>

namespace hopf::driver {
namespace {

std::vector<kernel::Kernel> lower_all(expr::Store& store,
                                      const std::vector<const kernel::Spec*>& specs) {
  std::vector<kernel::Kernel> kernels;
  for (const kernel::Spec* spec : specs)
    if (!spec->outputs.empty()) kernels.push_back(kernel::lower(store, *spec));
  return kernels;
}

std::string text_of(const std::vector<kernel::Kernel>& kernels) {
  std::string text;
  for (const kernel::Kernel& kernel : kernels) text += kernel::print(kernel);
  return text;
}

}  // namespace

jit::Program compile_kernels(expr::Store& store, const std::vector<const kernel::Spec*>& specs,
                             Phases* phases) {
  if (!phases) return jit::load(lower_all(store, specs));
  const auto kernels = phases->run("lower", [&] { return lower_all(store, specs); });
  phases->dump("kernel", [&] { return text_of(kernels); });
  jit::Options options;
  options.cache = phases->enabled("cache");
  options.untrusted = [phases](const std::string& why) { phases->tell_of_cache(why); };
  options.level = phases->enabled("optimize") ? jit::Level::O3 : jit::Level::O0;
  if (const char* cpu = std::getenv("HOPF_CPU")) options.cpu = cpu;
  for (const char* product : {"llvm", "asm"})
    if (phases->dumps(product)) options.dump = product;
  jit::Program program = phases->run("codegen", [&] { return jit::load(kernels, options); });
  if (!options.dump.empty()) phases->dump(options.dump, [&] { return program.dump(); });
  return program;
}

}  // namespace hopf::driver
