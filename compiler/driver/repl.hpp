// The prompt: line editing, history and completion by libedit; plain lines when the input is no
// terminal.
#pragma once

#include <functional>
#include <hopf/hopf.hpp>

/// Runs until the end of the input. `interrupted` tells whether Ctrl-C was pressed since it was
/// last asked. Returns an exit code: that of the last failure when the input is no terminal, else
/// 0.
int run_repl(hopf::Session& session, const std::function<bool()>& interrupted,
             const std::function<int(const hopf::Session&)>& show_diagnostics);
