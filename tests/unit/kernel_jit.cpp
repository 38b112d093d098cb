// The object cache, the texts, and the promise that nothing hot calls libm.
#include <dlfcn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "jit/host.hpp"
#include "jit/object_cache.hpp"
#include "kernel_support.hpp"
#include "test.hpp"

using namespace hopf;
using namespace hopf::kernel_test;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for the cache, for the time of a test.
class CacheFolder {
 public:
  CacheFolder()
      : folder_(fs::temp_directory_path() / ("hopf-cache-test-" + std::to_string(::getpid()))) {
    ::setenv("HOPF_CACHE_DIR", folder_.c_str(), 1);
  }
  ~CacheFolder() {
    ::unsetenv("HOPF_CACHE_DIR");
    fs::remove_all(folder_);
  }
  fs::path only_entry() const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(folder_))
      if (entry.path().extension() == ".o") found = entry.path();
    return found;
  }
  const fs::path& path() const { return folder_; }

 private:
  fs::path folder_;
};

Kernel scaled_sine(double factor) {
  Kernel k;
  k.name = "scaled_sine";
  k.input_count = k.output_count = 1;
  Builder b(k);
  k.outputs = {
      b.emit(Opcode::Mul, b.emit(Opcode::Sin, b.read(Opcode::Input, 0)), b.constant(factor))};
  return k;
}

double value_of(const Kernel& k, const jit::Program& program) {
  return run(k, {{0.5}}, {}, program.point(k.name))[0][0];
}

}  // namespace

TEST_CASE("a second load comes from the cache and computes the same", "[kernel]") {
  const CacheFolder folder;
  const Kernel k = scaled_sine(2);
  const auto cold = jit::load(std::span(&k, 1));
  CHECK_FALSE(cold.from_cache());
  const auto warm = jit::load(std::span(&k, 1));
  CHECK(warm.from_cache());
  CHECK(value_of(k, warm) == value_of(k, cold));
  CHECK(value_of(k, warm) == Approx(2 * std::sin(0.5)));
  const Kernel other = scaled_sine(std::nextafter(2.0, 3.0));
  CHECK_FALSE(jit::load(std::span(&other, 1)).from_cache());
  jit::Options plain;
  plain.level = jit::Level::O0;
  CHECK_FALSE(jit::load(std::span(&k, 1), plain).from_cache());
}

TEST_CASE("damaged cache entries are replaced", "[kernel]") {
  const CacheFolder folder;
  const Kernel k = scaled_sine(3);
  (void)jit::load(std::span(&k, 1));
  const fs::path entry = folder.only_entry();
  const auto size = fs::file_size(entry);
  const auto damage = [&](int kind) {
    if (kind == 0) fs::resize_file(entry, size / 2);
    if (kind == 1) std::ofstream(entry, std::ios::trunc) << "";
    if (kind == 2) {
      std::fstream file(entry, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(size / 2));
      file.put('\x5a').put('\xa5');
    }
  };
  for (int kind = 0; kind < 3; ++kind) {
    damage(kind);
    const auto program = jit::load(std::span(&k, 1));
    CHECK_FALSE(program.from_cache());
    CHECK(value_of(k, program) == Approx(3 * std::sin(0.5)));
    CHECK(jit::load(std::span(&k, 1)).from_cache());
  }
}

TEST_CASE("a whole entry that holds other code is replaced", "[kernel]") {
  const CacheFolder folder;
  Kernel k = scaled_sine(5), other = scaled_sine(6);
  other.name = "another";
  (void)jit::load(std::span(&k, 1));
  const fs::path entry = folder.only_entry();
  const std::string object = (folder.path() / "another.object").string();
  REQUIRE(jit::export_object(std::span(&other, 1), object));
  // A sound entry under the first kernel's key, without the first kernel in it.
  for (const bool code : {true, false}) {
    std::ostringstream content;
    if (code) content << std::ifstream(object, std::ios::binary).rdbuf();
    if (!code) content << "no object file at all";
    REQUIRE(jit::ObjectCache(folder.path()).replace(entry.filename(), content.str()));
    const auto program = jit::load(std::span(&k, 1));
    CHECK_FALSE(program.from_cache());
    CHECK(value_of(k, program) == Approx(5 * std::sin(0.5)));
    CHECK(jit::load(std::span(&k, 1)).from_cache());
  }
}

TEST_CASE("a cache folder that cannot be made does no harm", "[kernel]") {
  const CacheFolder folder;
  std::ofstream(folder.path()) << "a file where the folder should be";
  const Kernel k = scaled_sine(4);
  CHECK(value_of(k, jit::load(std::span(&k, 1))) == Approx(4 * std::sin(0.5)));
  CHECK(value_of(k, jit::load(std::span(&k, 1))) == Approx(4 * std::sin(0.5)));
  fs::remove(folder.path());
}

TEST_CASE("a program knows its kernels by name, whatever the name", "[kernel]") {
  const Kernel k = scaled_sine(1);
  Kernel sin = k;
  sin.name = "sin";
  CHECK(value_of(sin, compile(sin, jit::Level::O3)) == Approx(std::sin(0.5)));
  const auto program = compile(k, jit::Level::O3);
  CHECK(program.point("scaled_sine") != nullptr);
  CHECK(program.point("nobody") == nullptr);
  CHECK(program.path("scaled_sine") == nullptr);
}

namespace {

/// The names of functions that `function` calls in an assembly text.
std::vector<std::string> calls_in(const std::string& assembly, const std::string& function) {
  std::vector<std::string> out;
  std::istringstream lines(assembly);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '\t' && line[0] != '.' && line[0] != ' ' && line[0] != '#') {
      inside = line.rfind(function + ":", 0) == 0;
    }
    const auto call = line.find("call");
    if (inside && call != std::string::npos) out.push_back(line.substr(call));
  }
  return out;
}

/// The names of the functions in an assembly text.
std::vector<std::string> functions_in(const std::string& assembly) {
  std::vector<std::string> out;
  std::istringstream lines(assembly);
  for (std::string line; std::getline(lines, line);) {
    const auto end = line.find(':');
    if (line.rfind("hopf", 0) == 0 && end != std::string::npos) out.push_back(line.substr(0, end));
  }
  return out;
}

Kernel all_functions() {
  Kernel k;
  k.name = "everything";
  k.uniform_count = k.input_count = k.output_count = 1;
  Builder b(k);
  const ValueId x = b.read(Opcode::Input, 0), u = b.read(Opcode::Uniform, 0);
  ValueId sum = b.emit(Opcode::Exp, u);
  for (Opcode op : {Opcode::Sin, Opcode::Cos, Opcode::Tan, Opcode::Asin, Opcode::Acos, Opcode::Atan,
                    Opcode::Exp, Opcode::Log, Opcode::Sinh, Opcode::Cosh, Opcode::Tanh, Opcode::Erf,
                    Opcode::NormalCdf, Opcode::Sqrt, Opcode::Floor}) {
    sum = b.emit(Opcode::Add, sum, b.emit(op, x));
  }
  sum = b.emit(Opcode::Add, sum, b.emit(Opcode::Pow, x, u));
  k.outputs = {b.emit(Opcode::Add, sum, b.emit(Opcode::Atan2, x, u))};
  return k;
}

}  // namespace

TEST_CASE("no kernel calls a scalar function on its hot path", "[kernel]") {
  for (const char* cpu : {"x86-64-v3", "x86-64-v4"}) {
    jit::Options options;
    options.dump = "asm";
    options.cpu = cpu;
    if (!jit::runs_here(jit::find_host(cpu))) continue;
    const Kernel k = all_functions();
    const std::string text = jit::load(std::span(&k, 1), options).dump();
    INFO(cpu);
    // One call computes the uniform exponential before the loop. The other leads to the function
    // that takes over where an argument is extreme.
    CHECK(calls_in(text, "hopf_kernel_everything").size() == 2);
    CHECK(calls_in(text, "hopf.exact.everything").size() >= 15);
    // Of all our functions only those for huge angles call others than ours.
    for (const std::string& function : functions_in(text)) {
      for (const std::string& call : calls_in(text, function)) {
        INFO(function << ": " << call);
        CHECK((call.find("hopf.") != std::string::npos ||
               function.find(".huge") != std::string::npos));
      }
    }
  }
}

TEST_CASE("an exported object computes what the program does", "[kernel]") {
  const CacheFolder folder;
  fs::create_directories(folder.path());
  const Kernel k = all_functions();
  const std::string object = folder.path() / "everything.o",
                    library = folder.path() / "everything.so";
  REQUIRE(jit::export_object(std::span(&k, 1), object));
  REQUIRE(std::system(("cc -shared -o " + library + " " + object + " -lm").c_str()) == 0);
  void* handle = ::dlopen(library.c_str(), RTLD_NOW);
  REQUIRE(handle != nullptr);
  const auto exported =
      reinterpret_cast<hopf_point_kernel>(::dlsym(handle, "hopf_kernel_everything"));
  REQUIRE(exported != nullptr);
  const Columns in{{-0.9, -0.3, 1e-9, 0.2, 0.4, 0.5, 0.7, 0.8, 0.9, 1, 1e12}};
  const auto program = compile(k, jit::Level::O3);
  const auto ours = run(k, in, {1.3}, program.point(k.name))[0],
             theirs = run(k, in, {1.3}, exported)[0];
  for (std::size_t n = 0; n < ours.size(); ++n) CHECK(same_bits(ours[n], theirs[n]));
  ::dlclose(handle);
  CHECK_FALSE(jit::export_object(std::span(&k, 1), (folder.path() / "no/such/folder.o").string()));
}

TEST_CASE("texts of the compiled module can be had", "[kernel]") {
  jit::Options options;
  options.dump = "llvm";
  const Kernel k = scaled_sine(1);
  CHECK(jit::load(std::span(&k, 1), options).dump().find("define void @hopf_kernel_scaled_sine") !=
        std::string::npos);
  options.dump = "asm";
  CHECK(jit::load(std::span(&k, 1), options).dump().find("hopf_kernel_scaled_sine:") !=
        std::string::npos);
}

namespace {

/// All but the key.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename() != "key") out.push_back(entry.path());
  return out;
}

/// An environment variable's value for the time of a test; none where null.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  ~Variable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) { value ? ::setenv(name_, value, 1) : ::unsetenv(name_); }
  const char* name_;
  std::optional<std::string> old_;
};

}  // namespace

TEST_CASE("the cache folder is the user's, and none is needed", "[kernel]") {
  const CacheFolder folder;
  const std::string place = folder.path().string();
  const Variable own("HOPF_CACHE_DIR", nullptr), xdg("XDG_CACHE_HOME", place.c_str());
  const Kernel k = scaled_sine(7);
  (void)jit::load(std::span(&k, 1));
  CHECK(files_in(folder.path() / "hopf").size() == 1);
  {
    const Variable unset("XDG_CACHE_HOME", nullptr), home("HOME", place.c_str());
    (void)jit::load(std::span(&k, 1));
    CHECK(files_in(folder.path() / ".cache/hopf").size() == 1);
    const Variable homeless("HOME", nullptr);
    CHECK_FALSE(jit::load(std::span(&k, 1)).from_cache());
    CHECK_FALSE(jit::load(std::span(&k, 1)).from_cache());
  }
}

TEST_CASE("entries of other processors are not used", "[kernel]") {
  const CacheFolder folder;
  const Kernel k = scaled_sine(8);
  (void)jit::load(std::span(&k, 1));
  jit::Options older;
  older.cpu = "x86-64";
  CHECK_FALSE(jit::load(std::span(&k, 1), older).from_cache());
  CHECK(jit::load(std::span(&k, 1), older).from_cache());
  CHECK(files_in(folder.path()).size() == 2);
}

TEST_CASE("a disk that is full leaves nothing behind", "[kernel]") {
  const CacheFolder folder;
  fs::create_directories(folder.path());
  const Kernel k = scaled_sine(9);
  // A limit on the size of files is what can be had of a full disk: the write fails half way.
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit tight{256, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const double value = value_of(k, jit::load(std::span(&k, 1)));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(value == Approx(9 * std::sin(0.5)));
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("processes that fill the cache at once do not disturb each other", "[kernel]") {
  const CacheFolder folder;
  const Kernel k = scaled_sine(10);
  std::vector<pid_t> children;
  for (int n = 0; n < 4; ++n) {
    const pid_t child = ::fork();
    if (child == 0)
      ::_exit(std::fabs(value_of(k, jit::load(std::span(&k, 1))) - 10 * std::sin(0.5)) > 1e-12);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(files_in(folder.path()).size() == 1);
  CHECK(jit::load(std::span(&k, 1)).from_cache());
}

TEST_CASE("the cache keeps within its size: what was used least lately goes", "[kernel]") {
  const CacheFolder folder;
  jit::ObjectCache cache(folder.path(), 10'000);
  const std::string object(3000, 'x');
  const auto age = [&](int hours) {
    for (const fs::path& file : files_in(folder.path()))
      fs::last_write_time(file, fs::last_write_time(file) - std::chrono::hours(hours));
  };
  for (const char* key : {"one", "two", "three"}) {
    cache.write(key, object);
    age(1);
  }
  CHECK(cache.read("one").has_value());  // used now
  cache.write("four", object);
  CHECK(cache.read("one").has_value());
  CHECK_FALSE(cache.read("two").has_value());
  CHECK(cache.read("three").has_value());
  CHECK(cache.read("four") == object);
  // What a process left that was killed while it wrote.
  std::ofstream(folder.path() / (std::string(64, 'a') + ".o.12-0")) << "half";
  age(2);
  cache.write("five", object);
  for (const fs::path& file : files_in(folder.path())) CHECK(file.extension() == ".o");
}
