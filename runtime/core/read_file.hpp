// The bytes of a file, within bounds: a device without an end, a pipe that says nothing and a file
// larger than the machine's memory must not take the session with them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/watch.hpp"

namespace hopf::runtime {

struct ReadLimits {
  std::size_t most_bytes = std::size_t{1} << 30;
  double bytes_each = 1;  // of memory that a byte of the file will take
  bool devices = false;   // a terminal, /dev/null; otherwise ordinary files and pipes only
};

/// "-" is the standard input. On failure, a file larger than the limit included, `why` says what is
/// the matter with it.
std::optional<std::string> read_bounded(const std::string& path, const ReadLimits&,
                                        std::string& why, const Watch& = {});

}  // namespace hopf::runtime
