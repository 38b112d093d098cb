#include "driver/files.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "driver/pipeline.hpp"
#include "driver/sandbox.hpp"
#include "io/io.hpp"

namespace hopf::driver {
namespace {

namespace fs = std::filesystem;
using diagnostics::Kind;

std::string canonical(const std::string& path) {
  std::error_code ignored;
  const fs::path resolved = fs::weakly_canonical(path, ignored);
  return ignored ? path : resolved.string();
}

/// `import std.units` names units.hopf of the standard library, `import shared.costs`
/// shared/costs.hopf beside the importing file, and `import "../costs.hopf"` exactly that file.
std::string import_path(const syntax::ImportItem& item, const std::string& directory) {
  std::string name = item.path;
  fs::path base = directory;
  if (!item.quoted) {
    if (name.rfind("std.", 0) == 0) {
      base = resource_directory("stdlib");
      name = name.substr(4);
    }
    std::replace(name.begin(), name.end(), '.', '/');
    name += ".hopf";
  }
  const fs::path path = fs::path(name).is_absolute() ? fs::path(name) : base / name;
  return path.lexically_normal().string();
}

/// What a parameter's `load("file.csv")` reads. A parameter is a number.
std::optional<model::LoadedArray> load_array(Context& c, const std::string& path,
                                             std::string& error) {
  error = why_forbidden(c, path);
  if (!error.empty()) return {};
  auto array = runtime::load_array(path, error, c.watch());
  if (!array) error = reason_alone(error);
  if (!array) return {};
  for (std::size_t i = 0; i < array->data.size(); ++i) {
    if (std::isfinite(array->data[i])) continue;
    error = fmt::format("{} is infinite", runtime::place_of(i, array->shape));
    return {};
  }
  return model::LoadedArray{std::move(array->shape), std::move(array->data)};
}

/// Loads modules depth first; `chain` holds the files whose imports are being read.
class Loader {
 public:
  explicit Loader(Context& context) : c_(context) {}

  const Module* file(const std::string& path, source::Span from) {
    const std::string key = canonical(path);
    for (const auto& module : c_.modules)
      if (module->key == key && !chain_.empty()) return module.get();
    const auto file = load(c_, path, from);
    if (!file) return nullptr;
    return finish(*file, path, key, {});
  }

  const Module* text(source::FileId file, const std::string& name, const model::Scope& before) {
    return finish(file, name, "", before);
  }

 private:
  const Module* finish(source::FileId file, const std::string& path, const std::string& key,
                       model::Scope scope) {
    auto ast = parse(c_, file);
    if (!ast) return nullptr;
    auto module = std::make_unique<Module>();
    module->ast = std::move(*ast);
    module->path = path;
    module->key = key;
    module->scope = std::move(scope);
    module->scope.directory = key.empty() ? "." : fs::path(path).parent_path().string();
    if (module->scope.directory.empty()) module->scope.directory = ".";
    module->scope.load = [&c = c_](const std::string& file, std::string& error) {
      return load_array(c, file, error);
    };
    if (!imports(*module)) return nullptr;
    for (const syntax::Item& item : module->ast.items)
      if (const auto* function = std::get_if<syntax::FunctionItem>(&item.value))
        module->scope.functions[function->name.text] = {&module->ast, function};
    c_.modules.push_back(std::move(module));
    return c_.modules.back().get();
  }

  bool imports(Module& module) {
    chain_.push_back({module.key, module.path});
    bool complete = true;
    for (std::size_t i = 0; i < module.ast.items.size(); ++i) {
      const syntax::Item& item = module.ast.items[i];
      const auto* import = std::get_if<syntax::ImportItem>(&item.value);
      if (!import) continue;
      const Module* imported = one_import(module, *import, item.span);
      if (!imported) {
        complete = false;
        continue;
      }
      module.imports.push_back({i, imported});
      for (const auto& [name, function] : imported->scope.functions)
        module.scope.functions[name] = function;
    }
    chain_.pop_back();
    return complete;
  }

  const Module* one_import(const Module& module, const syntax::ImportItem& import,
                           source::Span span) {
    const std::string path = import_path(import, module.scope.directory);
    const bool ours = !import.quoted && import.path.rfind("std.", 0) == 0;
    if (!ours && !allowed(c_, path, span)) return nullptr;
    std::error_code none;
    if (!fs::exists(path, none)) {
      not_found(import, path, span);
      return nullptr;
    }
    const std::string key = canonical(path);
    for (std::size_t i = 0; i < chain_.size(); ++i) {
      if (chain_[i].first == key && !key.empty()) {
        cycle(i, span);
        return nullptr;
      }
    }
    return file(path, span);
  }

  void not_found(const syntax::ImportItem& import, const std::string& path, source::Span span) {
    auto& error = c_.sink.emit(Kind::ImportNotFound, span,
                               fmt::format("nothing to import at '{}'", import.path));
    error.primary_label = fmt::format("there is no file '{}'", path);
    if (is_python(import.path))
      error.notes.push_back(
          "'import' reads files of Hopf; numbers, arrays, sin, exp, pi, sum, plot and the like are "
          "part of the language");
    const auto known = module_names(fs::path(path).parent_path());
    const std::string stem = fs::path(path).stem().string();
    if (const auto meant = diagnostics::did_you_mean(stem, known))
      error.help = fmt::format("did you mean '{}'?", *meant);
  }

  static bool is_python(const std::string& name) {
    constexpr std::string_view kModules[] = {"numpy",  "scipy", "math",   "matplotlib", "jax",
                                             "torch",  "sympy", "casadi", "pandas",     "os",
                                             "random", "sys",   "time",   "tensorflow", "cvxpy"};
    const std::string first = name.substr(0, name.find('.'));
    return std::find(std::begin(kModules), std::end(kModules), first) != std::end(kModules);
  }

  void cycle(std::size_t first, source::Span span) {
    std::string chain;
    for (std::size_t i = first; i < chain_.size(); ++i) chain += chain_[i].second + " -> ";
    auto& error = c_.sink.emit(Kind::ImportCycle, span, "files import each other in a circle");
    error.primary_label = "this import closes the circle";
    error.notes.push_back(chain + chain_[first].second);
  }

  static std::vector<std::string> module_names(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
      if (entry.path().extension() == ".hopf") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  Context& c_;
  std::vector<std::pair<std::string, std::string>> chain_;  // canonical path, path as shown
};

}  // namespace

std::string input_path(const std::string& directory, const std::string& path) {
  const fs::path beside = fs::path(directory) / path;
  std::error_code ignored;
  return fs::path(path).is_relative() && fs::exists(beside, ignored) ? beside.string() : path;
}

std::string reason_alone(const std::string& why) {
  if (why.rfind("cannot read '", 0) != 0 && why.rfind("cannot write '", 0) != 0) return why;
  const std::size_t end = why.find("': ");
  return end == std::string::npos ? why : why.substr(end + 3);
}

std::optional<source::FileId> read_source(Context& c, const std::string& path, source::Span from) {
  std::string why;
  const auto file = source::load(c.sources, path, why, c.watch());
  if (!file) c.sink.emit(Kind::CannotRead, from, fmt::format("'{}' cannot be read: {}", path, why));
  return file;
}

const Module* load_module(Context& c, const std::string& path, source::Span from) {
  return Loader(c).file(path, from);
}

const Module* add_module(Context& c, std::string display_name, std::string text,
                         const model::Scope& before) {
  const source::FileId file = c.sources.add(display_name, std::move(text));
  return Loader(c).text(file, display_name, before);
}

std::vector<model::Override> applicable_overrides(const Context& c, const ModelHandle& handle) {
  std::vector<model::Override> result;
  const auto given = [&](const std::string& name) {
    return std::any_of(handle.overrides.begin(), handle.overrides.end(),
                       [&](const model::Override& o) { return o.name == name; });
  };
  for (const model::Override& setting : c.settings)
    for (const syntax::Declaration& declaration : handle.item->declarations)
      if (const auto* param = std::get_if<syntax::ParamDecl>(&declaration.value))
        if (param->name.text == setting.name && !given(setting.name)) result.push_back(setting);
  result.insert(result.end(), handle.overrides.begin(), handle.overrides.end());
  return result;
}

std::string resource_directory(std::string_view name) {
  const char* given = std::getenv(name == "stdlib" ? "HOPF_STDLIB" : "HOPF_DOCS");
  if (given && *given) return given;
  std::error_code error;
  // Of the command or of libhopf.so, whichever this code is in: both have the folder beside theirs.
  Dl_info self = {};
  if (dladdr(reinterpret_cast<const void*>(&version), &self) && self.dli_fname) {
    const fs::path file = fs::weakly_canonical(self.dli_fname, error);
    const fs::path installed = file.parent_path() / ".." / "share" / "hopf" / name;
    if (!error && fs::is_directory(installed, error)) return installed.lexically_normal().string();
  }
  return (fs::path(HOPF_SOURCE_DIR) / name).string();
}

}  // namespace hopf::driver
