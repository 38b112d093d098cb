// A small reader of Hopf expressions, so that the printer can be tested for reading back without
// the front end.
#pragma once

#include <cctype>
#include <stdexcept>
#include <string>
#include <vector>

#include "expr/expr.hpp"
#include "expr/op_info.hpp"

namespace hopf::expr::testing {

class Reader {
 public:
  Reader(Store& store, std::string text) : s_(store), text_(std::move(text)) {}
  ExprId operator()() {
    const ExprId e = expression();
    space();
    if (at_ != text_.size()) fail();
    return e;
  }

 private:
  [[noreturn]] void fail() {
    throw std::runtime_error("cannot read at " + std::to_string(at_) + ": " + text_);
  }
  void space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(const std::string& token) {
    space();
    if (text_.compare(at_, token.size(), token) != 0) return false;
    const bool word = std::isalpha(static_cast<unsigned char>(token[0])) != 0;
    if (word && at_ + token.size() < text_.size() &&
        (std::isalnum(static_cast<unsigned char>(text_[at_ + token.size()]))))
      return false;
    at_ += token.size();
    return true;
  }
  void need(const std::string& token) {
    if (!take(token)) fail();
  }
  ExprId expression() {
    if (!take("if")) return disjunction();
    const ExprId c = disjunction();
    need("then");
    const ExprId a = disjunction();
    need("else");
    return s_.select(c, a, expression());
  }
  ExprId disjunction() {
    ExprId e = conjunction();
    while (take("or")) e = s_.apply(Op::Or, {e, conjunction()});
    return e;
  }
  ExprId conjunction() {
    ExprId e = negation();
    while (take("and")) e = s_.apply(Op::And, {e, negation()});
    return e;
  }
  ExprId negation() { return take("not") ? s_.apply(Op::Not, {negation()}) : comparison(); }
  ExprId comparison() {
    const ExprId e = sum();
    if (take("<=")) return s_.apply(Op::LessEqual, {e, sum()});
    if (take("<")) return s_.apply(Op::Less, {e, sum()});
    if (take("==")) return s_.apply(Op::Equal, {e, sum()});
    return e;
  }
  ExprId sum() {
    ExprId e = product();
    while (true) {
      if (take("+"))
        e = s_.add(e, product());
      else if (take("-"))
        e = s_.sub(e, product());
      else
        return e;
    }
  }
  ExprId product() {
    ExprId e = unary();
    while (true) {
      if (take("*"))
        e = s_.mul(e, unary());
      else if (take("/"))
        e = s_.div(e, unary());
      else
        return e;
    }
  }
  ExprId unary() { return take("-") ? s_.neg(unary()) : power(); }
  ExprId power() {
    const ExprId base = atom();
    return take("^") ? s_.pow(base, unary()) : base;
  }
  ExprId atom() {
    space();
    if (take("(")) {
      const ExprId e = expression();
      need(")");
      return e;
    }
    if (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) return number();
    const std::string name = word();
    if (name == "pi") return s_.pi();
    if (name == "inf") return s_.infinity();
    if (!take("(")) return s_.symbol(name);
    std::vector<ExprId> args;
    do args.push_back(expression());
    while (take(","));
    need(")");
    if (name == "sqrt") return s_.sqrt(args[0]);
    return s_.apply(function(name), args);
  }
  ExprId number() {
    std::size_t end = at_;
    const auto digits = [&] {
      while (end < text_.size() && std::isdigit(static_cast<unsigned char>(text_[end]))) ++end;
    };
    digits();
    if (end < text_.size() && text_[end] == '.') ++end;
    digits();
    if (end < text_.size() && text_[end] == 'e') {
      end += text_[end + 1] == '-' || text_[end + 1] == '+' ? 2 : 1;
      digits();
    }
    const std::string digits_text = text_.substr(at_, end - at_);
    at_ = end;
    return s_.decimal(digits_text);
  }
  std::string word() {
    std::size_t end = at_;
    while (end < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[end])) || text_[end] == '_'))
      ++end;
    if (end == at_) fail();
    if (end < text_.size() && text_[end] == '[') end = text_.find(']', end) + 1;
    const std::string name = text_.substr(at_, end - at_);
    at_ = end;
    return name;
  }
  Op function(const std::string& name) {
    for (std::size_t i = 0; i < kOpCount; ++i) {
      if (info(static_cast<Op>(i)).hopf == name) return static_cast<Op>(i);
    }
    fail();
  }

  Store& s_;
  std::string text_;
  std::size_t at_ = 0;
};

inline ExprId read(Store& store, const std::string& text) { return Reader(store, text)(); }

}  // namespace hopf::expr::testing
