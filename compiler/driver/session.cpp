// The public interface over the phases and the script evaluator.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <new>
#include <stdexcept>

#include "core/atomic_file.hpp"
#include "core/unfinished.hpp"
#include "driver/files.hpp"
#include "driver/output.hpp"
#include "driver/pipeline.hpp"
#include "driver/report.hpp"
#include "driver/script.hpp"
#include "driver/session_impl.hpp"
#include "jit/host.hpp"
#include "syntax/format.hpp"
#include "syntax/parser.hpp"
#include "syntax/print.hpp"

namespace hopf {

using diagnostics::Kind;
using driver::Module;

std::string version() { return HOPF_VERSION; }

void remove_unfinished_files() noexcept { runtime::remove_unfinished(); }

Session::Session(SessionOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

void Session::Impl::begin() {
  context.sink.clear();
  context.cancelled = false;
  script.locals.clear();
  script.depth = 0;
  if (!settings_read) read_settings();
}

void Session::Impl::read_settings() {
  settings_read = true;
  for (const auto& [name, text] : context.options.parameters)
    if (const auto setting = read_setting(name, text, "--set"))
      context.settings.push_back(*setting);
}

/// The value is an expression: `--set gamma=5`, `--set "A=[[0, 1], [0, 0]]"`.
std::optional<model::Override> Session::Impl::read_setting(const std::string& name,
                                                           const std::string& text,
                                                           const std::string& place) {
  const std::size_t errors = context.sink.error_count();
  const Module* module = driver::add_module(context, place, name + " = " + text, {});
  const syntax::Item* item =
      module && module->ast.items.size() == 1 ? &module->ast.items[0] : nullptr;
  const auto* setting = item ? std::get_if<syntax::AssignItem>(&item->value) : nullptr;
  if (setting) {
    script.ast = &module->ast;
    script.module = module;
  }
  const auto value = setting ? driver::eval(script, setting->value) : std::nullopt;
  const auto numeric = value ? driver::numeric_of(*value) : std::nullopt;
  if (numeric) return model::Override{name, numeric->shape, numeric->data, {}};
  if (context.sink.error_count() == errors)
    context.sink.emit(Kind::UnknownSetting, {},
                      fmt::format("{} {}={} is no number, vector or matrix", place, name, text));
  return {};
}

/// A setting that no model of the file has is a mistake of the command line.
void Session::Impl::check_settings(const Module& module) {
  std::vector<std::string> known;
  const auto collect = [&](const auto& self, const Module& m) -> void {
    for (const driver::Import& import : m.imports) self(self, *import.module);
    for (const syntax::Item& item : m.ast.items)
      if (const auto* model = std::get_if<syntax::ModelItem>(&item.value))
        for (const auto& declaration : model->declarations)
          if (const auto* param = std::get_if<syntax::ParamDecl>(&declaration.value))
            known.push_back(param->name.text);
  };
  collect(collect, module);
  for (const model::Override& setting : context.settings) {
    if (std::find(known.begin(), known.end(), setting.name) != known.end()) continue;
    auto& error = context.sink.emit(
        Kind::UnknownSetting, {},
        fmt::format("--set {}: no model of '{}' has this parameter", setting.name, module.path));
    if (const auto meant = diagnostics::did_you_mean(setting.name, known))
      error.help = fmt::format("did you mean '{}'?", *meant);
  }
}

const Module* Session::Impl::open(const std::string& path) {
  begin();
  if (context.sink.has_errors()) return nullptr;
  const Module* module = driver::load_module(context, path);
  if (!module) return nullptr;
  check_settings(*module);
  return driver::prepare(script, *module) ? module : nullptr;
}

void Session::Impl::report_fault() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    context.sink.emit(Kind::OutOfMemory, {}, "the machine has no memory left for this").help =
        "ask for fewer nodes or paths";
  } catch (const jit::UnknownProcessor& fault) {
    context.sink.emit(Kind::UnknownProcessor, {}, fmt::format("HOPF_CPU: {}", fault.what())).help =
        "'x86-64-v3' is one; without HOPF_CPU it is this machine's own";
  } catch (const std::exception& fault) {
    context.sink.emit(Kind::InternalFault, {}, fmt::format("hopf itself failed: {}", fault.what()))
        .help = "please report this with the file and the command that led to it";
  } catch (...) {
    context.sink.emit(Kind::InternalFault, {}, "hopf itself failed, without a word");
  }
}

bool Session::Impl::good() const { return !context.sink.has_errors() && !context.cancelled; }

bool Session::run_file(const std::string& path) {
  return impl_->guarded([&] {
    impl_->script.interactive = false;
    const Module* module = impl_->open(path);
    if (module && !impl_->context.phases.stopped()) driver::run(impl_->script, *module);
    return impl_->good();
  });
}

/// What only the derivation can see, an unbounded Hamiltonian for one, is an error of the model as
/// well.
bool Session::check_file(const std::string& path) {
  return impl_->guarded([&] {
    const Module* module = impl_->open(path);
    if (module && !impl_->context.phases.stopped()) driver::derive_models(impl_->script, *module);
    return impl_->good();
  });
}

bool Session::run_text(std::string_view text, std::string_view display_name) {
  return impl_->guarded([&] {
    impl_->begin();
    impl_->script.interactive = true;
    const Module* module = driver::add_module(impl_->context, std::string(display_name),
                                              std::string(text), impl_->scope);
    if (!module) return impl_->good();
    auto before = impl_->script.globals;
    if (!driver::prepare(impl_->script, *module)) {
      impl_->script.globals = std::move(before);  // what was declared stays
      return false;
    }
    driver::run(impl_->script, *module);
    impl_->scope = module->scope;
    return impl_->good();
  });
}

bool Session::is_incomplete(std::string_view text) { return syntax::is_incomplete(text); }

std::vector<std::string> Session::completions(std::string_view prefix) const {
  std::vector<std::string> found;
  for (std::string& name : impl_->script.names())
    if (name.compare(0, prefix.size(), prefix) == 0) found.push_back(std::move(name));
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

/// The text as it is and as it is laid out. What the formatter wrote is read again before anybody
/// sees it: a fault of ours must not cost the user a file.
std::optional<Session::Impl::Layout> Session::Impl::layout(const std::string& path) {
  begin();
  const auto file = driver::load(context, path);
  if (!file) return {};
  const auto ast = driver::parse(context, *file);
  if (!ast || context.sink.has_errors()) return {};
  std::string text = syntax::format(context.sources, *ast);
  const auto again =
      syntax::parse(context.sources, context.sources.add("<formatted>", text), context.sink);
  if (context.sink.has_errors() || syntax::print(again) != syntax::print(*ast)) {
    context.sink.clear();
    throw std::logic_error("the layout of '" + path + "' would change its meaning");
  }
  return Layout{context.sources.file(*file).text, std::move(text)};
}

std::optional<std::string> Session::format_file(const std::string& path) {
  return impl_->guarded([&]() -> std::optional<std::string> {
    auto found = impl_->layout(path);
    if (!found) return {};
    return std::move(found->after);
  });
}

std::optional<bool> Session::is_formatted(const std::string& path) {
  return impl_->guarded([&]() -> std::optional<bool> {
    const auto found = impl_->layout(path);
    if (!found) return {};
    return found->before == found->after;
  });
}

bool Session::reformat_file(const std::string& path) {
  return impl_->guarded([&] {
    const auto found = impl_->layout(path);
    if (!found) return false;
    return found->before == found->after ||
           driver::written(impl_->context, {}, path, runtime::write_file(path, found->after));
  });
}

std::optional<std::string> Session::explain(std::string_view kind) {
  if (kind.empty()) {
    std::string list;
    for (const auto& info : diagnostics::all_kinds())
      list += fmt::format("{}  {:<28} {}\n", info.code, info.kebab, info.summary);
    return list;
  }
  std::string code(kind);
  for (char& c : code) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  auto found = diagnostics::find_kind(kind);
  if (!found) found = diagnostics::find_kind(code);
  if (!found) return {};
  const auto& info = diagnostics::info(*found);
  std::string why;
  if (auto page = source::read_file(
          fmt::format("{}/errors/{}.md", driver::resource_directory("docs"), info.kebab), why))
    return page;
  return fmt::format("{} {}: {}\n", info.code, info.kebab, info.summary);
}

std::string Session::nearest_kind(std::string_view kind) {
  std::vector<std::string> names;
  for (const auto& info : diagnostics::all_kinds()) names.emplace_back(info.kebab);
  return diagnostics::did_you_mean(kind, names).value_or("");
}

namespace {

Diagnostic::Severity severity(diagnostics::Severity severity) {
  switch (severity) {
    case diagnostics::Severity::Error:
      return Diagnostic::Severity::Error;
    case diagnostics::Severity::Warning:
      return Diagnostic::Severity::Warning;
    default:
      return Diagnostic::Severity::Note;
  }
}

Location location(const source::SourceSet& sources, source::Span span) {
  if (!span.valid()) return {};
  const auto begin = sources.position(span.file, span.begin),
             end = sources.position(span.file, span.end);
  return {sources.file(span.file).path, begin.line, begin.column, end.line, end.column};
}

}  // namespace

std::vector<Diagnostic> Session::diagnostics() const {
  std::vector<Diagnostic> result;
  for (const auto& d : impl_->context.sink.sorted()) {
    const auto& info = diagnostics::info(d.kind);
    result.push_back({severity(info.severity), std::string(info.kebab), std::string(info.code),
                      d.message, d.help, location(impl_->context.sources, d.primary)});
  }
  return result;
}

namespace {
constexpr std::size_t kFlood = 199;  // errors; the sink keeps no more
}

std::string Session::diagnostics_text() const {
  std::string text;
  for (const auto& d : impl_->context.sink.sorted()) {
    if (impl_->context.options.quiet &&
        diagnostics::info(d.kind).severity != diagnostics::Severity::Error)
      continue;
    text += diagnostics::render_text(d, impl_->context.sources, {impl_->context.options.color});
  }
  const std::size_t errors = impl_->context.sink.error_count();
  if (errors > kFlood) text += fmt::format("{} errors in all; the first are shown\n", errors);
  return text;
}

std::string Session::diagnostics_json() const {
  std::string text;
  for (const auto& d : impl_->context.sink.sorted()) {
    text += diagnostics::render_json(d, impl_->context.sources);
    if (text.back() != '\n') text += '\n';
  }
  return text;
}

bool Session::cancelled() const { return impl_->context.cancelled; }

std::string Session::phase_times() const { return impl_->context.phases.times(); }

}  // namespace hopf
