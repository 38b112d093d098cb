// The table of kinds and the collector of diagnostics.
#include <algorithm>
#include <array>
#include <tuple>

#include "diagnostics/diagnostic.hpp"

namespace hopf::diagnostics {

namespace {

constexpr auto kKinds = std::to_array<KindInfo>({
#define HOPF_KIND(id, kebab, code, severity, summary) {Kind::id, kebab, code, severity, summary},
#include "diagnostics/kinds.def"
#undef HOPF_KIND
});

/// More are counted, and only the last of them is kept: nobody reads a flood.
constexpr std::size_t kMost = 200;

auto place(const Diagnostic& d) {
  return std::tuple(d.primary.file.value, d.primary.begin, d.primary.end);
}

bool same_labels(const std::vector<Label>& a, const std::vector<Label>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Label& x, const Label& y) {
    return x.span == y.span && x.text == y.text;
  });
}

bool same(const Diagnostic& a, const Diagnostic& b) {
  return a.kind == b.kind && a.primary == b.primary && a.message == b.message &&
         a.primary_label == b.primary_label && a.notes == b.notes && a.help == b.help &&
         same_labels(a.labels, b.labels);
}

}  // namespace

std::span<const KindInfo> all_kinds() { return kKinds; }

const KindInfo& info(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Kind> find_kind(std::string_view kebab_or_code) {
  for (const auto& row : kKinds) {
    if (row.kebab == kebab_or_code || row.code == kebab_or_code) return row.kind;
  }
  return std::nullopt;
}

Diagnostic& Sink::emit(Kind kind, source::Span primary, std::string message) {
  if (info(kind).severity == Severity::Error) ++errors_;
  Diagnostic made{.kind = kind,
                  .message = std::move(message),
                  .primary = primary,
                  .primary_label = {},
                  .labels = {},
                  .notes = {},
                  .help = {}};
  if (diagnostics_.size() < kMost) return diagnostics_.emplace_back(std::move(made));
  return diagnostics_.back() = std::move(made);
}

void Sink::add(Diagnostic d) {
  if (info(d.kind).severity == Severity::Error) ++errors_;
  if (diagnostics_.size() < kMost) {
    diagnostics_.push_back(std::move(d));
  } else {
    diagnostics_.back() = std::move(d);
  }
}

bool Sink::has_error_in(source::Span stretch) const {
  return errors_ > 0 &&
         std::any_of(diagnostics_.begin(), diagnostics_.end(), [&](const Diagnostic& d) {
           return info(d.kind).severity == Severity::Error && d.primary.file == stretch.file &&
                  stretch.begin <= d.primary.begin && d.primary.begin < stretch.end;
         });
}

std::vector<Diagnostic> Sink::sorted() const {
  std::vector<Diagnostic> out(diagnostics_.begin(), diagnostics_.end());
  std::stable_sort(out.begin(), out.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
  // A duplicate has the same place, so it is among the few that share it.
  std::vector<Diagnostic> unique;
  for (auto& d : out) {
    bool seen = false;
    for (auto it = unique.rbegin(); it != unique.rend() && place(*it) == place(d); ++it) {
      seen = seen || same(*it, d);
    }
    if (!seen) unique.push_back(std::move(d));
  }
  return unique;
}

void Sink::clear() {
  diagnostics_.clear();
  errors_ = 0;
}

}  // namespace hopf::diagnostics
