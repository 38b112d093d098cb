// What stands behind the classes of include/hopf/hopf.hpp.
#pragma once

#include <hopf/hopf.hpp>

#include "driver/context.hpp"
#include "driver/script.hpp"

namespace hopf {

struct Model::Impl {
  std::shared_ptr<driver::ModelHandle> handle;
  std::shared_ptr<const int> owner;  // the session's mark
};

struct Solution::Impl {
  std::shared_ptr<driver::ModelHandle> handle;
  std::shared_ptr<const runtime::ValueFunction> value;
};

struct Ensemble::Impl {
  std::shared_ptr<driver::ModelHandle> handle;
  std::shared_ptr<const runtime::Ensemble> paths;
};

struct Session::Impl {
  explicit Impl(SessionOptions options) : context(std::move(options)), script(context) {}

  driver::Context context;
  driver::Script script;
  model::Scope scope;  // functions of earlier inputs at the prompt
  bool settings_read = false;
  std::shared_ptr<const int> mark = std::make_shared<const int>(0);  // of the models made here

  /// Starts a call: diagnostics are those of the last call only.
  void begin();
  void read_settings();
  /// The value of `name = text`, or an error.
  std::optional<model::Override> read_setting(const std::string& name, const std::string& text,
                                              const std::string& place);
  void check_settings(const driver::Module& module);
  /// A file loaded, its names made visible and checked; null after an error.
  const driver::Module* open(const std::string& path);
  bool good() const;
  /// The result of `body`; its empty value and a diagnostic when something below threw.
  template <class Body>
  auto guarded(Body&& body) -> decltype(body()) {
    try {
      return body();
    } catch (const driver::Stopped&) {
      context.cancelled = true;
    } catch (...) {
      report_fault();
    }
    return {};
  }
  /// Called inside a handler: no fault of ours may end the program that embeds us.
  void report_fault();
  /// The models that a module declares, checked.
  std::optional<std::vector<Model>> models(const driver::Module& module);
  std::optional<Model> choose(const driver::Module& module, std::string_view name);
  Model wrap(std::shared_ptr<driver::ModelHandle>) const;
  /// The handle of one of this session's models; null, with an error, for another session's: its
  /// source and its equations are there, perhaps in use by another thread.
  std::shared_ptr<driver::ModelHandle> own(const Model&);
  /// A policy's texts as expressions of the model.
  std::optional<driver::Policy> read_policy(const driver::ModelHandle&, const Policy&);
  std::optional<Ensemble> ensemble(std::shared_ptr<driver::ModelHandle>,
                                   std::optional<runtime::Ensemble>) const;
  driver::SimulateOptions simulate_options(const SimulateOptions&) const;
  template <class Result, class Write>
  bool write(const Result&, const std::string& path, Write&&);
  struct Layout {
    std::string before, after;
  };
  std::optional<Layout> layout(const std::string& path);
};

}  // namespace hopf
