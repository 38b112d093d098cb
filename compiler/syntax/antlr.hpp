// What the files around ANTLR share: the lexer's and parser's entry points. Included by
// lex.cpp, parser.cpp and build_ast*.cpp only.
#pragma once

#include <memory>

#include "HopfParser.h"
#include "syntax/ast.hpp"
#include "syntax/token.hpp"

namespace hopf::syntax {

/// Pass 0: characters to tokens, every token of the text or an error.
void lex(const source::SourceSet&, source::FileId, TokenList&, diagnostics::Sink&);

/// The parser's token type for one of ours.
std::size_t antlr_type(Tok);

/// Last pass: parse tree to AST. Statements and declarations with an error are left out.
Ast build_ast(const TokenList&, grammar::HopfParser::FileContext*, diagnostics::Sink&);

}  // namespace hopf::syntax
