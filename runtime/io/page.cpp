#include "io/page.hpp"

#include <fmt/format.h>

namespace hopf::runtime {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr std::string_view kStyle = R"(
  body { font: 15px/1.5 system-ui, sans-serif; color: #222;
         margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
  h1 { font-size: 1.4rem; font-weight: 600; }
  figure { margin: 0 0 1.5rem; }
  svg { width: 100%; height: auto; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top;
           padding: .35rem .8rem .35rem 0; border-top: 1px solid #ddd; }
  th { font-weight: 600; white-space: nowrap; }
  td.value { font-variant-numeric: tabular-nums; white-space: nowrap; }
  td.words { color: #555; }
)";

}  // namespace

std::string html_page(const std::string& heading, const std::string& svg,
                      const std::vector<Fact>& facts) {
  std::string rows;
  for (const Fact& fact : facts) {
    rows +=
        fmt::format("<tr><th>{}</th><td class=\"value\">{}</td><td class=\"words\">{}</td></tr>\n",
                    escaped(fact.name), escaped(fact.value), escaped(fact.words));
  }
  const std::size_t begin = std::min(svg.find("<svg"), svg.size());  // without the XML declaration
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n<figure>\n{2}\n</figure>\n<table>\n{3}"
      "</table>\n</body>\n</html>\n",
      escaped(heading), kStyle, svg.substr(begin), rows);
}

}  // namespace hopf::runtime
