#include "io/io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "io/formats.hpp"

namespace hopf::runtime {
namespace {

template <class Result>
std::string save_by_ending(const Result& result, const Provenance& provenance,
                           const std::string& path, const Watch& watch) {
  const std::string ending = file_ending(path);
  if (ending == ".nc") return save_netcdf(result, provenance, path, watch);
  if (ending == ".csv") return save_csv(result, path, watch);
  if (ending == ".npy") return save_npy(result, path);
  return fmt::format("cannot write '{}': a file to save ends in .nc, .csv or .npy", path);
}

bool has_unit(const std::vector<NamedUnit>& all) {
  return std::any_of(all.begin(), all.end(),
                     [](const NamedUnit& one) { return !one.unit.empty(); });
}

}  // namespace

std::string time_unit(const ValueFunction& value) {
  const bool units = has_unit(value.states) || has_unit(value.controls);
  return units || !value.value_unit.empty() ? "s" : "";
}

std::string time_unit(const Ensemble& ensemble) {
  return has_unit(ensemble.states) || !ensemble.cost_unit.empty() ? "s" : "";
}

std::string save(const ValueFunction& value, const Provenance& provenance, const std::string& path,
                 const Watch& watch) {
  return save_by_ending(value, provenance, path, watch);
}

std::string save(const Ensemble& ensemble, const Provenance& provenance, const std::string& path,
                 const Watch& watch) {
  return save_by_ending(ensemble, provenance, path, watch);
}

bool has_time_axis(const ValueFunction& value) {
  return value.horizon.has_value() || value.times.size() > 1;
}

std::string file_ending(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return {};
  std::string ending = path.substr(dot);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return ending;
}

}  // namespace hopf::runtime
