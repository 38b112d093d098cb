// Where files are found: sources, the standard library, the pages of `hopf explain`; and modules
// with their imports.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "driver/context.hpp"

namespace hopf::driver {

/// The text of a file as a source. An unreadable file is an error at `from`, or without a place
/// when it is invalid.
std::optional<source::FileId> read_source(Context&, const std::string& path, source::Span from);

/// "cannot read 'a.csv': it is empty" without its beginning, for messages that name the file
/// themselves.
std::string reason_alone(const std::string& why);

/// Where a script in `directory` reads the data that it calls `path`: beside itself, or as named
/// from where the command was started.
std::string input_path(const std::string& directory, const std::string& path);

/// A file with everything that it imports, parsed. Cycles and missing files are errors. Null after
/// an error.
const Module* load_module(Context&, const std::string& path, source::Span from = {});
/// The same for text that came from no file; `before` gives the functions of earlier inputs.
const Module* add_module(Context&, std::string display_name, std::string text,
                         const model::Scope& before);

/// The parameters that a model is checked with: those of --set that it has, then those of the
/// script.
std::vector<model::Override> applicable_overrides(const Context&, const ModelHandle&);

/// The folder of `name` ("stdlib", "docs"): $HOPF_STDLIB or $HOPF_DOCS, beside the executable, or
/// the source tree.
std::string resource_directory(std::string_view name);

}  // namespace hopf::driver
