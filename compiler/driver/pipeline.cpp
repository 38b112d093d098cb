#include "driver/pipeline.hpp"

#include "driver/files.hpp"
#include "driver/report.hpp"
#include "expr/watched.hpp"
#include "model/print.hpp"
#include "syntax/parser.hpp"
#include "syntax/print.hpp"

namespace hopf::driver {

std::optional<source::FileId> load(Context& c, const std::string& path, source::Span from) {
  const auto file = c.phases.run("load", [&] { return read_source(c, path, from); });
  if (file) c.phases.dump("files", [&] { return path + "\n"; });
  if (c.phases.stop_after("load")) return {};
  return file;
}

std::optional<syntax::Ast> parse(Context& c, source::FileId file) {
  auto ast = c.phases.run("parse", [&] { return syntax::parse(c.sources, file, c.sink); });
  c.phases.dump("ast", [&] { return syntax::print(ast); });
  if (c.phases.stop_after("parse")) return {};
  return ast;
}

const model::Model* check(Context& c, ModelHandle& h) {
  if (h.model) return &*h.model;
  const auto store = std::make_shared<expr::Store>();
  const expr::Watched watched(*store, c.watch());
  h.model = c.phases.run("check", [&] {
    return model::check(store, h.module->ast, *h.item, h.module->scope, applicable_overrides(c, h),
                        c.sink);
  });
  if (!h.model) return nullptr;
  c.phases.dump("model", [&] { return model::print(*h.model); });
  return c.phases.stop_after("check") ? nullptr : &*h.model;
}

const derive::Equations* derive(Context& c, ModelHandle& h) {
  if (h.equations) return &*h.equations;
  const model::Model* model = check(c, h);
  if (!model) return nullptr;
  const expr::Watched watched(*model->store, c.watch());
  h.equations = c.phases.run("derive", [&] { return derive::structure(*model, c.sink); });
  if (!h.equations) return nullptr;
  auto written = [&](expr::Style style) {
    derive::write_steps(*model, *h.equations);
    return render(*model, *h.equations, style);
  };
  c.phases.dump("equations", [&] { return written(expr::Style::Unicode); });
  c.phases.dump("latex", [&] { return written(expr::Style::Latex); });
  return c.phases.stop_after("derive") ? nullptr : &*h.equations;
}

const derive::Equations* derivation(Context& c, ModelHandle& h) {
  if (!derive(c, h)) return nullptr;
  const expr::Watched watched(*h.model->store, c.watch());
  derive::write_steps(*h.model, *h.equations);
  return &*h.equations;
}

std::optional<plan::Plan> plan(Context& c, ModelHandle& h, const plan::Options& options) {
  const derive::Equations* equations = derive(c, h);
  if (!equations) return {};
  const expr::Watched watched(*h.model->store, c.watch());
  auto plan =
      c.phases.run("plan", [&] { return plan::choose(*h.model, *equations, options, c.sink); });
  if (!plan) return {};
  c.phases.dump("plan", [&] { return plan::render(*h.model, *plan); });
  if (c.phases.stop_after("plan")) return {};
  return plan;
}

std::optional<runtime::ValueFunction> solve(Context& c, ModelHandle& h,
                                            const plan::Options& options) {
  const derive::Equations* equations = derive(c, h);
  if (!equations) return {};
  const expr::Watched watched(*h.model->store, c.watch());
  auto value = c.phases.run("solve", [&] {
    return solve(*h.model, *equations, options, c.progress(), c.sink, &c.phases);
  });
  if (value && simulation_is_cheap(*value)) {
    const int threads = options.threads > 0 ? options.threads : c.options.threads;
    if (auto check = simulated_check(*h.model, *value, {threads, c.progress(), &c.phases}))
      value->report.checks.push_back(std::move(*check));
  }
  if (value) c.phases.dump("report", [&] { return report_text(*value); });
  if (c.phases.stop_after("solve") || c.cancelled) return {};
  return value;
}

std::optional<runtime::ValueFunction> evaluate(Context& c, ModelHandle& h, const Policy& policy,
                                               const plan::Options& options) {
  const derive::Equations* equations = derive(c, h);
  if (!equations) return {};
  const expr::Watched watched(*h.model->store, c.watch());
  auto value = c.phases.run("solve", [&] {
    return evaluate(*h.model, *equations, policy, options, c.progress(), c.sink, &c.phases);
  });
  if (value) c.phases.dump("report", [&] { return report_text(*value); });
  if (c.phases.stop_after("solve") || c.cancelled) return {};
  return value;
}

std::optional<runtime::Ensemble> simulate(Context& c, ModelHandle& h,
                                          const runtime::ValueFunction* value, const Policy* policy,
                                          const SimulateOptions& options) {
  const model::Model* model = check(c, h);
  if (!model) return {};
  const expr::Watched watched(*model->store, c.watch());
  auto ensemble = c.phases.run("simulate", [&] {
    return simulate(*model, value, policy, options, c.progress(), c.sink, &c.phases);
  });
  if (c.phases.stop_after("simulate") || c.cancelled) return {};
  return ensemble;
}

}  // namespace hopf::driver
