// print, table, plot, save and load.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "diagnostics/display_line.hpp"
#include "driver/arguments.hpp"
#include "driver/files.hpp"
#include "driver/output.hpp"
#include "driver/sandbox.hpp"
#include "driver/script.hpp"
#include "io/io.hpp"

namespace hopf::driver {
namespace {

using diagnostics::Kind;
using source::Span;

std::optional<Value> print(Script& s, const syntax::Call& call) {
  const auto values = eval_positional(s, call);
  if (!values) return {};
  std::string line;
  for (std::size_t i = 0; i < values->size(); ++i) line += (i ? " " : "") + to_text((*values)[i]);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  s.context.print(diagnostics::printable(line) + "\n");
  return Value{Nothing{}};
}

struct Column {
  std::string title;
  std::vector<std::string> cells;
};

void add_column(std::vector<Column>& columns, std::string title, const Value& value) {
  Column column{std::move(title), {}};
  if (const auto* list = value.as<List>()) {
    for (const Value& item : *list->items) column.cells.push_back(to_text(item));
  } else {
    column.cells.push_back(to_text(value));
  }
  columns.push_back(std::move(column));
}

/// `table([{x: 0, V: 1}, {x: 1, V: 2}])`: one row a record, columns named by the first.
bool add_records(std::vector<Column>& columns, const List& rows) {
  for (const Value& row : *rows.items)
    if (!row.as<Record>()) return false;
  if (rows.items->empty()) return false;
  for (const auto& field : *(*rows.items)[0].as<Record>()->fields) {
    std::vector<Value> cells;
    for (const Value& row : *rows.items)
      for (const auto& [name, value] : *row.as<Record>()->fields)
        if (name == field.first) cells.push_back(value);
    add_column(columns, field.first, make_list(std::move(cells)));
  }
  return true;
}

/// Characters, not bytes: the continuation bytes of UTF-8 take no room.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string aligned(const std::vector<Column>& columns) {
  std::size_t rows = 0;
  for (const Column& column : columns) rows = std::max(rows, column.cells.size());
  std::string text;
  for (std::size_t row = 0; row <= rows; ++row) {
    std::string line;
    for (const Column& column : columns) {
      std::size_t widest = width(column.title);
      for (const std::string& cell : column.cells) widest = std::max(widest, width(cell));
      const std::string& cell = row == 0                   ? column.title
                                : column.cells.size() == 1 ? column.cells[0]
                                                           : column.cells[row - 1];
      line += (line.empty() ? "" : "  ") + std::string(widest - width(cell), ' ') + cell;
    }
    if (line.find_first_not_of(' ') != std::string::npos) text += line + "\n";
  }
  return text;
}

std::optional<Value> table(Script& s, const syntax::Call& call, Span span) {
  std::vector<Column> columns;
  for (const syntax::Argument& argument : call.arguments) {
    const auto value = eval(s, argument.value);
    if (!value) return {};
    const auto* list = value->as<List>();
    if (!argument.name && list && add_records(columns, *list)) continue;
    add_column(columns, argument.name ? argument.name->text : source_text(s, argument.value),
               *value);
  }
  std::size_t rows = 1;
  for (const Column& column : columns) rows = std::max(rows, column.cells.size());
  for (const Column& column : columns) {
    if (column.cells.size() == rows || column.cells.size() == 1) continue;
    s.error(Kind::WrongArgumentType, span,
            fmt::format("the column '{}' has {} rows, and another has {}", column.title,
                        column.cells.size(), rows));
    return {};
  }
  s.context.print(diagnostics::printable(aligned(columns)));
  return Value{Nothing{}};
}

std::optional<Value> finish(Script& s, const Arguments& arguments, const std::string& path,
                            const std::string& why) {
  if (!written(s.context, arguments.span_of("file"), path, why)) return {};
  return Value{Nothing{}};
}

/// The field of `plot(V.error, "error.svg")`.
std::optional<runtime::ValueFunction> error_field(const Value& value) {
  const auto* method = value.as<Method>();
  const auto* solution =
      method && method->name == "error" ? method->object->as<Solution>() : nullptr;
  return solution ? solution->value->error_field() : std::nullopt;
}

std::optional<Value> write_file(Script& s, const Signature& signature, const Arguments& arguments) {
  std::string path;
  const auto value = arguments.value("value");
  if (!value || !arguments.read("file", path)) return {};
  if (!allowed(s.context, path, arguments.span_of("file"))) return {};
  const bool plotting = signature.name == "plot";
  if (const auto error = plotting ? error_field(*value) : std::nullopt)
    return finish(s, arguments, path, s.context.phases.run("plot", [&] {
      return runtime::plot(*error, path, s.context.watch());
    }));
  const auto* solution = value->as<Solution>();
  const auto* ensemble = value->as<EnsembleValue>();
  if (!solution && !ensemble) {
    arguments.wrong_type("value", "a solution or an ensemble", *value);
    return {};
  }
  const ModelHandle& handle = solution ? *solution->handle : *ensemble->handle;
  const std::string why = s.context.phases.run(plotting ? "plot" : "save", [&] {
    if (plotting)
      return solution ? runtime::plot(*solution->value, path, s.context.watch())
                      : runtime::plot(*ensemble->paths, path, s.context.watch());
    const auto origin = provenance(s.context, handle, fmt::format("hopf run {}", s.module->path));
    return solution ? runtime::save(*solution->value, origin, path, s.context.watch())
                    : runtime::save(*ensemble->paths, origin, path, s.context.watch());
  });
  return finish(s, arguments, path, why);
}

std::optional<Value> load_data(Script& s, const Arguments& arguments) {
  std::string path;
  if (!arguments.read("file", path)) return {};
  const std::string found = input_path(s.module->scope.directory, path);
  if (!allowed(s.context, found, arguments.span_of("file"))) return {};
  std::string why;
  auto array = runtime::load_array(found, why, s.context.watch());
  if (!array) {
    s.error(Kind::CannotRead, arguments.span_of("file"),
            fmt::format("'{}' cannot be read: {}", path, reason_alone(why)));
    return {};
  }
  if (array->shape.size() > 2) {
    s.error(Kind::NotBuiltYet, arguments.span_of("file"),
            "arrays of more than two dimensions are not read yet");
    return {};
  }
  return from_numeric({array->shape, std::move(array->data)});
}

}  // namespace

namespace {

/// "2026-03-01T12:00:00Z". Where builds are to be repeated to the byte, $SOURCE_DATE_EPOCH is the
/// time of all of them (reproducible-builds.org/specs/source-date-epoch).
std::string utc_now() {
  std::time_t now = std::time(nullptr);
  if (const char* given = std::getenv("SOURCE_DATE_EPOCH"); given && *given)
    now = static_cast<std::time_t>(std::strtoll(given, nullptr, 10));
  std::tm parts = {};
  if (!gmtime_r(&now, &parts)) return "";
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

runtime::Provenance provenance(const Context& c, const ModelHandle& handle, std::string verb) {
  std::string parameters;
  for (const model::Param& param : handle.model->params)
    parameters += fmt::format("{}{} = {}", parameters.empty() ? "" : ", ", param.name,
                              to_text(from_numeric({param.shape, param.value})));
  std::string command = c.options.command.empty() ? std::move(verb) : c.options.command;
  return {handle.source, version(), std::move(command), std::move(parameters), utc_now()};
}

bool written(Context& c, Span span, const std::string& path, const std::string& why) {
  if (!why.empty())
    c.sink.emit(Kind::CannotWrite, span,
                fmt::format("'{}' is not written: {}", path, reason_alone(why)));
  return why.empty();
}

std::optional<Value> call_output(Script& s, const Signature& signature, const syntax::Call& call,
                                 Span span) {
  if (signature.name == "print") return print(s, call);
  if (signature.name == "table") return table(s, call, span);
  const Arguments arguments(s, signature, call, span);
  return signature.name == "load" ? load_data(s, arguments) : write_file(s, signature, arguments);
}

}  // namespace hopf::driver
