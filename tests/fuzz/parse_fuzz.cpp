// libFuzzer target: any bytes parse or end in an error, every error renders, and what parses is
// formatted to text with the same tree that formats to itself.
//
//   hopf_fuzz_parse -max_len=4096 corpus/ ../syntax/
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "scratch.hpp"
#include "syntax/format.hpp"
#include "syntax/parser.hpp"
#include "syntax/print.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hopf;
  const std::string text(reinterpret_cast<const char*>(data), size);
  source::SourceSet sources;
  diagnostics::Sink sink;
  const auto ast = syntax::parse(sources, sources.add("fuzz.hopf", text), sink);
  for (const auto& d : sink.sorted()) {
    render_text(d, sources);
    render_json(d, sources);
  }
  syntax::is_incomplete(text);
  if (sink.has_errors()) return 0;

  const auto formatted = syntax::format(sources, ast);
  const auto again = syntax::parse(sources, sources.add("formatted.hopf", formatted), sink);
  require(!sink.has_errors(), "the formatted text does not parse");
  require(syntax::print(again) == syntax::print(ast), "formatting changed the tree");
  require(syntax::format(sources, again) == formatted, "formatting is not stable");
  return 0;
}
