// What the fuzz targets share: a check that no build leaves out, and a folder for their files.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// A folder for the files of this process, gone at its end.
struct Folder {
  std::string path = "/tmp/hopf-fuzz-XXXXXX";
  Folder() { require(mkdtemp(path.data()) != nullptr, "no folder for temporary files"); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};
