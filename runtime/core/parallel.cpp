#include "core/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace hopf::runtime {

std::vector<Chunk> fixed_chunks(std::int64_t items, std::int64_t size) {
  std::vector<Chunk> chunks;
  for (std::int64_t begin = 0; begin < items; begin += size) {
    chunks.push_back({begin, std::min(items, begin + size)});
  }
  return chunks;
}

int thread_count(int requested) {
  if (requested > 0) return std::min(requested, kMostThreads);
  // The affinity mask counts what a container or `taskset` leaves us; hardware_concurrency may not.
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

struct ThreadPool::Impl {
  std::mutex mutex;
  std::condition_variable start, finish;
  std::vector<std::thread> workers;
  std::uint64_t generation = 0;  // one per run: workers wait for the next
  int running = 0;               // workers that have not finished this run
  bool closing = false;

  const std::function<void(std::int64_t)>* body = nullptr;
  std::int64_t count = 0;
  std::atomic<std::int64_t> next{0}, done{0};
  std::atomic<bool> stop{false};
  std::exception_ptr fault;

  /// Takes chunks until none is left; `progress` is null for workers.
  void drain(const PoolProgress* progress) {
    while (!stop.load(std::memory_order_relaxed)) {
      const std::int64_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= count) return;
      try {
        (*body)(index);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!fault) fault = std::current_exception();
        stop = true;
      }
      const std::int64_t finished = done.fetch_add(1, std::memory_order_relaxed) + 1;
      const double fraction = static_cast<double>(finished) / static_cast<double>(count);
      if (progress && *progress && (*progress)(fraction)) stop = true;
    }
  }

  void work() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      start.wait(lock, [&] { return closing || generation != seen; });
      if (closing) return;
      seen = generation;
      lock.unlock();
      drain(nullptr);
      lock.lock();
      if (--running == 0) finish.notify_one();
    }
  }
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  impl_->workers.reserve(static_cast<std::size_t>(std::max(0, threads - 1)));
  try {
    for (int i = 1; i < threads; ++i)
      impl_->workers.emplace_back([impl = impl_.get()] { impl->work(); });
  } catch (const std::system_error&) {
    // Results do not depend on the number of threads.
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->start.notify_all();
  for (std::thread& worker : impl_->workers) worker.join();
}

int ThreadPool::threads() const { return static_cast<int>(impl_->workers.size()) + 1; }

bool ThreadPool::run(std::int64_t count, const std::function<void(std::int64_t)>& body,
                     const PoolProgress& progress) {
  Impl& pool = *impl_;
  {
    const std::lock_guard lock(pool.mutex);
    pool.body = &body;
    pool.count = count;
    pool.next = 0;
    pool.done = 0;
    pool.stop = false;
    pool.fault = nullptr;
    pool.running = static_cast<int>(pool.workers.size());
    ++pool.generation;
  }
  pool.start.notify_all();
  try {
    pool.drain(&progress);
  } catch (...) {  // from `progress`: the workers must be home before it leaves
    const std::lock_guard lock(pool.mutex);
    if (!pool.fault) pool.fault = std::current_exception();
    pool.stop = true;
  }
  std::unique_lock lock(pool.mutex);
  pool.finish.wait(lock, [&] { return pool.running == 0; });
  if (pool.fault) std::rethrow_exception(pool.fault);
  return !pool.stop;
}

bool parallel_for(int threads, std::int64_t count, const std::function<void(std::int64_t)>& body,
                  const PoolProgress& progress) {
  const std::int64_t useful = std::clamp<std::int64_t>(count, 1, thread_count(threads));
  return ThreadPool(static_cast<int>(useful)).run(count, body, progress);
}

}  // namespace hopf::runtime
