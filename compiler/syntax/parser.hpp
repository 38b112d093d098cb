// Text to AST. The only door to ANTLR; no ANTLR type appears here.
#pragma once

#include "diagnostics/diagnostic.hpp"
#include "syntax/ast.hpp"

namespace hopf::syntax {

/// Parses one file. On errors, emits all of them and returns what could be read; check
/// `sink.has_errors()`.
Ast parse(const source::SourceSet&, source::FileId, diagnostics::Sink&);

/// True when the text is a prefix of a valid input (an open bracket, brace, or trailing operator):
/// the REPL reads on.
bool is_incomplete(std::string_view text);

}  // namespace hopf::syntax
