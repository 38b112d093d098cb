// Files out and in: whole or not at all, readable by others, errors in words.
#include <netcdf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "io/contour.hpp"
#include "io/figure.hpp"
#include "io/io.hpp"
#include "test.hpp"

using namespace hopf::runtime;
namespace fs = std::filesystem;

namespace {

/// A folder for one test, gone afterwards.
struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "hopf-io-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What is written of four periodic rows of three: the first row again at the end.
std::vector<double> closed(std::vector<double> rows) {
  const std::vector<double> first(rows.begin(), rows.begin() + 3);
  rows.insert(rows.end(), first.begin(), first.end());
  return rows;
}

ValueFunction gridded() {
  ValueFunction v;
  v.model = "demo";
  v.states = {{"theta", "rad"}, {"x[2]", "m"}};
  v.controls = {{"u", "N*m"}};
  v.value_unit = "J";
  v.control_is_discrete = {0};
  v.grid.axes = {uniform_axis("theta", "rad", Boundary::Periodic, -1, 1, 5),
                 uniform_axis("x[2]", "m", Boundary::Constrain, 0, 2, 3)};
  v.times = {0};
  v.value.resize(1);
  v.policy.resize(1);
  v.policy[0].resize(1);
  for (std::size_t i = 0; i < v.grid.points(); ++i) {
    v.value[0].push_back(0.1 * static_cast<double>(i));
    v.policy[0][0].push_back(i % 2 ? 1.0 : -1.0);
  }
  v.report.method = "test";
  v.report.residual = 1e-12;
  return v;
}

Ensemble small_ensemble() {
  Ensemble e;
  e.model = "demo";
  e.states = {{"x", "m"}};
  e.paths = e.kept = 3;
  e.final_values = {{2, 3, 4}};
  e.moments.resize(2);
  e.step = 0.5;
  e.times = {0, 0.5};
  e.recorded = {{1, 1, 1, 2, 3, 4}};
  e.cost = {1, 2, 4};
  return e;
}

const Provenance kOrigin{"model demo { }", "0.1.0", "hopf run demo.hopf", "gamma = 5"};

/// Reads back through the library, as ncdump would.
struct Reader {
  int id = -1;
  explicit Reader(const std::string& path) {
    REQUIRE(nc_open(path.c_str(), NC_NOWRITE, &id) == NC_NOERR);
  }
  ~Reader() { nc_close(id); }
  std::vector<double> variable(const char* name, std::size_t count) const {
    int variable = -1;
    REQUIRE(nc_inq_varid(id, name, &variable) == NC_NOERR);
    int rank = 0, dimensions[NC_MAX_VAR_DIMS];
    REQUIRE(nc_inq_var(id, variable, nullptr, nullptr, &rank, dimensions, nullptr) == NC_NOERR);
    std::size_t stored = 1;
    for (int k = 0; k < rank; ++k) {
      std::size_t length = 0;
      REQUIRE(nc_inq_dimlen(id, dimensions[k], &length) == NC_NOERR);
      stored *= length;
    }
    REQUIRE(stored == count);
    std::vector<double> data(count);
    REQUIRE(nc_get_var_double(id, variable, data.data()) == NC_NOERR);
    return data;
  }
  std::string text(const char* variable_name, const char* attribute) const {
    int variable = NC_GLOBAL;
    if (*variable_name) REQUIRE(nc_inq_varid(id, variable_name, &variable) == NC_NOERR);
    std::size_t length = 0;
    REQUIRE(nc_inq_attlen(id, variable, attribute, &length) == NC_NOERR);
    std::string value(length, ' ');
    REQUIRE(nc_get_att_text(id, variable, attribute, value.data()) == NC_NOERR);
    return value;
  }
};

}  // namespace

TEST_CASE("a value function in netCDF has named axes, units and its origin", "[io]") {
  const Folder folder;
  const ValueFunction v = gridded();
  REQUIRE(save(v, kOrigin, folder.file("v.nc")).empty());
  const Reader file(folder.file("v.nc"));
  CHECK(file.variable("theta", 5) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  CHECK(file.variable("x_2", 3) == v.grid.axes[1].nodes);
  CHECK(file.variable("V", 15) == closed(v.value[0]));
  CHECK(file.variable("u", 15) == closed(v.policy[0][0]));
  CHECK(file.text("theta", "units") == "rad");
  CHECK(file.text("theta", "boundary") == "periodic");
  CHECK(file.text("x_2", "long_name") == "x[2]");
  CHECK(file.text("V", "units") == "J");
  CHECK(file.text("", "hopf_model") == "model demo { }");
  CHECK(file.text("", "hopf_version") == "0.1.0");
  CHECK(file.text("", "hopf_command") == "hopf run demo.hopf");
  CHECK(file.text("", "hopf_parameters") == "gamma = 5");
}

TEST_CASE("a link stays a link, a file keeps its mode, and only ordinary files are written",
          "[io]") {
  const Folder folder;
  const ValueFunction v = gridded();
  fs::create_symlink("target.csv", folder.file("link.csv"));
  for (int round = 0; round < 2; ++round) {  // with nothing behind the link, then with a file
    REQUIRE(save(v, kOrigin, folder.file("link.csv")).empty());
    CHECK(fs::is_symlink(folder.file("link.csv")));
    CHECK(fs::is_regular_file(folder.file("target.csv")));
    CHECK(folder.entries() == 2);
    fs::permissions(folder.file("target.csv"), fs::perms(0640));
  }
  CHECK(fs::status(folder.file("target.csv")).permissions() == fs::perms(0640));
  fs::create_symlink("a.csv", folder.file("b.csv"));
  fs::create_symlink("b.csv", folder.file("a.csv"));
  CHECK_FALSE(save(v, kOrigin, folder.file("a.csv")).empty());
  REQUIRE(mkfifo(folder.file("pipe.csv").c_str(), 0600) == 0);
  CHECK_FALSE(save(v, kOrigin, folder.file("pipe.csv")).empty());
  CHECK(fs::is_fifo(folder.file("pipe.csv")));
  CHECK(folder.entries() == 5);
}

TEST_CASE("times and regimes become dimensions, and clashing names give way", "[io]") {
  const Folder folder;
  ValueFunction v = gridded();
  v.states[0].name = v.grid.axes[0].name = "V";
  v.regimes = 2;
  v.times = {0, 1};
  v.horizon = 1;
  v.value = {std::vector<double>(24, 1), std::vector<double>(24, 2)};
  v.policy = {{std::vector<double>(24, 3)}, {std::vector<double>(24, 4)}};
  REQUIRE(save(v, kOrigin, folder.file("v.nc")).empty());
  const Reader file(folder.file("v.nc"));
  CHECK(file.variable("time", 2) == std::vector<double>{0, 1});
  CHECK(file.variable("regime", 2) == std::vector<double>{1, 2});
  CHECK(file.variable("V_", 5) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  CHECK(file.variable("V", 60)[30] == 2);
  CHECK(file.variable("u", 60)[59] == 4);
}

TEST_CASE("a closed form is saved by its coefficients", "[io]") {
  const Folder folder;
  ValueFunction v;
  v.model = "lqr";
  v.states = {{"x[1]", ""}, {"x[2]", ""}};
  v.controls = {{"u", ""}};
  v.quadratic = {{0, {1, 2, 2, 3}, {4, 5}, 6, {7, 8}, {9}}};
  REQUIRE(save(v, kOrigin, folder.file("v.nc")).empty());
  const Reader file(folder.file("v.nc"));
  CHECK(file.variable("P", 4) == v.quadratic[0].P);
  CHECK(file.variable("K", 2) == v.quadratic[0].K);
  CHECK(file.variable("c", 1)[0] == 6);
  REQUIRE(save(v, kOrigin, folder.file("v.csv")).empty());
  CHECK(contents(folder.file("v.csv")).find("0,K,1,2,8\n") != std::string::npos);
}

TEST_CASE("an ensemble in netCDF is over time and path", "[io]") {
  const Folder folder;
  const Ensemble e = small_ensemble();
  REQUIRE(save(e, kOrigin, folder.file("e.nc")).empty());
  const Reader file(folder.file("e.nc"));
  CHECK(file.variable("x", 6) == e.recorded[0]);
  CHECK(file.variable("cost", 3) == e.cost);
  CHECK(file.variable("time", 2) == e.times);
  CHECK(file.text("x", "units") == "m");
}

TEST_CASE("CSV has units in its header and reads back", "[io]") {
  const Folder folder;
  REQUIRE(save(gridded(), kOrigin, folder.file("v.csv")).empty());
  const std::string text = contents(folder.file("v.csv"));
  CHECK(text.substr(0, text.find('\n')) == "theta [rad],x[2] [m],V [J],u [N*m]");
  std::string error;
  const auto array = load_array(folder.file("v.csv"), error);
  REQUIRE(array);
  CHECK(array->shape == std::vector<int>{15, 4});
  CHECK(array->data[4 * 5 + 2] == 0.5);
}

TEST_CASE("NPY reads back with its shape", "[io]") {
  const Folder folder;
  REQUIRE(save(gridded(), kOrigin, folder.file("v.npy")).empty());
  std::string error;
  const auto array = load_array(folder.file("v.npy"), error);
  REQUIRE(array);
  CHECK(array->shape == std::vector<int>{5, 3});
  CHECK(array->data == closed(gridded().value[0]));
  REQUIRE(save(small_ensemble(), kOrigin, folder.file("e.npy")).empty());
  CHECK(load_array(folder.file("e.npy"), error)->shape == std::vector<int>{1, 2, 3});
}

TEST_CASE("arrays from text: header optional, errors with line and column", "[io]") {
  const Folder folder;
  const auto load = [&](const std::string& text, std::string& error) {
    std::ofstream(folder.file("a.csv")) << text;
    return load_array(folder.file("a.csv"), error);
  };
  std::string error;
  CHECK(load("1,2\n3,4.5e-1\n", error)->data == std::vector<double>{1, 2, 3, 0.45});
  CHECK(load("a,b\r\n1,2\r\n", error)->shape == std::vector<int>{2});
  CHECK(load("# note\n1\n2\n3\n", error)->shape == std::vector<int>{3});
  CHECK(load("1 2\n3 4\n", error)->shape == std::vector<int>{2, 2});
  CHECK_FALSE(load("1,2\n3\n", error));
  CHECK(error.find("line 2 has 1 values where the lines above have 2") != std::string::npos);
  CHECK_FALSE(load("1,2\n3,zebra\n", error));
  CHECK(error.find("line 2, column 2: 'zebra' is not a number") != std::string::npos);
  CHECK_FALSE(load("", error));
  CHECK(error.find("empty") != std::string::npos);
  CHECK_FALSE(load_array(folder.file("none.csv"), error));
  CHECK(error.find("none.csv': No such file or directory") != std::string::npos);
  CHECK_FALSE(load_array(folder.file("a.xls"), error));
}

TEST_CASE("forged and truncated NPY files are refused", "[io]") {
  const Folder folder;
  const std::string whole = [&] {
    REQUIRE(save(gridded(), kOrigin, folder.file("v.npy")).empty());
    return contents(folder.file("v.npy"));
  }();
  std::string error;
  for (const std::size_t length : {0ul, 5ul, 11ul, 40ul, whole.size() - 1}) {
    std::ofstream(folder.file("cut.npy"), std::ios::binary) << whole.substr(0, length);
    CHECK_FALSE(load_array(folder.file("cut.npy"), error));
  }
  std::string forged = whole;
  forged.replace(forged.find("(5, 3)"), 6, "(9999999, 9999999)");
  std::ofstream(folder.file("forged.npy"), std::ios::binary) << forged;
  CHECK_FALSE(load_array(folder.file("forged.npy"), error));
}

TEST_CASE("what cannot be written leaves nothing behind and says why", "[io]") {
  const Folder folder;
  for (const char* name : {"no/such/folder.nc", "no/such/folder.csv", "no/such/folder.npy"}) {
    const std::string error = save(gridded(), kOrigin, folder.file(name));
    CHECK(error.find("No such file or directory") != std::string::npos);
    CHECK(error.find(name) != std::string::npos);
  }
  CHECK(save(gridded(), kOrigin, folder.file("v.xyz")).find(".nc, .csv or .npy") !=
        std::string::npos);
  CHECK(plot(gridded(), folder.file("no/v.svg")).find("No such file or directory") !=
        std::string::npos);
  CHECK(plot(gridded(), folder.file("v.bmp")).find(".svg, .png or .html") != std::string::npos);
  fs::create_directory(folder.path / "d.nc");
  CHECK(save(gridded(), kOrigin, folder.file("d.nc")).find("folder") != std::string::npos);
  CHECK(folder.entries() == 1);
}

TEST_CASE("figures: labelled axes, one image a heat map, a page that stands alone", "[io][plot]") {
  const Folder folder;
  REQUIRE(plot(gridded(), folder.file("v.svg")).empty());
  const std::string svg = contents(folder.file("v.svg"));
  CHECK(svg.find("theta [rad]") != std::string::npos);
  CHECK(svg.find("V [J]") != std::string::npos);
  CHECK(svg.find("u [N·m]") != std::string::npos);
  CHECK(svg.find("data:image/png;base64,") != std::string::npos);
  CHECK(svg.size() < 600'000);
  REQUIRE(plot(gridded(), folder.file("v.html")).empty());
  CHECK(contents(folder.file("v.html")).find("<!doctype html>") == 0);
  REQUIRE(plot(gridded(), folder.file("v.png")).empty());
  CHECK(contents(folder.file("v.png")).substr(1, 3) == "PNG");
  REQUIRE(plot(small_ensemble(), folder.file("e.svg")).empty());
  CHECK(folder.entries() == 4);
}

TEST_CASE("a figure without gnuplot says which package to install", "[io][plot]") {
  const Folder folder;
  const std::string path = std::getenv("PATH");
  setenv("PATH", folder.path.c_str(), 1);
  const std::string error = plot(gridded(), folder.file("v.svg"));
  setenv("PATH", path.c_str(), 1);
  CHECK(error.find("gnuplot-nox") != std::string::npos);
  CHECK(folder.entries() == 0);
}

TEST_CASE("contours of a circle are closed and on the circle", "[io][plot]") {
  Samples samples{81, 81, {}};
  for (int j = 0; j < 81; ++j) {
    for (int i = 0; i < 81; ++i) {
      const double x = i / 80.0 - 0.5, y = j / 80.0 - 0.5;
      samples.values.push_back(x * x + y * y);
    }
  }
  const auto lines = contour(samples, 0.09);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].front().x == lines[0].back().x);
  for (const PlanePoint& p : lines[0])
    CHECK(std::hypot(p.x - 0.5, p.y - 0.5) == Approx(0.3).margin(1e-3));
  CHECK(contour(samples, 5).empty());
  CHECK(nice_levels(0, 10, 5) == std::vector<double>{2, 4, 6, 8});
  CHECK(nice_levels(1, 1, 5).empty());
}

TEST_CASE("axis labels carry units with superscripts", "[io][plot]") {
  CHECK(axis_label("omega", "rad/s") == "omega [rad/s]");
  CHECK(axis_label("a", "m/s^2") == "a [m/s²]");
  CHECK(axis_label("k", "1") == "k");
  CHECK(base64("Man") == "TWFu");
  CHECK(base64("Ma") == "TWE=");
}
