// What all parts of one session share. Two contexts share nothing.
#pragma once

#include <hopf/hopf.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "driver/module.hpp"
#include "driver/phases.hpp"
#include "driver/solve.hpp"

namespace hopf::driver {

struct Context {
  explicit Context(SessionOptions session_options);

  SessionOptions options;
  source::SourceSet sources;
  diagnostics::Sink sink;
  Phases phases;
  std::vector<std::unique_ptr<Module>> modules;
  std::vector<model::Override> settings;  // of --set, parsed once
  bool cancelled = false;

  void print(std::string_view text) const { options.out(text); }
  /// For long work: adds the estimate of the time left, and remembers that the user asked for a
  /// stop.
  Progress progress();
  /// True when the user asked for a stop; called between statements.
  bool poll();
  /// The same for work inside a statement: it throws Stopped. Not to outlive the context.
  runtime::Watch watch();
  void warn_of_cache(const std::string& why);
  /// Nothing more is to be done: an error, a stop asked for, or the last phase wanted is over.
  bool halted() const { return sink.has_errors() || cancelled || phases.stopped(); }
};

}  // namespace hopf::driver
