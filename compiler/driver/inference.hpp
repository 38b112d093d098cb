// A script read before it runs: what every name will be, as far as that is known without solving.
// Only driver/script_infer.cpp and driver/infer_*.cpp include this.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "driver/arguments.hpp"
#include "driver/known.hpp"
#include "driver/script.hpp"

namespace hopf::driver {

/// Constants are values of the script itself and are computed by its evaluator; for the rest there
/// are types. A mistake is reported where the statement runs for certain; branches and loops that
/// may not run are read in silence.
class Inference {
 public:
  explicit Inference(Script& script);
  ~Inference();
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;

  void module(const Module&);

 private:
  using Span = source::Span;
  struct Local {
    std::string name;
    Known known;
  };

  /// What the evaluator sees of the running function's locals: those that are constant.
  class WithLocals {
   public:
    explicit WithLocals(Inference& own) : script_(own.s_) {
      for (std::size_t i = own.frame_; i < own.locals_.size(); ++i)
        if (const auto& value = own.locals_[i].known.value)
          bound_.emplace_back(own.locals_[i].name, *value);
      std::swap(bound_, script_.locals);
    }
    ~WithLocals() { std::swap(bound_, script_.locals); }
    WithLocals(const WithLocals&) = delete;
    WithLocals& operator=(const WithLocals&) = delete;

   private:
    Script& script_;
    std::vector<std::pair<std::string, Value>> bound_;
  };

  // Statements (script_infer.cpp).
  void items(const Module&, const std::vector<syntax::Item>&);
  void item(const Module&, const syntax::Item&);
  void assign(const std::string& name, Known);
  void loop(const Module&, const syntax::ForItem&);
  void check_effect(syntax::NodeId, const Known&);
  bool has_effect(syntax::NodeId);

  // Expressions (infer_expression.cpp).
  Known infer(syntax::NodeId);
  Known infer_node(syntax::NodeId);
  Known choice(const syntax::If&);
  Known chain(const syntax::Chain&);
  Known index(const syntax::Index&);
  Known comprehension(const syntax::Comprehension&);
  Known look_up(const std::string& name);
  bool is_constant(syntax::NodeId);
  bool is_constant_call(const syntax::Call&);
  bool is_constant_body(const Function&);
  std::optional<Value> evaluate(syntax::NodeId);
  Known field(const Known& object, const syntax::Ident&);
  /// What `read` says in a part that may not run: its complaints are dropped.
  template <class Read>
  Known perhaps(Read&& read) {
    diagnostics::Sink kept;
    std::swap(kept, s_.context.sink);
    const bool before = std::exchange(certain_, false);
    Known known = read();
    certain_ = before;
    std::swap(kept, s_.context.sink);
    return known;
  }

  // Calls (infer_call.cpp).
  Known call(syntax::NodeId, const syntax::Call&);
  Known named_call(const Signature&, const syntax::Call&, Span);
  Known function(const Function&, const syntax::Call&);
  Known point(const Known& object, const syntax::Call&, Span);
  bool coordinate_name(const Known& object, const syntax::Argument&, const Known& given);
  Known verb(const Signature&, const syntax::Call&, Span);
  std::shared_ptr<ModelHandle> model_argument(const Arguments&);
  void solver_arguments(const Arguments&, ModelHandle&);
  void start_argument(const Arguments&, const model::Model&);
  /// `must`: the verb tells on its own that a model with controls needs one.
  void policy_argument(const Arguments&, const model::Model&, bool must);
  bool bind_numbers(syntax::NodeId);
  bool all_constant(const syntax::Call&, std::string_view but);
  void output_file(const Signature&, const Arguments&);
  void input_file(const Arguments&);

  Script& s_;
  std::map<std::string, Value> globals_;  // of the script, as they were
  std::map<std::string, Known> later_;    // names whose values have to be solved for
  std::vector<Local> locals_;
  std::size_t frame_ = 0;        // where the locals of the running function begin
  std::set<std::string> saved_;  // files that the script writes; "" for one not known
  std::vector<const syntax::FunctionItem*> reading_;  // functions that are being read
  bool certain_ = true;
  int work_ = 0;  // nodes looked at
};

}  // namespace hopf::driver
