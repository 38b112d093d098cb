// One pass a file format; io.cpp chooses by the file's ending.
#pragma once

#include <string>

#include "io/io.hpp"

namespace hopf::runtime {

std::string save_netcdf(const ValueFunction&, const Provenance&, const std::string& path,
                        const Watch&);
std::string save_netcdf(const Ensemble&, const Provenance&, const std::string& path, const Watch&);
std::string save_csv(const ValueFunction&, const std::string& path, const Watch&);
std::string save_csv(const Ensemble&, const std::string& path, const Watch&);
std::string save_npy(const ValueFunction&, const std::string& path);
std::string save_npy(const Ensemble&, const std::string& path);

/// The bytes of an ordinary file or of a pipe, 1 GB at most; on failure `error` says
/// "cannot read 'path': reason".
std::optional<std::string> read_file(const std::string& path, std::string& error,
                                     const Watch& watch = {});

/// The bytes of an NPY file, format 1.0, little-endian doubles in row-major order.
std::string npy_bytes(const std::vector<std::size_t>& shape, const std::vector<double>& data);

/// The unit of time of an answer: seconds where its model declares units, none where it does not.
std::string time_unit(const ValueFunction&);
std::string time_unit(const Ensemble&);

/// True when levels are the times of a finite horizon and not the one level of a stationary
/// problem.
bool has_time_axis(const ValueFunction&);

/// The last ending in lower case, with its dot: ".svg"; empty when there is none.
std::string file_ending(const std::string& path);

}  // namespace hopf::runtime
