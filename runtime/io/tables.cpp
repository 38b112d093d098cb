// Tables as text (CSV, one row a point, units in the header) and as arrays (NPY).
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>

#include "core/atomic_file.hpp"
#include "io/closed_grid.hpp"
#include "io/formats.hpp"

namespace hopf::runtime {
namespace {

static_assert(std::endian::native == std::endian::little,
              "NPY files are written as the host's doubles");

std::string heading(const std::string& name, const std::string& unit) {
  std::string text = unit.empty() ? name : fmt::format("{} [{}]", name, unit);
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

constexpr std::size_t kRowsBetweenLooks = 4096;

/// Shortest text that reads back as the same double.
void append_number(std::string& out, double x) { fmt::format_to(std::back_inserter(out), "{}", x); }

/// Indices of a point on each axis, last axis fastest.
std::vector<std::size_t> indices_of(const Grid& grid, std::size_t point) {
  std::vector<std::size_t> indices(grid.dimension());
  for (std::size_t axis = grid.dimension(); axis-- > 0;) {
    indices[axis] = point % grid.axes[axis].nodes.size();
    point /= grid.axes[axis].nodes.size();
  }
  return indices;
}

std::string grid_header(const ValueFunction& value) {
  std::string out = has_time_axis(value) ? heading("t", time_unit(value)) + "," : "";
  if (value.regimes > 1) out += "regime,";
  for (const Axis& axis : value.grid.axes) out += heading(axis.name, axis.unit) + ",";
  out += heading("V", value.value_unit);
  if (!value.node_error.empty()) out += "," + heading("V_error", value.value_unit);
  for (const NamedUnit& control : value.controls) out += "," + heading(control.name, control.unit);
  return out + "\n";
}

std::string grid_rows(const ValueFunction& value, const Watch& watch) {
  std::string out = grid_header(value);
  const ClosedGrid closed(value.grid);
  const std::size_t points = closed.source.size();
  const std::size_t rows = points * static_cast<std::size_t>(value.regimes);
  for (std::size_t level = 0; level < value.value.size(); ++level) {
    for (std::size_t row = 0; row < rows; ++row) {
      if (watch && row % kRowsBetweenLooks == 0) watch();
      const std::size_t from = row / points * value.grid.points() + closed.source[row % points];
      if (has_time_axis(value)) fmt::format_to(std::back_inserter(out), "{},", value.times[level]);
      if (value.regimes > 1) fmt::format_to(std::back_inserter(out), "{},", row / points + 1);
      const std::vector<std::size_t> at = indices_of(closed.grid, row % points);
      for (std::size_t axis = 0; axis < at.size(); ++axis) {
        append_number(out, closed.grid.axes[axis].nodes[at[axis]]);
        out += ',';
      }
      append_number(out, value.value[level][from]);
      if (!value.node_error.empty()) {
        out += ',';
        append_number(out, value.node_error[level][from]);
      }
      for (std::size_t k = 0; k < value.controls.size() && level < value.policy.size(); ++k) {
        out += ',';
        const bool none =
            std::isinf(value.value[level][from]);  // no control is better than another
        append_number(
            out, none ? std::numeric_limits<double>::quiet_NaN() : value.policy[level][k][from]);
      }
      out += '\n';
    }
  }
  return out;
}

/// A closed form has no points: one row a coefficient of 1/2 x'P x + p'x + c and u = K x + k.
std::string coefficient_rows(const ValueFunction& value) {
  const std::size_t n = value.states.size(), regimes = static_cast<std::size_t>(value.regimes);
  std::string out =
      regimes > 1 ? "t,regime,coefficient,row,column,value\n" : "t,coefficient,row,column,value\n";
  for (std::size_t index = 0; index < value.quadratic.size(); ++index) {
    const QuadraticLevel& level = value.quadratic[index];
    const std::string regime = regimes > 1 ? fmt::format("{},", index % regimes + 1) : "";
    const auto rows = [&](const char* name, const std::vector<double>& entries,
                          std::size_t columns) {
      for (std::size_t i = 0; i < entries.size(); ++i) {
        fmt::format_to(std::back_inserter(out), "{},{}{},{},{},{}\n", level.t, regime, name,
                       i / columns + 1, i % columns + 1, entries[i]);
      }
    };
    rows("P", level.P, n);
    rows("p", level.p, 1);
    rows("c", {level.c}, 1);
    rows("K", level.K, n);
    rows("k", level.k, 1);
  }
  return out;
}

}  // namespace

std::string save_csv(const ValueFunction& value, const std::string& path, const Watch& watch) {
  return write_file(path, value.on_grid() ? grid_rows(value, watch) : coefficient_rows(value));
}

namespace {

/// Costs of the kept paths; NaN of those that failed, which `cost` does not have.
std::vector<double> kept_costs(const Ensemble& ensemble) {
  std::vector<double> costs;
  std::size_t next = 0;
  for (std::size_t p = 0; p < static_cast<std::size_t>(ensemble.kept); ++p)
    costs.push_back(ensemble.has_failed(p) ? std::nan("") : ensemble.cost[next++]);
  return costs;
}

}  // namespace

std::string save_csv(const Ensemble& ensemble, const std::string& path, const Watch& watch) {
  std::string out = "path," + heading("t", time_unit(ensemble));
  for (const NamedUnit& state : ensemble.states) out += "," + heading(state.name, state.unit);
  out += "," + heading("cost", ensemble.cost_unit) + "\n";
  const std::vector<double> cost = kept_costs(ensemble);
  for (std::size_t p = 0; p < static_cast<std::size_t>(ensemble.kept); ++p) {
    if (watch) watch();
    for (std::size_t time = 0; time < ensemble.times.size(); ++time) {
      fmt::format_to(std::back_inserter(out), "{},{}", p + 1, ensemble.times[time]);
      for (std::size_t i = 0; i < ensemble.states.size(); ++i) {
        out += ',';
        append_number(out, ensemble.values(i, time)[p]);
      }
      out += ',';
      append_number(out, cost[p]);
      out += '\n';
    }
  }
  return write_file(path, out);
}

std::string npy_bytes(const std::vector<std::size_t>& shape, const std::vector<double>& data) {
  std::string dims;
  for (const std::size_t extent : shape) dims += fmt::format("{}, ", extent);
  if (shape.size() > 1) dims.resize(dims.size() - 2);
  if (shape.size() == 1) dims.resize(dims.size() - 1);
  std::string header =
      fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}", dims);
  constexpr std::size_t kPrefix = 10,
                        kAlignment = 64;  // magic, version and length; data starts aligned
  header.append(kAlignment - (kPrefix + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(double));
  return bytes;
}

/// V over (time,)(regime,) states; of a closed form, P over (time,)(regime,) state, state.
std::string save_npy(const ValueFunction& value, const std::string& path) {
  std::vector<std::size_t> shape;
  std::vector<double> data;
  if (value.on_grid()) {
    if (has_time_axis(value)) shape.push_back(value.value.size());
    if (value.regimes > 1) shape.push_back(static_cast<std::size_t>(value.regimes));
    const ClosedGrid closed(value.grid);
    for (const Axis& axis : closed.grid.axes) shape.push_back(axis.nodes.size());
    for (const auto& level : value.value) {
      const std::vector<double> spread = closed.spread(level);
      data.insert(data.end(), spread.begin(), spread.end());
    }
  } else {
    const auto regimes = static_cast<std::size_t>(value.regimes);
    if (has_time_axis(value)) shape.push_back(value.quadratic.size() / regimes);
    if (regimes > 1) shape.push_back(regimes);
    shape.insert(shape.end(), 2, value.states.size());
    for (const QuadraticLevel& level : value.quadratic)
      data.insert(data.end(), level.P.begin(), level.P.end());
  }
  return write_file(path, npy_bytes(shape, data));
}

/// Recorded states over state, time, path, of the paths that were kept.
std::string save_npy(const Ensemble& ensemble, const std::string& path) {
  std::vector<double> data;
  for (const auto& state : ensemble.recorded) data.insert(data.end(), state.begin(), state.end());
  const auto paths = static_cast<std::size_t>(ensemble.kept);
  return write_file(path, npy_bytes({ensemble.states.size(), ensemble.times.size(), paths}, data));
}

}  // namespace hopf::runtime
