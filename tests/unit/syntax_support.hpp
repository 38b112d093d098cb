// What the syntax tests share.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "syntax/format.hpp"
#include "syntax/parser.hpp"
#include "syntax/print.hpp"
#include "test.hpp"

struct Parsed {
  hopf::source::SourceSet sources;
  hopf::diagnostics::Sink sink;
  hopf::syntax::Ast ast;

  explicit Parsed(const std::string& text) {
    const auto file = sources.add("test.hopf", text);
    ast = hopf::syntax::parse(sources, file, sink);
  }
  std::string messages() const {
    std::string out;
    for (const auto& d : sink.sorted()) out += render_text(d, sources);
    return out;
  }
  /// "unclosed-bracket missing-name", in order of place.
  std::string kinds() const {
    std::string out;
    for (const auto& d : sink.sorted()) {
      out += (out.empty() ? "" : " ") + std::string(hopf::diagnostics::info(d.kind).kebab);
    }
    return out;
  }
  std::string printed() const { return print(ast); }
  std::string formatted() const { return format(sources, ast); }
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// All sources that must parse: the inputs of this folder, the examples, the numerical problems.
inline std::vector<std::filesystem::path> good_files() {
  std::vector<std::filesystem::path> out;
  for (const char* folder : {"tests/syntax", "examples", "tests/numerics", "stdlib"}) {
    const auto root = std::filesystem::path(HOPF_SOURCE_DIR) / folder;
    if (!std::filesystem::exists(root)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      if (entry.path().extension() == ".hopf") out.push_back(entry.path());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}
