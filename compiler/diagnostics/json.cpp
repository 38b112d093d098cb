// One diagnostic as one line of JSON, for editors and other programs.
#include <nlohmann/json.hpp>

#include "diagnostics/diagnostic.hpp"

namespace hopf::diagnostics {

namespace {

using Json = nlohmann::ordered_json;

void add_place(Json& out, source::Span span, const source::SourceSet& sources) {
  if (!span.valid()) return;
  const auto begin = sources.position(span.file, span.begin);
  const auto end = sources.position(span.file, span.end);
  out["file"] = sources.file(span.file).path;
  out["line"] = begin.line;
  out["column"] = begin.column;
  out["end_line"] = end.line;
  out["end_column"] = end.column;
}

const char* name(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "error";
    case Severity::Warning:
      return "warning";
    case Severity::Note:
      return "note";
  }
  return "error";
}

}  // namespace

std::string render_json(const Diagnostic& d, const source::SourceSet& sources) {
  const KindInfo& kind = info(d.kind);
  Json out;
  out["kind"] = kind.kebab;
  out["code"] = kind.code;
  out["severity"] = name(kind.severity);
  out["message"] = d.message;
  add_place(out, d.primary, sources);
  out["label"] = d.primary_label;
  out["labels"] = Json::array();
  for (const auto& label : d.labels) {
    Json entry;
    add_place(entry, label.span, sources);
    entry["text"] = label.text;
    out["labels"].push_back(std::move(entry));
  }
  out["notes"] = d.notes;
  out["help"] = d.help;
  // Bytes that are not UTF-8 (from a file that was refused for it) become U+FFFD.
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hopf::diagnostics
