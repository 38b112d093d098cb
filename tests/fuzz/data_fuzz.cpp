// Fuzz target: any bytes as a file of numbers are an array of the shape that it says, without NaN,
// or an error in words. NPY by its first byte, CSV else.
#include <stdlib.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "io/io.hpp"
#include "scratch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const bool npy = size > 0 && data[0] == 0x93;
  const std::string path = folder.path + (npy ? "/a.npy" : "/a.csv");
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  std::string error;
  const auto array = hopf::runtime::load_array(path, error);
  require(array.has_value() == error.empty(), "an array with an error, or neither");
  if (!array) return 0;
  std::size_t count = 1;
  for (const int extent : array->shape) count *= static_cast<std::size_t>(extent);
  require(count == array->data.size(), "a shape of another size than its data");
  for (const double x : array->data) require(!std::isnan(x), "NaN among the data");
  return 0;
}
