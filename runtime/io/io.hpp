// Results out, data in. Files appear whole or not at all (written beside, then renamed).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "path/ensemble.hpp"
#include "value/value_function.hpp"

namespace hopf::runtime {

/// What every saved file says of its origin.
struct Provenance {
  std::string source;   // the model's text
  std::string version;  // the compiler's
  std::string command;
  std::string parameters;  // "gamma = 5, r = 0.03": the values used, which the text may not have
};

/// Error text, or empty on success. `.nc` netCDF-4, `.npy`, `.csv` by the file's ending.
std::string save(const ValueFunction&, const Provenance&, const std::string& path);
std::string save(const Ensemble&, const Provenance&, const std::string& path);

/// Figures by gnuplot: 1 state a curve with its policy, 2 states a heat map with contours, axes
/// with units, colour bar.
/// `.svg`, `.png`, `.html` by the file's ending.
std::string plot(const ValueFunction&, const std::string& path);
std::string plot(const Ensemble&, const std::string& path);

struct Array {
  std::vector<int> shape;
  std::vector<double> data;  // row-major
};
/// CSV (numbers, optional header) or NPY. On failure `error` says what and where.
std::optional<Array> load_array(const std::string& path, std::string& error);

}  // namespace hopf::runtime
