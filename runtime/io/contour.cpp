#include "io/contour.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>

namespace hopf::runtime {
namespace {

/// Crossings are named by the grid edge they lie on, so that neighbouring cells agree on them
/// exactly.
class Tracer {
 public:
  Tracer(const Samples& samples, double level) : samples_(samples), level_(level) {}

  std::vector<Polyline> trace() {
    for (std::size_t j = 0; j + 1 < samples_.ny; ++j) {
      for (std::size_t i = 0; i + 1 < samples_.nx; ++i) visit_cell(i, j);
    }
    std::vector<Polyline> lines;
    for (const auto& [edge, ends] :
         links_) {  // open lines first: they start where only one segment ends
      if (ends.count == 1 && !ends.used) lines.push_back(follow(edge));
    }
    for (const auto& [edge, ends] : links_) {
      if (!ends.used) lines.push_back(follow(edge));
    }
    return lines;
  }

 private:
  using Edge = std::uint64_t;
  struct Ends {
    std::array<Edge, 2> to{};
    int count = 0;
    mutable bool used = false;
  };

  Edge horizontal(std::size_t i, std::size_t j) const { return 2 * (j * samples_.nx + i); }
  Edge vertical(std::size_t i, std::size_t j) const { return 2 * (j * samples_.nx + i) + 1; }

  void link(Edge a, Edge b) {
    Ends& from = links_[a];
    if (from.count < 2) from.to[from.count++] = b;
    Ends& back = links_[b];
    if (back.count < 2) back.to[back.count++] = a;
  }

  void visit_cell(std::size_t i, std::size_t j) {
    const std::array<double, 4> corner{samples_.at(i, j), samples_.at(i + 1, j),
                                       samples_.at(i + 1, j + 1), samples_.at(i, j + 1)};
    unsigned above = 0;
    for (unsigned k = 0; k < 4; ++k) {
      if (!std::isfinite(corner[k])) return;
      above |= (corner[k] >= level_ ? 1u : 0u) << k;
    }
    const std::array<Edge, 4> edge{horizontal(i, j), vertical(i + 1, j), horizontal(i, j + 1),
                                   vertical(i, j)};
    std::array<Edge, 4> crossed{};
    int count = 0;
    for (unsigned k = 0; k < 4; ++k) {
      if (((above >> k) & 1) != ((above >> ((k + 1) % 4)) & 1)) crossed[count++] = edge[k];
    }
    if (count == 2) link(crossed[0], crossed[1]);
    if (count != 4) return;
    // A saddle: the mean of the corners says which pair of opposite corners is joined.
    const bool centre_above = (corner[0] + corner[1] + corner[2] + corner[3]) / 4 >= level_;
    const bool joins_first = ((above & 1) != 0) == centre_above;
    link(edge[0], joins_first ? edge[1] : edge[3]);
    link(edge[2], joins_first ? edge[3] : edge[1]);
  }

  PlanePoint point(Edge edge) const {
    const std::size_t node = edge / 2, i = node % samples_.nx, j = node / samples_.nx;
    const bool is_vertical = edge % 2 == 1;
    const double a = samples_.at(i, j);
    const double b = is_vertical ? samples_.at(i, j + 1) : samples_.at(i + 1, j);
    const double part = (level_ - a) / (b - a);
    const double x = static_cast<double>(i) + (is_vertical ? 0 : part);
    const double y = static_cast<double>(j) + (is_vertical ? part : 0);
    return {x / static_cast<double>(samples_.nx - 1), y / static_cast<double>(samples_.ny - 1)};
  }

  Polyline follow(Edge start) {
    Polyline line;
    for (Edge at = start;;) {
      const Ends& ends = links_.at(at);
      ends.used = true;
      line.push_back(point(at));
      bool moved = false;
      for (int k = 0; k < ends.count && !moved; ++k) {
        if (links_.at(ends.to[k]).used) continue;
        at = ends.to[k];
        moved = true;
      }
      if (moved) continue;
      const bool closes =
          line.size() > 2 && (ends.to[0] == start || (ends.count == 2 && ends.to[1] == start));
      if (closes) line.push_back(line.front());
      return line;
    }
  }

  const Samples& samples_;
  double level_;
  std::map<Edge, Ends> links_;
};

}  // namespace

std::vector<Polyline> contour(const Samples& samples, double level) {
  return Tracer(samples, level).trace();
}

std::vector<double> nice_levels(double lo, double hi, int count) {
  // Levels closer to each other than this, relative to their size, tell of rounding errors only.
  constexpr double kResolved = 1e-10;
  std::vector<double> levels;
  const double range = hi - lo, rough = range / count;
  if (!(range > kResolved * std::max(std::abs(lo), std::abs(hi)))) return levels;
  if (!std::isfinite(range) || !std::isnormal(rough)) return levels;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double leading = rough / power;
  if (!std::isfinite(leading)) return levels;  // the power has no digits left
  const double step = power * (leading < 1.5 ? 1 : leading < 3.5 ? 2 : leading < 7.5 ? 5 : 10);
  const double first = std::floor(lo / step) + 1;
  for (int k = 0; k <= 2 * count && (first + k) * step < hi; ++k)
    levels.push_back((first + k) * step);
  return levels;
}

}  // namespace hopf::runtime
