// Fuzz target: any text through the whole pipeline, up to the solution on a few nodes and a few
// paths. Whatever it says, the session answers with results or errors, and never with a fault of
// its own.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <hopf/hopf.hpp>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kLongEnough = std::chrono::seconds(2);

void require_no_fault(const hopf::Session& session) {
  for (const hopf::Diagnostic& d : session.diagnostics()) {
    if (d.kind != "internal-fault") continue;
    std::fprintf(stderr, "%s\n", d.message.c_str());
    std::abort();
  }
  session.diagnostics_text();
  session.diagnostics_json();
}

void solve(hopf::Session& session, const hopf::Model& model) {
  const auto V = session.solve(model, {.grid = {5}, .steps = 3});
  require_no_fault(session);
  if (!V) return;
  V->value(std::vector<double>(model.states().size(), 0.1));
  session.simulate(model, *V, {.until = 0.1, .paths = 3, .step = 0.05});
  require_no_fault(session);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto start = Clock::now();
  hopf::SessionOptions options;
  options.out = [](std::string_view) {};
  options.progress = [start](std::string_view, double, double) {
    return Clock::now() - start > kLongEnough;
  };
  options.threads = 1;
  options.sandbox = "/var/empty/none";  // what is loaded or saved would be the machine's
  options.off = {"cache", "optimize"};
  hopf::Session session(options);
  const auto model = session.compile({reinterpret_cast<const char*>(data), size});
  require_no_fault(session);
  if (!model) return 0;
  session.derive(*model);
  session.derive(*model, hopf::Style::Latex);
  session.plan(*model);
  require_no_fault(session);
  solve(session, *model);
  return 0;
}
