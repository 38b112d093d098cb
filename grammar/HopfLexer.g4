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
fragment LETTER : [\p{L}_] ;
fragment TAIL   : [\p{Nd}\p{M}₀-₉] ;

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
FOREIGN : '**' | '&&' | '||' | '!' | '+=' | '-=' | '*=' | '/=' | ':=' | '->' | '=>' | '%' ;

UNKNOWN : . ;
