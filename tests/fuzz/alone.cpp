// A fuzz target without libFuzzer: inputs of the given files and folders, changed at random, for so
// many seconds. Coverage does not steer it, but every compiler builds it.
//
//   hopf_fuzz_data_alone --seconds 5 --seed 1 tests/fuzz/seeds
//
// An input that ends the process, or takes longer than ten seconds, is left in ./fuzz-failure.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;
using Random = std::mt19937_64;

constexpr std::size_t kLongest = 1 << 15;
constexpr unsigned kPatience = 10;  // seconds
constexpr const char* kSpice[] = {
    "0",    "-1",          "1e308", "nan",        "inf",
    ",",    ";",           "\n",    "\0",         "(",
    ")",    "[",           "]",     "{",          "}",
    "'",    "\"",          "1/0",   "x",          "u",
    "^",    "dt",          "dw",    "4294967296", "-9223372036854775808",
    "\xff", "\xe2\x80\xae"};

std::string current;  // the input that is running, for the handler below

extern "C" void on_failure(int signal) {
  const int file = open("fuzz-failure", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && write(file, current.data(), current.size()) >= 0) close(file);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::size_t below(Random& random, std::size_t n) { return n ? random() % n : 0; }

/// A piece of one input at a place of another, a changed byte, a piece taken out, or a word put in.
void change(std::string& text, const std::vector<std::string>& seeds, Random& random) {
  const std::size_t at = below(random, text.size() + 1);
  const std::size_t length = 1 + below(random, 16);
  switch (random() % 5) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(random());
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, kSpice[below(random, std::size(kSpice))]);
      break;
    case 3:
      text.insert(at, text.substr(below(random, text.size() + 1), length));
      break;
    default: {
      const std::string& other = seeds[below(random, seeds.size())];
      text.insert(at, other.substr(below(random, other.size() + 1), 4 * length));
    }
  }
}

void add_seeds(const fs::path& path, std::vector<std::string>& seeds) {
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.is_regular_file()) add_seeds(entry.path(), seeds);
    return;
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.size() < kLongest) seeds.push_back(std::move(text));
}

}  // namespace

int main(int count, char** words) {
  double seconds = 5;
  Random random(1);
  std::vector<std::string> seeds{""};
  for (int k = 1; k < count; ++k) {
    if (!std::strcmp(words[k], "--seconds") && k + 1 < count)
      seconds = std::atof(words[++k]);
    else if (!std::strcmp(words[k], "--seed") && k + 1 < count)
      random.seed(std::strtoull(words[++k], nullptr, 10));
    else
      add_seeds(words[k], seeds);
  }
  std::sort(seeds.begin(), seeds.end());
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL, SIGALRM})
    std::signal(signal, on_failure);
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  long runs = 0;
  for (; Clock::now() < end; ++runs) {
    current = seeds[below(random, seeds.size())];
    for (std::size_t k = below(random, 6); k > 0; --k) change(current, seeds, random);
    if (current.size() > kLongest) current.resize(kLongest);
    alarm(kPatience);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
  }
  alarm(0);
  std::printf("%ld runs, 0 failures\n", runs);
  return 0;
}
