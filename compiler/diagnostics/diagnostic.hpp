// Diagnostics are data: a kind (one row of kinds.def), a sentence, spans with words, and help.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/source.hpp"

namespace hopf::diagnostics {

enum class Severity : std::uint8_t { Error, Warning, Note };

/// One enumerator a row of kinds.def; `hopf explain <kind>` shows docs/errors/<kind>.md.
enum class Kind : std::uint16_t {
#define HOPF_KIND(id, kebab, code, severity, summary) id,
#include "diagnostics/kinds.def"
#undef HOPF_KIND
};

struct KindInfo {
  Kind kind;
  std::string_view kebab;  // "unknown-name"
  std::string_view code;   // "E0201"
  Severity severity;
  std::string_view summary;  // one line for `hopf explain` without an argument
};
std::span<const KindInfo> all_kinds();
const KindInfo& info(Kind kind);
std::optional<Kind> find_kind(std::string_view kebab_or_code);

struct Label {
  source::Span span;
  std::string text;
};

struct Diagnostic {
  Kind kind;
  std::string message;        // lower-case, states what was found, in the user's own names
  source::Span primary;       // may be invalid for a fault with no place in a source (e.g. I/O)
  std::string primary_label;  // words after the carets
  std::vector<Label> labels;  // other spans and what each contributes
  std::vector<std::string> notes;
  std::string help;  // "write 'dx = ...'"; empty where there is no one likely repair
};

/// Collects the diagnostics of a run. Emitting never throws and never prints.
class Sink {
 public:
  /// Returns the stored diagnostic so that labels and help can be added to it; valid until `clear`.
  Diagnostic& emit(Kind kind, source::Span primary, std::string message);
  void add(Diagnostic);
  bool has_errors() const { return errors_ > 0; }
  std::size_t error_count() const { return errors_; }
  /// Is there an error whose place begins in this stretch?
  bool has_error_in(source::Span) const;
  /// In order of file, position; exact duplicates removed.
  std::vector<Diagnostic> sorted() const;
  void clear();

 private:
  std::deque<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
};

struct RenderOptions {
  bool color = false;
};
/// LANGUAGE section 6's form.
std::string render_text(const Diagnostic&, const source::SourceSet&, const RenderOptions& = {});
/// One JSON object on one line: kind, code, severity, message, file, line, column, end_line,
/// end_column, labels, notes, help.
std::string render_json(const Diagnostic&, const source::SourceSet&);

/// The candidate within an edit distance that makes it the likely meaning, if there is one.
std::optional<std::string> did_you_mean(std::string_view name,
                                        std::span<const std::string> candidates);

}  // namespace hopf::diagnostics
