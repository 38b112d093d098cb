// The syntax of Hopf. One rule a precedence level with flat repetition, so that a sum of a hundred
// thousand terms is one wide node. Statements need no terminator: once keywords are settled and BEGIN
// stands before each statement without one, what may follow an expression and what may begin a
// statement have no token in common, so that one token decides nearly everywhere.
parser grammar HopfParser;
options { tokenVocab = HopfLexer; }

file : item* EOF ;

item
  : importItem
  | functionItem
  | modelItem
  | forItem
  | assertItem
  | assignItem
  | expressionItem
  ;

importItem     : IMPORT (STRING | WORD (DOT WORD)*) ;
functionItem   : FN WORD parameters ASSIGN expression ;
parameters     : LPAREN (WORD (COMMA WORD)* COMMA?)? RPAREN ;
modelItem      : MODEL modelName LBRACE declaration* RBRACE ;
modelName      : WORD ;
forItem        : FOR WORD IN expression LBRACE item* RBRACE ;
assertItem     : ASSERT expression ;
assignItem     : BEGIN WORD ASSIGN expression ;
expressionItem : BEGIN expression ;

// ---- models

declaration
  : paramDecl
  | stateDecl
  | controlDecl
  | noiseDecl
  | jumpDecl
  | markDecl
  | regimeDecl
  | densityDecl
  | letDecl
  | dynamicsDecl
  | costDecl
  | timeDecl
  | untilDecl
  | stopDecl
  | subjectDecl
  | averageDecl
  | endpointDecl
  ;

paramDecl   : PARAM paramItem (COMMA paramItem)* ;
paramItem   : WORD (COLON unit)? ASSIGN expression ;
stateDecl   : STATE stateItem (COMMA stateItem)* ;
stateItem   : WORD count? (COLON unit)? (IN expression)? boundary? ;
boundary    : PERIODIC | REFLECT | ABSORB LPAREN expression RPAREN | CONSTRAIN | EXTRAPOLATE ;
controlDecl : (CONTROL | DISTURBANCE) controlItem (COMMA controlItem)* ;
controlItem : WORD count? (COLON unit)? (IN expression)? ;
noiseDecl   : NOISE noiseItem (COMMA noiseItem)* ;
noiseItem   : WORD count? (CORRELATED expression)? ;
count       : LBRACKET expression RBRACKET ;
jumpDecl    : JUMP WORD RATE expression ;
markDecl    : MARK WORD ASSIGN expression ;
regimeDecl  : REGIME WORD IN expression RATES expression ;
densityDecl : DENSITY WORD ;
letDecl     : LET letItem (COMMA letItem)* ;
letItem     : WORD ASSIGN expression ;
dynamicsDecl : (STRATONOVICH | BEGIN) dynamicsTarget ASSIGN expression (FOR WORD IN expression)? ;
dynamicsTarget : WORD (PRIME indices? | indices PRIME?)? ;
indices     : LBRACKET expression (COMMA expression)* RBRACKET ;
costDecl    : (LAGRANGIAN | REWARD | TERMINAL) expression ;
timeDecl    : (HORIZON | DISCOUNT) expression ;
untilDecl   : UNTIL expression (PAY expression)? ;
stopDecl    : STOP PAYS expression ;
subjectDecl : SUBJECT TO expression ;
averageDecl : AVERAGE ;
endpointDecl : (INITIAL | FINAL) expression ;

unit         : unitFactor ((STAR | SLASH) unitFactor)* ;
unitFactor   : (WORD | NUMBER | LPAREN unit RPAREN) (CARET unitExponent)? ;
unitExponent : MINUS? NUMBER | LPAREN MINUS? NUMBER (SLASH NUMBER)? RPAREN ;

// ---- expressions, from the loosest level to the tightest

expression  : (IF expression THEN expression ELSE)* disjunction ;
disjunction : conjunction (OR conjunction)* ;
conjunction : negation (AND negation)* ;
negation    : NOT* comparison ;
comparison  : range (compareOp range)* ;
compareOp   : LESS | LESSEQ | GREATER | GREATEREQ | EQUAL | NOTEQUAL ;
range       : sum (DOTDOT sum)? ;
sum         : product ((PLUS | MINUS) product)* ;
product     : power ((STAR | SLASH) power)* ;
// A sign binds looser than a power, as in mathematics: -x^2 is -(x^2), and 2^-1 is 1/2.
power       : sign* postfix (CARET sign* postfix)* ;
sign        : PLUS | MINUS ;
postfix     : atom suffix* ;
suffix      : callSuffix | indices | DOT WORD ;
callSuffix  : LPAREN (argument (COMMA argument)* COMMA?)? RPAREN ;
argument    : (WORD ASSIGN)? expression (FOR WORD IN expression)? ;

atom
  : NUMBER
  | STRING
  | TRUE
  | FALSE
  | WORD
  | LPAREN expression RPAREN
  | list
  | braces
  ;
list     : LBRACKET (expression (FOR WORD IN expression | (COMMA expression)* COMMA?))? RBRACKET ;
braces   : LBRACE (fields | elements)? RBRACE ;
fields   : field (COMMA field)* COMMA? ;
field    : WORD COLON expression ;
elements : expression (COMMA expression)* COMMA? ;
