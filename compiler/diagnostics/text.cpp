// Diagnostics for people: the message, where it is, the lines with their underlines, notes, help.
#include <algorithm>
#include <map>

#include "diagnostics/diagnostic.hpp"
#include "diagnostics/display_line.hpp"

namespace hopf::diagnostics {

namespace {

using source::FileId;
using source::SourceSet;
using source::Span;

/// One underline in one line, in bytes of that line; a span of several lines makes two.
struct Mark {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool primary = false;
  std::string text;
};

using Lines = std::map<int, std::vector<Mark>>;

struct Style {
  bool color;
  Severity severity;

  std::string paint(const char* code, std::string_view text) const {
    if (!color || text.empty()) return std::string(text);
    return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
  }
  std::string strong(std::string_view text) const { return paint("1", text); }
  std::string gutter(std::string_view text) const { return paint("1;34", text); }
  std::string main(std::string_view text) const {
    const char* codes[] = {"1;31", "1;33", "1;36"};
    return paint(codes[static_cast<int>(severity)], text);
  }
  std::string mark(bool primary, std::string_view text) const {
    return primary ? main(text) : gutter(text);
  }
};

const char* word(Severity severity) {
  const char* words[] = {"error", "warning", "note"};
  return words[static_cast<int>(severity)];
}

void add_marks(Lines& lines, const SourceSet& sources, Span span, bool primary,
               const std::string& text) {
  const auto& starts = sources.file(span.file).line_starts;
  const int first = sources.position(span.file, span.begin).line;
  // A span that ends just after a line break ends, for the reader, on the line before.
  const auto last_byte = span.end > span.begin ? span.end - 1 : span.begin;
  const int last = sources.position(span.file, last_byte).line;
  const auto start_of = [&](int line) { return starts[static_cast<std::size_t>(line - 1)]; };
  const auto length = [&](int line) {
    return static_cast<std::uint32_t>(sources.line(span.file, line).size());
  };
  const auto begin = std::min(span.begin - start_of(first), length(first));
  const auto end = std::min(span.end - start_of(last), length(last));
  if (first == last) {
    lines[first].push_back({begin, std::max(end, begin), primary, text});
    return;
  }
  const auto indent = sources.line(span.file, last).find_first_not_of(" \t");
  const auto from = indent == std::string_view::npos ? 0 : static_cast<std::uint32_t>(indent);
  lines[first].push_back({begin, length(first), primary, {}});
  lines[last].push_back({std::min(from, end), end, primary, text});
}

/// The lines under a source line: underlines with the rightmost words beside them, then the other
/// words hung below their underlines from right to left.
class MarkRows {
 public:
  MarkRows(const DisplayLine& line, const std::vector<Mark>& marks, const Style& style)
      : style_(style) {
    for (const auto& mark : marks) {
      const int begin = line.column(mark.begin);
      const int end = std::max(line.column(mark.end), begin + 1);
      cells_.push_back({begin, end, mark.primary, printable(mark.text)});
    }
    std::stable_sort(cells_.begin(), cells_.end(),
                     [](const Cell& a, const Cell& b) { return a.begin < b.begin; });
  }

  std::vector<std::string> rows() {
    std::vector<std::string> out{underlines()};
    std::vector<Cell> hanging(cells_.begin(), cells_.end());
    if (beside_) hanging.erase(hanging.begin() + static_cast<std::ptrdiff_t>(*beside_));
    std::erase_if(hanging, [](const Cell& c) { return c.text.empty(); });
    if (hanging.empty()) return out;
    out.push_back(connectors(hanging, hanging.size()));
    for (std::size_t i = hanging.size(); i-- > 0;) {
      const Cell& cell = hanging[i];
      std::string row = connectors(hanging, i);
      row += pad(cell.begin - width_) + style_.mark(cell.primary, cell.text);
      out.push_back(std::move(row));
    }
    return out;
  }

 private:
  struct Cell {
    int begin, end;
    bool primary;
    std::string text;
  };

  static std::string pad(int n) {
    return std::string(static_cast<std::size_t>(std::max(0, n)), ' ');
  }

  std::string underlines() {
    int end = 0;
    for (const auto& c : cells_) end = std::max(end, c.end);
    std::string symbols(static_cast<std::size_t>(end), ' ');
    for (const bool primary : {false, true}) {
      for (const auto& c : cells_) {
        if (c.primary != primary) continue;
        const auto from = symbols.begin() + c.begin;
        std::fill(from, symbols.begin() + c.end, primary ? '^' : '-');
      }
    }
    std::string row;
    for (std::size_t i = 0; i < symbols.size();) {
      const auto j = std::min(symbols.find_first_not_of(symbols[i], i), symbols.size());
      const auto run = std::string_view(symbols).substr(i, j - i);
      row += symbols[i] == ' ' ? std::string(run) : style_.mark(symbols[i] == '^', run);
      i = j;
    }
    choose_beside(end);
    if (beside_) row += " " + style_.mark(cells_[*beside_].primary, cells_[*beside_].text);
    return row;
  }

  /// The words of the underline that ends last may stand beside it.
  void choose_beside(int end) {
    for (std::size_t i = cells_.size(); i-- > 0;) {
      if (cells_[i].end == end && !cells_[i].text.empty()) {
        beside_ = i;
        return;
      }
    }
  }

  /// A bar under each of the first `count` cells that do not share the next one's column.
  std::string connectors(const std::vector<Cell>& cells, std::size_t count) {
    std::string row;
    width_ = 0;
    for (std::size_t k = 0; k < count; ++k) {
      const bool shared = k + 1 < cells.size() && cells[k + 1].begin == cells[k].begin;
      if (shared) continue;
      row += pad(cells[k].begin - width_) + style_.mark(cells[k].primary, "|");
      width_ = cells[k].begin + 1;
    }
    return row;
  }

  std::vector<Cell> cells_;
  std::optional<std::size_t> beside_;
  int width_ = 0;
  const Style& style_;
};

/// The excerpt of one file with all of its marks.
class Excerpt {
 public:
  Excerpt(const SourceSet& sources, FileId file, const Style& style, int gutter)
      : sources_(sources), file_(file), style_(style), gutter_(gutter) {}

  void print(std::string& out, const Lines& lines) const {
    bar(out, "");
    int previous = 0;
    for (const auto& [number, marks] : lines) {
      if (previous != 0 && number == previous + 2) source_line(out, previous + 1, {});
      if (previous != 0 && number > previous + 2) out += style_.gutter("...") + "\n";
      source_line(out, number, marks);
      previous = number;
    }
  }

 private:
  void bar(std::string& out, const std::string& text) const {
    out += style_.gutter(std::string(static_cast<std::size_t>(gutter_ + 2), ' ') + "|");
    if (!text.empty()) out += " " + text;
    out += "\n";
  }

  void source_line(std::string& out, int number, const std::vector<Mark>& marks) const {
    const DisplayLine line(sources_.line(file_, number), marks.empty() ? 0 : focus(marks));
    std::string digits = std::to_string(number);
    digits.insert(0, static_cast<std::size_t>(gutter_) - digits.size(), ' ');
    out += style_.gutter(" " + digits + " |");
    if (!line.text().empty()) out += " " + line.text();
    out += "\n";
    if (marks.empty()) return;
    for (const auto& row : MarkRows(line, marks, style_).rows()) bar(out, row);
  }

  static std::uint32_t focus(const std::vector<Mark>& marks) {
    for (const auto& mark : marks) {
      if (mark.primary) return mark.begin;
    }
    return marks.front().begin;
  }

  const SourceSet& sources_;
  FileId file_;
  const Style& style_;
  int gutter_;
};

std::map<FileId, Lines> lines_by_file(const Diagnostic& d, const SourceSet& sources) {
  std::map<FileId, Lines> files;
  if (d.primary.valid())
    add_marks(files[d.primary.file], sources, d.primary, true, printable(d.primary_label));
  for (const auto& label : d.labels) {
    if (label.span.valid()) {
      add_marks(files[label.span.file], sources, label.span, false, printable(label.text));
    }
  }
  return files;
}

void print_header(std::string& out, const Diagnostic& d, const Style& style) {
  const KindInfo& kind = info(d.kind);
  out += style.main(std::string(word(kind.severity)) + "[" + std::string(kind.code) + "]");
  out += style.strong(": " + printable(d.message)) + "\n";
}

/// Notes and help may have several lines; the later ones are set under the first.
void print_trailer(std::string& out, const Style& style, int gutter, std::string_view tag,
                   std::string_view text) {
  const std::string indent(static_cast<std::size_t>(gutter + 2), ' ');
  out += style.gutter(indent + "=") + " " + style.strong(std::string(tag) + ":") + " ";
  for (const char c : printable(text)) {
    out += c;
    if (c == '\n') out += indent + std::string(tag.size() + 4, ' ');
  }
  out += "\n";
}

}  // namespace

std::string render_text(const Diagnostic& d, const SourceSet& sources,
                        const RenderOptions& options) {
  const Style style{options.color, info(d.kind).severity};
  std::string out;
  print_header(out, d, style);
  const auto files = lines_by_file(d, sources);
  int gutter = 1;
  for (const auto& [file, lines] : files) {
    gutter = std::max(gutter, static_cast<int>(std::to_string(lines.rbegin()->first).size()));
  }
  const auto print_file = [&](FileId file, const Lines& lines, const char* arrow, int line,
                              int column) {
    out += style.gutter(std::string(static_cast<std::size_t>(gutter + 1), ' ') + arrow);
    out += " " + printable(sources.file(file).path) + ":" + std::to_string(line) + ":" +
           std::to_string(column) + "\n";
    Excerpt(sources, file, style, gutter).print(out, lines);
  };
  if (d.primary.valid()) {
    const auto at = sources.position(d.primary.file, d.primary.begin);
    print_file(d.primary.file, files.at(d.primary.file), "-->", at.line, at.column);
  }
  for (const auto& [file, lines] : files) {
    if (file == d.primary.file) continue;
    const auto& mark = lines.begin()->second.front();
    print_file(
        file, lines, ":::", lines.begin()->first,
        source::count_code_points(sources.line(file, lines.begin()->first).substr(0, mark.begin)) +
            1);
  }
  for (const auto& note : d.notes) print_trailer(out, style, gutter, "note", note);
  if (!d.help.empty()) print_trailer(out, style, gutter, "help", d.help);
  return out;
}

}  // namespace hopf::diagnostics
