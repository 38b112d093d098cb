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

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// A folder for the files of this process, gone at its end.
struct Folder {
  std::string path = "/tmp/hopf-fuzz-XXXXXX";
  Folder() { require(mkdtemp(path.data()), "no folder for temporary files"); }
  ~Folder() {
    for (const char* name : {"/a.csv", "/a.npy"}) unlink((path + name).c_str());
    rmdir(path.c_str());
  }
};

}  // namespace

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
