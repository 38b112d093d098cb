// Loops over fixed chunks of work. The cut into chunks depends on the amount of work alone, never
// on the number of threads, so results that are kept by chunk are bit-identical for 1, 2 or 64
// threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace hopf::runtime {

/// Half-open range of items.
struct Chunk {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
};

/// [0, items) in pieces of `size` (the last may be shorter).
std::vector<Chunk> fixed_chunks(std::int64_t items, std::int64_t size);

/// More are never started.
inline constexpr int kMostThreads = 4096;

/// Threads to use: `requested` when positive, else what the machine offers to this process.
int thread_count(int requested);

/// Called by the calling thread only, between its chunks, with the fraction done; true asks for a
/// stop.
using PoolProgress = std::function<bool(double fraction)>;

/// Worker threads that live as long as the pool. The calling thread works too, so a pool of 1
/// starts none. Where the system gives no more threads, it works with those that it got. A pool is
/// used by one thread at a time.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;
  /// Runs body(0) .. body(count - 1), each once, in any order. Returns false when `progress` asked
  /// for a stop (some bodies have then not run). The first exception thrown by a body stops the
  /// loop and is thrown again here.
  bool run(std::int64_t count, const std::function<void(std::int64_t)>& body,
           const PoolProgress& progress = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One loop with threads of its own, for work that is done once.
bool parallel_for(int threads, std::int64_t count, const std::function<void(std::int64_t)>& body,
                  const PoolProgress& progress = {});

}  // namespace hopf::runtime
