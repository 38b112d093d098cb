// Arrays in: CSV of numbers with or without a header line, and NPY.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "core/read_file.hpp"
#include "io/formats.hpp"

namespace hopf::runtime {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::optional<double> number(std::string_view text) {
  text = trimmed(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Fields between commas, semicolons or tabs, whichever the file uses first; else between blanks.
std::vector<std::string_view> fields(std::string_view line) {
  std::vector<std::string_view> result;
  const std::size_t separator = line.find_first_of(",;\t");
  const char mark = separator == std::string_view::npos ? ' ' : line[separator];
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(mark, begin), line.size());
    const std::string_view field = trimmed(line.substr(begin, end - begin));
    if (mark != ' ' || !field.empty()) result.push_back(field);
    begin = end + 1;
  }
  return result;
}

bool is_header(const std::vector<std::string_view>& row) {
  for (const std::string_view field : row) {
    if (number(field)) return false;
  }
  return true;
}

struct CsvReader {
  const std::string& path;
  std::string& error;
  Array array;
  std::size_t rows = 0, columns = 0;

  bool add(const std::vector<std::string_view>& row, int line) {
    if (rows == 0) columns = row.size();
    if (row.size() != columns) {
      error = fmt::format("cannot read '{}': line {} has {} values where the lines above have {}",
                          path, line, row.size(), columns);
      return false;
    }
    for (std::size_t column = 0; column < row.size(); ++column) {
      const auto value = number(row[column]);
      if (!value) {
        error = fmt::format("cannot read '{}': line {}, column {}: '{}' is not a number", path,
                            line, column + 1, row[column]);
        return false;
      }
      if (std::isnan(*value)) {
        error = fmt::format("cannot read '{}': line {}, column {} is '{}': it stands for no number",
                            path, line, column + 1, row[column]);
        return false;
      }
      array.data.push_back(*value);
    }
    ++rows;
    return true;
  }
};

std::optional<Array> load_csv(const std::string& path, std::string& error, const Watch& watch) {
  constexpr int kLinesBetweenLooks = 4096;
  const auto text = read_file(path, error, watch);
  if (!text) return std::nullopt;
  CsvReader reader{path, error};
  std::string_view rest = *text;
  if (rest.substr(0, 3) == "\xEF\xBB\xBF") rest.remove_prefix(3);
  for (int line = 1; !rest.empty(); ++line) {
    if (watch && line % kLinesBetweenLooks == 0) watch();
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view content = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (content.empty() || content.front() == '#') continue;
    const std::vector<std::string_view> row = fields(content);
    if (reader.rows == 0 && reader.columns == 0 && is_header(row)) {
      reader.columns = row.size();
      continue;
    }
    if (!reader.add(row, line)) return std::nullopt;
  }
  if (reader.rows == 0) {
    error = fmt::format("cannot read '{}': it holds no numbers", path);
    return std::nullopt;
  }
  const int rows = static_cast<int>(reader.rows), columns = static_cast<int>(reader.columns);
  if (rows == 1 || columns == 1) {
    reader.array.shape = {rows * columns};
  } else {
    reader.array.shape = {rows, columns};
  }
  return std::move(reader.array);
}

// ---- NPY: numpy's "NEP 1" format, versions 1.0 to 3.0

struct NpyHeader {
  std::string type;  // "<f8"
  bool fortran = false;
  std::vector<int> shape;
  std::size_t data = 0;  // offset of the first byte
};

/// The text after `'key':` in numpy's header dictionary.
std::string_view entry(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t colon = header.find(':', at);
  return colon == std::string_view::npos ? std::string_view{} : trimmed(header.substr(colon + 1));
}

std::optional<NpyHeader> npy_header(std::string_view bytes) {
  if (bytes.size() < 12 || bytes.substr(0, 6) != std::string_view("\x93NUMPY", 6))
    return std::nullopt;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const bool wide = byte(6) >= 2;
  const std::size_t prefix = wide ? 12 : 10;
  const std::size_t length = byte(8) | byte(9) << 8 | (wide ? byte(10) << 16 | byte(11) << 24 : 0);
  if (length > bytes.size() - prefix) return std::nullopt;
  const std::string_view text = bytes.substr(prefix, length);
  NpyHeader header;
  header.data = prefix + length;
  const std::string_view type = entry(text, "'descr'");
  if (type.size() < 5 || type[0] != '\'') return std::nullopt;
  header.type = std::string(type.substr(1, type.find('\'', 1) - 1));
  header.fortran = entry(text, "'fortran_order'").substr(0, 4) == "True";
  const std::string_view shape = entry(text, "'shape'");
  const std::size_t close = shape.find(')');
  if (shape.empty() || shape[0] != '(' || close == std::string_view::npos) return std::nullopt;
  for (const std::string_view extent : fields(shape.substr(1, close - 1))) {
    if (extent.empty()) continue;
    const auto value = number(extent);
    if (!value || *value < 0 || *value > std::numeric_limits<int>::max()) return std::nullopt;
    header.shape.push_back(static_cast<int>(*value));
  }
  return header;
}

template <class T>
std::vector<double> converted(std::string_view bytes, std::size_t count) {
  std::vector<double> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    result[i] = static_cast<double>(value);
  }
  return result;
}

/// Column-major data in row-major order.
std::vector<double> row_major(const std::vector<double>& data, const std::vector<int>& shape) {
  std::vector<double> result(data.size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::size_t rest = i, place = 0, stride = 1;
    std::vector<std::size_t> index(shape.size());
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      index[axis] = rest % static_cast<std::size_t>(shape[axis]);
      rest /= static_cast<std::size_t>(shape[axis]);
    }
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      place += index[axis] * stride;
      stride *= static_cast<std::size_t>(shape[axis]);
    }
    result[i] = data[place];
  }
  return result;
}

std::optional<Array> load_npy(const std::string& path, std::string& error, const Watch& watch) {
  const auto bytes = read_file(path, error, watch);
  if (!bytes) return std::nullopt;
  const auto refuse = [&](const std::string& reason) {
    error = fmt::format("cannot read '{}': {}", path, reason);
    return std::nullopt;
  };
  const auto header = npy_header(*bytes);
  if (!header) return refuse("it is not an NPY file");
  const std::string& type = header->type;
  if (type != "<f8" && type != "<f4" && type != "<i8" && type != "<i4") {
    return refuse(
        fmt::format("its numbers are of type '{}'; <f8, <f4, <i8 and <i4 can be read", type));
  }
  std::size_t count = 1;
  const std::string_view data = std::string_view(*bytes).substr(header->data);
  const auto size = static_cast<std::size_t>(type[2] - '0');
  for (const int extent : header->shape) {
    // Stays below the file's own size, so that a forged shape cannot overflow.
    count *= static_cast<std::size_t>(extent);
    if (count > data.size()) return refuse("it is shorter than its header says");
  }
  if (count * size > data.size()) return refuse("it is shorter than its header says");
  Array array;
  array.shape = header->shape;
  if (type == "<f8") array.data = converted<double>(data, count);
  if (type == "<f4") array.data = converted<float>(data, count);
  if (type == "<i8") array.data = converted<std::int64_t>(data, count);
  if (type == "<i4") array.data = converted<std::int32_t>(data, count);
  if (header->fortran) array.data = row_major(array.data, array.shape);
  for (std::size_t i = 0; i < array.data.size(); ++i)
    if (std::isnan(array.data[i]))
      return refuse(fmt::format("{} is nan: it stands for no number", place_of(i, array.shape)));
  return array;
}

}  // namespace

std::string place_of(std::size_t entry, const std::vector<int>& shape) {
  if (shape.size() != 2) return fmt::format("entry {}", entry + 1);
  const auto columns = static_cast<std::size_t>(shape[1]);
  return fmt::format("row {}, column {}", entry / columns + 1, entry % columns + 1);
}

std::optional<std::string> read_file(const std::string& path, std::string& error,
                                     const Watch& watch) {
  constexpr double kBytesEach = 6;  // a digit and a comma become a double
  std::string why;
  auto bytes = read_bounded(path, {.bytes_each = kBytesEach}, why, watch);
  if (bytes && bytes->empty()) why = "the file is empty";
  if (why.empty()) return bytes;
  error = fmt::format("cannot read '{}': {}", path, why);
  return std::nullopt;
}

std::optional<Array> load_array(const std::string& path, std::string& error, const Watch& watch) {
  const std::string ending = file_ending(path);
  if (ending == ".csv" || ending == ".txt") return load_csv(path, error, watch);
  if (ending == ".npy") return load_npy(path, error, watch);
  error = fmt::format("cannot read '{}': a file of numbers ends in .csv or .npy", path);
  return std::nullopt;
}

}  // namespace hopf::runtime
