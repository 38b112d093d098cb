// Fuzz target: whatever lies in the place of a cache entry, or of the key, what is read is the
// object that was stored, or nothing. The first byte chooses what the rest is: the whole entry, its
// end, or the key.
#include <stdlib.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "jit/object_cache.hpp"
#include "scratch.hpp"

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  static const std::string object = "an object that was compiled", key = "what it depends on";
  hopf::jit::ObjectCache(folder.path).write(key, object);
  fs::path entry;
  for (const auto& file : fs::directory_iterator(folder.path))
    if (file.path().extension() == ".o") entry = file.path();
  const fs::path secret = fs::path(folder.path) / "key";
  const std::string sound = read(entry), sound_key = read(secret);
  const int kind = size > 0 ? data[0] % 3 : 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + (size > 0),
                          size > 0 ? size - 1 : 0);
  if (kind == 0) write(entry, bytes);
  if (kind == 1) write(entry, sound.substr(0, sound.size() - std::min(sound.size(), size)) + bytes);
  if (kind == 2) write(secret, bytes);
  const auto found = hopf::jit::ObjectCache(folder.path).read(key);
  const bool changed = kind == 2 ? bytes != sound_key : read(entry) != sound;
  require(!found || (*found == object && !changed), "an entry that was changed is believed");
  if (kind == 2) write(secret, sound_key);
  hopf::jit::ObjectCache(folder.path).write(key, object);
  require(hopf::jit::ObjectCache(folder.path).read(key) == object, "the entry was not replaced");
  return 0;
}
