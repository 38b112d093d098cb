// Words and symbols of Hopf. Keywords are not made here: they are reserved only where a declaration
// or statement may begin, so compiler/syntax/keywords.cpp gives a WORD its keyword's type there.
lexer grammar HopfLexer;

tokens {
  BEGIN,  // nothing in the text: put before a statement that starts with no keyword (keywords.cpp)
  IMPORT, FN, MODEL, ASSERT, FOR, IN, IF, THEN, ELSE, AND, OR, NOT, TRUE, FALSE,
  PARAM, STATE, CONTROL, DISTURBANCE, NOISE, JUMP, MARK, REGIME, DENSITY, LET, STRATONOVICH,
  LAGRANGIAN, REWARD, TERMINAL, HORIZON, DISCOUNT, UNTIL, STOP, SUBJECT, AVERAGE, INITIAL, FINAL,
  PERIODIC, REFLECT, ABSORB, CONSTRAIN, EXTRAPOLATE,
  CORRELATED, RATE, RATES, PAY, PAYS, TO
}

SPACE : [ \t\r\n]+ -> skip ;

DOC_COMMENT   : '///' (~[/\r\n] ~[\r\n]*)? ;
LINE_COMMENT  : '//' ~[\r\n]* ;
BLOCK_COMMENT : '/*' .*? '*/' ;
OPEN_COMMENT  : '/*' ;  // without its end: the front stops reading here

NUMBER : DIGITS ('.' DIGITS)? ([eE] [+-]? [0-9]+)? ;
fragment DIGITS : [0-9] [0-9_]* ;

WORD : LETTER (LETTER | TAIL)* ;
// Unicode's letters by block: Latin, IPA; Greek to Georgian, Indic, phonetic; subscript letters;
// letterlike (ℓ, ℝ); Glagolitic, Coptic; kana, CJK, Hangul; full width; mathematical. The exact
// property costs 3 ms at every start, since its 600 ranges are read with the lexer's tables.
fragment LETTER
  : [a-zA-Z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d]
  | [\u037f-\u0386\u0388-\u1fff\u2090-\u209c\u2100-\u214f\u2c00-\u2dff\u3005-\u3007]
  | [\u3041-\ud7ff\uf900-\ufaff\uff21-\uff3a\uff41-\uff5a\u{10000}-\u{1cfff}]
  | [\u{1d400}-\u{1d7ff}\u{20000}-\u{3ffff}]
  ;
fragment TAIL : [0-9₀-₉\u0300-\u036f] ;

STRING      : '"' CHARACTER* '"' ;
OPEN_STRING : '"' CHARACTER* ;  // the line ends before the closing quote
fragment CHARACTER : ~["\\\r\n] | '\\' ~[\r\n] ;

ASSIGN   : '=' ;
EQUAL    : '==' ;
NOTEQUAL : '!=' ;
LESS     : '<' ;
LESSEQ   : '<=' ;
GREATER  : '>' ;
GREATEREQ : '>=' ;
PLUS     : '+' ;
MINUS    : '-' ;
STAR     : '*' ;
SLASH    : '/' ;
CARET    : '^' ;
DOTDOT   : '..' ;
DOT      : '.' ;
COMMA    : ',' ;
COLON    : ':' ;
SEMICOLON : ';' ;
PRIME    : '\'' ;
LPAREN   : '(' ;
RPAREN   : ')' ;
LBRACKET : '[' ;
RBRACKET : ']' ;
LBRACE   : '{' ;
RBRACE   : '}' ;

// Operators of other languages: read as what they mean here, after an error that says how to write it.
FOREIGN : '**' | '&&' | '||' | '!' | '+=' | '-=' | '*=' | '/=' | ':=' | '->' | '=>' | '=<' | '<>' | '%' ;

UNKNOWN : . ;
