// Results out, data in. Files appear whole or not at all (written beside, then renamed).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/watch.hpp"
#include "path/ensemble.hpp"
#include "value/value_function.hpp"

namespace hopf::runtime {

/// What every saved file says of its origin.
struct Provenance {
  std::string source;   // the model's text
  std::string version;  // the compiler's
  std::string command;
  std::string parameters;  // "gamma = 5, r = 0.03": the values used, which the text may not have
  std::string time;        // "2026-03-01T12:00:00Z", UTC
};

/// Error text, or empty on success. `.nc` netCDF-4, `.npy`, `.csv` by the file's ending.
std::string save(const ValueFunction&, const Provenance&, const std::string& path,
                 const Watch& watch = {});
std::string save(const Ensemble&, const Provenance&, const std::string& path,
                 const Watch& watch = {});

/// Figures by gnuplot: 1 state a curve with its policy, 2 states a heat map with contours, axes
/// with units, colour bar.
/// `.svg`, `.png`, `.html` by the file's ending.
std::string plot(const ValueFunction&, const std::string& path, const Watch& watch = {});
std::string plot(const Ensemble&, const std::string& path, const Watch& watch = {});

struct Array {
  std::vector<int> shape;
  std::vector<double> data;  // row-major
};
/// "row 3, column 2" of an entry in row-major order, counted from 1.
std::string place_of(std::size_t entry, const std::vector<int>& shape);
/// CSV (numbers, optional header) or NPY, from an ordinary file or a pipe. On failure, NaN among
/// the numbers included, `error` says what and where.
std::optional<Array> load_array(const std::string& path, std::string& error,
                                const Watch& watch = {});

}  // namespace hopf::runtime
