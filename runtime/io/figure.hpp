// Figures drawn by gnuplot: a script is put together, run, and its picture moved into place.
//
// gnuplot's SVG terminal draws an image as one rectangle a pixel (megabytes, with seams between
// them), so heat maps go into the SVG as one embedded PNG each, placed by the panel's known
// corners, under the lines gnuplot drew.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/watch.hpp"
#include "io/contour.hpp"

namespace hopf::runtime {

/// A panel's plot area in pixels from the lower left corner of the figure.
struct Box {
  double left = 0, bottom = 0, width = 0, height = 0;
};

struct Range {
  double lo = 0, hi = 1;
};

enum class Palette : std::uint8_t { Sequential, Diverging, Cyclic };

/// A heat map with contour lines: samples over x and y ranges.
struct HeatMap {
  Samples samples;
  Range x, y, colour;
  Palette palette = Palette::Sequential;
  bool contours = true;
  double period = 0;  // of samples on a circle
  std::string title, x_label, y_label, colour_label;
};

/// One row of the table under the picture of an HTML page.
struct Fact {
  std::string name, value, words;
};

class Figure {
 public:
  Figure(std::string path, int width, int height);

  void title(const std::string& text, const std::string& subtitle);
  /// Raw commands; each ends with a line end.
  void add(std::string_view commands) { script_ += commands; }
  /// Starts a panel whose plot area is `box`: margins set, ranges and labels cleared.
  void panel(const Box& box);
  void heat_map(const Box& box, const HeatMap&);
  /// Runs gnuplot and puts the file in place. Error text, or empty. `facts` and `words` go into
  /// HTML pages.
  std::string write(const std::string& heading, const std::vector<Fact>& facts,
                    const Watch& watch = {});

 private:
  struct Image {
    Box box;
    HeatMap map;
  };

  bool is_png() const;
  void contour_lines(const Box& box, const HeatMap& map, std::string& clauses);
  std::string embedded_images() const;
  std::string script_text() const;

  std::string path_, ending_, script_;
  int width_, height_;
  int panels_ = 0;
  int blocks_ = 0;  // data blocks so far: each has its own name
  std::vector<Image> images_;
};

/// A gnuplot string in single quotes, in which gnuplot expands and runs nothing. Control characters
/// become blanks: a line end would end the command.
std::string quoted(std::string_view text);
/// "omega [rad/s]", with superscripts; the name alone where there is no unit.
std::string axis_label(const std::string& name, const std::string& unit);
/// Gnuplot's `set palette` for lines and colour boxes.
std::string palette_command(Palette);
/// Red, green, blue at a place in [0, 1].
std::array<std::uint8_t, 3> palette_colour(Palette, double place);

/// An 8-bit palette image as PNG; rows from the top, entries index `colours`.
std::string png_bytes(std::size_t width, std::size_t height,
                      const std::vector<std::uint8_t>& indices,
                      const std::vector<std::array<std::uint8_t, 3>>& colours);
std::string base64(std::string_view bytes);

/// The picture that gnuplot draws for a script which sends it to the standard output; nothing, with
/// `error`, where it draws none.
std::optional<std::string> run_gnuplot(const std::string& script, std::string& error,
                                       const Watch& watch = {});

}  // namespace hopf::runtime
