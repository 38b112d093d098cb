#include "io/figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>

#include "core/atomic_file.hpp"
#include "io/formats.hpp"
#include "io/page.hpp"

namespace hopf::runtime {
namespace {

using Colour = std::array<std::uint8_t, 3>;

/// Viridis (S. van der Walt, N. Smith, E. Firing; public domain) at eleven places: perceptually
/// uniform, and readable in grey and by the colour-blind.
constexpr std::array<Colour, 11> kSequential{{{0x44, 0x01, 0x54},
                                              {0x48, 0x24, 0x75},
                                              {0x41, 0x44, 0x87},
                                              {0x35, 0x5f, 0x8d},
                                              {0x2a, 0x78, 0x8e},
                                              {0x21, 0x91, 0x8c},
                                              {0x22, 0xa8, 0x84},
                                              {0x44, 0xbf, 0x70},
                                              {0x7a, 0xd1, 0x51},
                                              {0xbd, 0xdf, 0x26},
                                              {0xfd, 0xe7, 0x25}}};
/// Blue through near-white to red, for controls that push both ways.
constexpr std::array<Colour, 11> kDiverging{{{0x21, 0x4f, 0x96},
                                             {0x3b, 0x76, 0xb4},
                                             {0x6b, 0x9f, 0xcd},
                                             {0xa2, 0xc4, 0xe2},
                                             {0xd3, 0xe2, 0xf0},
                                             {0xf6, 0xf4, 0xf2},
                                             {0xf7, 0xdb, 0xcb},
                                             {0xee, 0xb0, 0x94},
                                             {0xdb, 0x7e, 0x64},
                                             {0xbf, 0x48, 0x3f},
                                             {0x94, 0x1f, 0x2c}}};

/// For directions: ends as it begins.
constexpr std::array<Colour, 11> kCyclic{{{0xe2, 0xd9, 0xe2},
                                          {0x9e, 0xbb, 0xc9},
                                          {0x67, 0x92, 0xbf},
                                          {0x5e, 0x5b, 0xb0},
                                          {0x4e, 0x25, 0x83},
                                          {0x2f, 0x14, 0x36},
                                          {0x6b, 0x1d, 0x4f},
                                          {0xa0, 0x3c, 0x50},
                                          {0xbf, 0x75, 0x5a},
                                          {0xcf, 0xb0, 0x9c},
                                          {0xe2, 0xd9, 0xe2}}};

constexpr const char* kFont = "DejaVu Sans";
/// What an SVG asks for where that font is not installed.
constexpr std::string_view kFontFamily = "DejaVu Sans, Helvetica, Arial, sans-serif";

const std::array<Colour, 11>& anchors(Palette palette) {
  if (palette == Palette::Cyclic) return kCyclic;
  return palette == Palette::Sequential ? kSequential : kDiverging;
}

double luminance(const Colour& c) { return (0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]) / 255; }

/// Where a value lies in a range, in [0, 1]; what is not finite, at its ends.
double place_in(const Range& range, double value) {
  if (!std::isfinite(value)) return value > 0 ? 1 : 0;
  return range.hi > range.lo ? std::clamp((value - range.lo) / (range.hi - range.lo), 0.0, 1.0)
                             : 0.5;
}

/// A pixel is a cell between four samples and shows their mean: samples sit on the edges of the
/// panel.
double pixel(const HeatMap& map, std::size_t i, std::size_t j) {
  const Samples& s = map.samples;
  if (map.period > 0) return s.at(i, j);  // directions have no mean across a seam
  return (s.at(i, j) + s.at(i + 1, j) + s.at(i, j + 1) + s.at(i + 1, j + 1)) / 4;
}

constexpr int kTop = 253;  // the last colour of the palette
constexpr std::size_t kHatch = 8;

std::string image_png(const HeatMap& map) {
  std::vector<Colour> colours;
  for (int k = 0; k <= kTop; ++k)
    colours.push_back(palette_colour(map.palette, static_cast<double>(k) / kTop));
  colours.push_back({205, 205, 205});  // what is not finite is hatched in grey
  colours.push_back({150, 150, 150});
  std::vector<std::uint8_t> indices;
  const std::size_t width = map.samples.nx - 1, height = map.samples.ny - 1;
  for (std::size_t row = height; row-- > 0;) {
    for (std::size_t i = 0; i < width; ++i) {
      const double value = pixel(map, i, row);
      const double place = place_in(map.colour, value);
      const bool stripe = (i + row) % kHatch < 2;
      indices.push_back(static_cast<std::uint8_t>(
          !std::isfinite(value) ? kTop + (stripe ? 2 : 1) : std::lround(kTop * place)));
    }
  }
  return png_bytes(width, height, indices, colours);
}

double finite_or_nan(double value) {
  return std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN();
}

/// Pixel rows of a data block for gnuplot's own `with image`, used for PNG files.
std::string image_rows(const HeatMap& map) {
  std::string rows;
  const auto at = [](const Range& range, std::size_t i, std::size_t n) {
    return range.lo +
           (range.hi - range.lo) * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
  };
  const std::size_t width = map.samples.nx - 1, height = map.samples.ny - 1;
  for (std::size_t j = 0; j < height; ++j) {
    for (std::size_t i = 0; i < width; ++i) {
      fmt::format_to(std::back_inserter(rows), "{:.10g} {:.10g} {:.7g}\n", at(map.x, i, width),
                     at(map.y, j, height), finite_or_nan(pixel(map, i, j)));
    }
  }
  return rows;
}

// ---- labels on contour lines

/// Where a label may sit on a line: the vertices it hides, its centre and its slope, all in pixels.
struct LabelPlace {
  std::size_t first = 0, last = 0;
  PlanePoint centre;
  double degrees = 0;
};

double distance(PlanePoint a, PlanePoint b) { return std::hypot(a.x - b.x, a.y - b.y); }

/// The stretch of about `width` pixels around vertex `middle`, when it is nearly straight and
/// inside the panel.
std::optional<LabelPlace> place_around(const Polyline& line, std::size_t middle, double width,
                                       const Box& box) {
  LabelPlace place{middle, middle, line[middle]};
  while (place.first > 0 && distance(line[place.first], line[middle]) < width / 2) --place.first;
  while (place.last + 1 < line.size() && distance(line[place.last], line[middle]) < width / 2)
    ++place.last;
  const PlanePoint a = line[place.first], b = line[place.last];
  if (distance(a, b) < 0.93 * width) return std::nullopt;  // the line's end, or a bend
  const PlanePoint c = line[middle];
  const double margin = 0.5 * width;
  if (c.x < margin || c.y < margin || c.x > box.width - margin || c.y > box.height - margin)
    return std::nullopt;
  place.centre = {(a.x + b.x) / 2, (a.y + b.y) / 2};
  place.degrees = std::atan2(b.y - a.y, b.x - a.x) * 180 / M_PI;
  if (place.degrees > 90) place.degrees -= 180;
  if (place.degrees < -90) place.degrees += 180;
  return place;
}

std::optional<LabelPlace> find_place(const Polyline& line, double width, const Box& box,
                                     const std::vector<PlanePoint>& taken) {
  for (const double part : {0.5, 0.38, 0.62, 0.26, 0.74, 0.15, 0.85}) {
    const auto middle = static_cast<std::size_t>(part * static_cast<double>(line.size() - 1));
    const auto place = place_around(line, middle, width, box);
    if (!place) continue;
    const bool crowded = std::any_of(taken.begin(), taken.end(), [&](PlanePoint other) {
      return distance(other, place->centre) < 1.3 * width;
    });
    if (!crowded) return place;
  }
  return std::nullopt;
}

/// The vertices of a line for gnuplot, with a gap where its label sits.
std::string line_rows(const Polyline& line, const std::optional<LabelPlace>& place,
                      const std::function<PlanePoint(PlanePoint)>& to_axes) {
  std::string rows;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool hidden = place && i > place->first && i < place->last;
    const PlanePoint p = to_axes(line[i]);
    if (!hidden) rows += fmt::format("{:.10g} {:.10g}\n", p.x, p.y);
    if (hidden && i == place->first + 1) rows += '\n';
  }
  return rows + '\n';
}

double length_of(const Polyline& line) {
  double length = 0;
  for (std::size_t i = 1; i < line.size(); ++i) length += distance(line[i - 1], line[i]);
  return length;
}

}  // namespace

std::array<std::uint8_t, 3> palette_colour(Palette palette, double place) {
  const auto& table = anchors(palette);
  const double scaled = std::clamp(place, 0.0, 1.0) * static_cast<double>(table.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(scaled), table.size() - 2);
  const double weight = scaled - static_cast<double>(below);
  Colour colour{};
  for (std::size_t k = 0; k < 3; ++k) {
    colour[k] = static_cast<std::uint8_t>(
        std::lround((1 - weight) * table[below][k] + weight * table[below + 1][k]));
  }
  return colour;
}

std::string palette_command(Palette palette) {
  std::string text = "set palette defined (";
  for (std::size_t k = 0; k < anchors(palette).size(); ++k) {
    const Colour& c = anchors(palette)[k];
    text += fmt::format("{}{} '#{:02x}{:02x}{:02x}'", k ? ", " : "", k, c[0], c[1], c[2]);
  }
  return text + ") maxcolors 0\n";
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

std::string axis_label(const std::string& name, const std::string& unit) {
  if (unit.empty() || unit == "1") return name;
  static constexpr std::array<const char*, 10> kSuperscripts{"⁰", "¹", "²", "³", "⁴",
                                                             "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string pretty;
  for (std::size_t i = 0; i < unit.size(); ++i) {
    if (unit[i] == '*') {
      pretty += "·";
    } else if (unit[i] == '^' && i + 1 < unit.size() && unit[i + 1] >= '0' && unit[i + 1] <= '9') {
      while (i + 1 < unit.size() && unit[i + 1] >= '0' && unit[i + 1] <= '9')
        pretty += kSuperscripts[unit[++i] - '0'];
    } else {
      pretty += unit[i];
    }
  }
  return fmt::format("{} [{}]", name, pretty);
}

Figure::Figure(std::string path, int width, int height)
    : path_(std::move(path)), ending_(file_ending(path_)), width_(width), height_(height) {}

bool Figure::is_png() const { return ending_ == ".png"; }

void Figure::title(const std::string& text, const std::string& subtitle) {
  add(fmt::format("set label 9001 {} at screen 0.5, screen {} center font ',16'\n", quoted(text),
                  1 - 20.0 / height_));
  add(fmt::format(
      "set label 9002 {} at screen 0.5, screen {} center font ',10' textcolor rgb '#555555'\n",
      quoted(subtitle), 1 - 43.0 / height_));
}

void Figure::panel(const Box& box) {
  // A label would be drawn again, a shade bolder, with every panel.
  if (++panels_ == 2) add("unset label 9001\nunset label 9002\n");
  add(
      fmt::format("set lmargin at screen {}\nset rmargin at screen {}\nset bmargin at screen "
                  "{}\nset tmargin at "
                  "screen {}\n",
                  box.left / width_, (box.left + box.width) / width_, box.bottom / height_,
                  (box.bottom + box.height) / height_));
  add("unset title\nunset xlabel\nunset ylabel\nunset cblabel\nunset key\nset autoscale\nset xtics "
      "auto\n"
      "set ytics auto\nset format x '%g'\nset format y '%g'\nunset colorbox\nunset grid\nunset "
      "logscale\n");
}

void Figure::heat_map(const Box& box, const HeatMap& map) {
  panel(box);
  images_.push_back({box, map});
  add(palette_command(map.palette));
  add(fmt::format("set title {} offset 0,-0.4\nset xlabel {}\nset ylabel {}\n", quoted(map.title),
                  quoted(map.x_label), quoted(map.y_label)));
  add(fmt::format("set xrange [{}:{}]\nset yrange [{}:{}]\nset cbrange [{}:{}]\n", map.x.lo,
                  map.x.hi, map.y.lo, map.y.hi, map.colour.lo, map.colour.hi));
  add(fmt::format(
      "set colorbox user origin screen {}, screen {} size screen {}, screen {}\nset cblabel {}\n",
      (box.left + box.width + 12) / width_, box.bottom / height_, 14.0 / width_,
      box.height / height_, quoted(map.colour_label)));
  std::string clauses;
  if (is_png()) {
    add("set object 900 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#969696' "
        "fillstyle pattern 4 noborder\n");
    add(fmt::format("$data{} << EOD\n{}EOD\n", ++blocks_, image_rows(map)));
    clauses = fmt::format("$data{} using 1:2:3 with image", blocks_);
  } else {
    // One point outside the panel makes gnuplot draw axes and colour box; the image itself comes
    // from us.
    clauses = fmt::format("'+' using ({}):({}):({}) every ::0::0 with points palette", map.x.lo - 1,
                          map.y.lo - 1, map.colour.lo);
  }
  if (map.contours) contour_lines(box, map, clauses);
  add("plot " + clauses + "\nunset for [label_index=1:200] label label_index\n");
}

void Figure::contour_lines(const Box& box, const HeatMap& map, std::string& clauses) {
  std::vector<PlanePoint> taken;
  std::string rows[2];  // dark lines, light lines
  int labels = 0;
  for (const double level : nice_levels(map.colour.lo, map.colour.hi, 9)) {
    const bool light = luminance(palette_colour(map.palette, place_in(map.colour, level))) < 0.45;
    const std::string text = fmt::format(
        "{:.6g}", std::abs(level) < 1e-12 * (map.colour.hi - map.colour.lo) ? 0 : level);
    const double width = 6.5 * static_cast<double>(text.size()) + 10;
    for (Polyline line : contour(map.samples, level)) {
      for (PlanePoint& p : line) p = {p.x * box.width, p.y * box.height};
      std::optional<LabelPlace> place;
      if (length_of(line) > 2.2 * width && labels < 200)
        place = find_place(line, width, box, taken);
      const auto point = [&](PlanePoint p) {
        return PlanePoint{map.x.lo + (map.x.hi - map.x.lo) * p.x / box.width,
                          map.y.lo + (map.y.hi - map.y.lo) * p.y / box.height};
      };
      rows[light] += line_rows(line, place, point);
      if (!place) continue;
      taken.push_back(place->centre);
      const PlanePoint c = point(place->centre);
      add(fmt::format(
          "set label {} {} at {:.10g}, {:.10g} center rotate by {:.1f} font ',9' front textcolor "
          "rgb "
          "'{}'\n",
          ++labels, quoted(text), c.x, c.y, place->degrees, light ? "#ffffff" : "#202020"));
    }
  }
  for (int light = 0; light < 2; ++light) {
    if (rows[light].find_first_not_of('\n') == std::string::npos) continue;
    add(fmt::format("$data{} << EOD\n{}EOD\n", ++blocks_, rows[light]));
    clauses += fmt::format(", $data{} using 1:2 with lines linewidth 0.9 linecolor rgb '{}'",
                           blocks_, light ? "#e8e8e8" : "#303030");
  }
}

std::string Figure::script_text() const {
  const std::string size = fmt::format("{},{}", width_, height_);
  // PNG at twice the size in pixels, everything scaled with it: sharp on dense screens and in
  // print.
  const std::string terminal =
      is_png() ? fmt::format(
                     "pngcairo size {},{} fontscale 1.9 linewidth 1.9 pointscale 1.9 font '{},11' "
                     "noenhanced "
                     "background '#ffffff'",
                     2 * width_, 2 * height_, kFont)
               : fmt::format("svg size {} dynamic font '{},11' noenhanced background '#ffffff'",
                             size, kFont);
  return fmt::format(
      "set encoding utf8\nset terminal {}\nset output\nset border linecolor rgb '#404040'\n"
      "set tics out nomirror font ',10'\nset multiplot\n{}unset multiplot\n",
      terminal, script_);
}

/// SVG <image> elements, later ones over earlier ones; y grows downwards.
std::string Figure::embedded_images() const {
  std::string text;
  for (const Image& image : images_) {
    const double top = height_ - image.box.bottom - image.box.height;
    text += fmt::format(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
        "xlink:href=\"data:image/png;base64,{}\"/>\n",
        image.box.left, top, image.box.width, image.box.height, base64(image_png(image.map)));
  }
  return text;
}

std::string Figure::write(const std::string& heading, const std::vector<Fact>& facts,
                          const Watch& watch) {
  const auto failure = [&](const std::string& why) {
    return fmt::format("cannot write '{}': {}", path_, why);
  };
  if (!is_png() && ending_ != ".svg" && ending_ != ".html")
    return failure("a figure ends in .svg, .png or .html");
  std::string error;
  auto picture = run_gnuplot(script_text(), error, watch);
  if (!picture) return failure(error);
  if (is_png()) return write_file(path_, *picture);
  std::string& svg = *picture;
  // The white background is the first rectangle of the canvas: images go right after it.
  const std::size_t canvas = svg.find("id=\"gnuplot_canvas\"");
  const std::size_t rectangle = svg.find("<rect", canvas);
  const std::size_t end = svg.find("/>", rectangle);
  if (end == std::string::npos) return failure("gnuplot drew nothing");
  svg.insert(end + 2, "\n" + embedded_images());
  const std::string family = fmt::format("font-family=\"{}\"", kFont);
  for (std::size_t at = 0; (at = svg.find(family, at)) != std::string::npos;
       at += kFontFamily.size()) {
    svg.replace(at, family.size(), fmt::format("font-family=\"{}\"", kFontFamily));
  }
  return write_file(path_, ending_ == ".svg" ? svg : html_page(heading, svg, facts));
}

}  // namespace hopf::runtime
