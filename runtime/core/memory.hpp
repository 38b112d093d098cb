// How much memory is left, so that a request can be refused in words before it is allocated.
#pragma once

#include <cstdint>
#include <string>

namespace hopf::runtime {

/// Bytes this process may still take: the least of the machine's available memory and the room
/// under the limits of its control group. When nothing can be read, the largest integer: then
/// nothing is refused.
std::int64_t available_memory();

/// "3.2 GB", "640 MB", "12 kB": decimal, two digits, as in messages.
std::string format_bytes(double bytes);

}  // namespace hopf::runtime
