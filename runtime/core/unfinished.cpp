#include "core/unfinished.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

namespace hopf::runtime {
namespace {

enum State : int { kFree, kChanging, kListed };

struct Place {
  std::atomic<int> state{kFree};
  char path[PATH_MAX] = {};
};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler reads it");

/// More files than all sessions of a process write at a time.
constexpr int kPlaces = 64;
std::array<Place, kPlaces> places;

}  // namespace

Unfinished::Unfinished(const std::string& path) {
  if (path.size() >= sizeof places[0].path) return;
  for (int k = 0; k < kPlaces; ++k) {
    int expected = kFree;
    if (!places[k].state.compare_exchange_strong(expected, kChanging)) continue;
    std::memcpy(places[k].path, path.c_str(), path.size() + 1);
    places[k].state = kListed;
    place_ = k;
    return;
  }
}

Unfinished::~Unfinished() {
  if (place_ >= 0) places[place_].state = kFree;
}

Unfinished::Unfinished(Unfinished&& other) noexcept : place_(std::exchange(other.place_, -1)) {}

Unfinished& Unfinished::operator=(Unfinished&& other) noexcept {
  std::swap(place_, other.place_);
  return *this;
}

void remove_unfinished() noexcept {
  const int before = errno;
  for (const Place& place : places) {
    if (place.state == kListed) unlink(place.path);
  }
  errno = before;
}

}  // namespace hopf::runtime
