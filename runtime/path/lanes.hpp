// The registers of one chunk of paths on their way through the kernels.
#pragma once

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "path/run.hpp"

namespace hopf::runtime {

/// Progress in path-steps, and whether a stop was asked for; the host is asked by its own thread
/// only.
class RunWatch {
 public:
  RunWatch(double total, const PoolProgress& progress) : progress_(progress), total_(total) {}
  /// After `done` more path-steps: true when all work is to end.
  bool stop(double done);
  bool stopped() const { return stopped_; }

 private:
  const PoolProgress& progress_;
  double total_;
  std::thread::id host_ = std::this_thread::get_id();
  std::atomic<double> done_{0};
  std::atomic<bool> stopped_{false};
};

/// What a chunk of paths leaves behind.
struct ChunkResult {
  std::vector<double> records;  // [record][state][lane]
  Registers last;
  std::vector<char> failed;  // [lane]
  std::int64_t left = 0, stopped = 0, forced = 0;
  std::optional<PathFault> fault;  // of the chunk's first failed path, where the solver knows it

  ChunkResult(const PathRun& run, Chunk chunk)
      : records(run.records.size() * run.states * static_cast<std::size_t>(chunk.size())),
        failed(static_cast<std::size_t>(chunk.size()), 0) {}
};

class Lanes {
 public:
  Lanes(const PathRun& run, Chunk chunk, RunWatch* watch = nullptr);

  void call(const PathKernel& kernel, std::int64_t first, std::int64_t count);
  /// Steps first .. last-1, changing tables where the policy's level changes. False: to be stopped.
  bool advance(std::int64_t first, std::int64_t last);

  std::size_t size() const { return static_cast<std::size_t>(chunk_.size()); }
  /// The first register of a lane that is not finite.
  std::optional<std::size_t> not_finite(std::size_t lane) const;
  std::vector<double>& operator[](std::size_t k) { return values_[k]; }
  const std::vector<double>& operator[](std::size_t k) const { return values_[k]; }
  Registers& registers() { return values_; }

 private:
  const PathRun& run_;
  Chunk chunk_;
  RunWatch* watch_;
  Registers values_;
  std::vector<void*> pointers_;
  std::vector<double> rows_;
};

/// Euler's steps of one chunk from start to finish; false when stopped.
bool run_euler(const PathRun&, Chunk, ChunkResult&, RunWatch&);

}  // namespace hopf::runtime
