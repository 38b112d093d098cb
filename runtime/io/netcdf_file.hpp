// A netCDF-4 file being written: the first failure is kept and makes every later call do nothing.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/watch.hpp"

namespace hopf::runtime {

class NetcdfFile {
 public:
  /// Written under a temporary name until `close`. Every `write` asks `watch` first.
  explicit NetcdfFile(const std::string& path, Watch watch = {});
  ~NetcdfFile();
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;

  /// A name not used yet in this file that netCDF allows: "x[2]" becomes "x_2".
  std::string unused_name(const std::string& wanted);

  int dimension(const std::string& name, std::size_t length);
  int variable(const std::string& name, const std::vector<int>& dimensions);
  int text_variable(const std::string& name, int dimension);
  void attribute(int variable, const std::string& name, const std::string& text);
  void attribute(int variable, const std::string& name, double number);
  void global(const std::string& name, const std::string& text);
  void global(const std::string& name, double number);
  void end_definitions();

  void write(int variable, const std::vector<double>& data);
  /// One block of the leading dimensions: `start` and `count` have the variable's rank.
  void write(int variable, const std::vector<std::size_t>& start,
             const std::vector<std::size_t>& count, const double* data);
  void write(int variable, const std::vector<std::string>& words);

  /// Error text, or empty when the whole file is in place.
  std::string close();

 private:
  void check(int status);
  bool ready() const;

  AtomicFile file_;
  std::string error_;
  Watch watch_;
  std::set<std::string> names_;
  int id_ = -1;
};

}  // namespace hopf::runtime
