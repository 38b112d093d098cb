#include "path/run.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

namespace hopf::runtime {
namespace {

/// At least 64 chunks for a large ensemble, whole vectors in each, and never more than fits the
/// first cache.
std::int64_t chunk_size(std::int64_t paths) {
  const std::int64_t share = (paths + 63) / 64;
  return std::clamp<std::int64_t>((share + 15) / 16 * 16, 16, 1024);
}

constexpr std::int64_t kBetweenLooks = 1 << 20;  // path-steps of one thread: milliseconds

/// Progress in path-steps, and whether a stop was asked for; the host is asked by its own thread
/// only.
class Watch {
 public:
  Watch(const PathRun& run, const PoolProgress& progress)
      : progress_(progress),
        total_(static_cast<double>(run.paths) * static_cast<double>(run.steps)) {}

  /// After `done` more path-steps: true when all work is to end.
  bool stop(std::int64_t done) {
    const std::int64_t all = done_.fetch_add(done, std::memory_order_relaxed) + done;
    const bool host = std::this_thread::get_id() == host_;
    if (host && progress_ && progress_(std::min(1.0, static_cast<double>(all) / total_)))
      stopped_ = true;
    return stopped_;
  }
  bool stopped() const { return stopped_; }

 private:
  const PoolProgress& progress_;
  double total_;
  std::thread::id host_ = std::this_thread::get_id();
  std::atomic<std::int64_t> done_{0};
  std::atomic<bool> stopped_{false};
};

/// The registers of one chunk of paths.
class Lanes {
 public:
  Lanes(const PathRun& run, Chunk chunk, Watch* watch = nullptr)
      : run_(run), chunk_(chunk), watch_(watch), values_(run.initial.size()) {
    for (std::size_t k = 0; k < values_.size(); ++k) {
      values_[k].assign(static_cast<std::size_t>(chunk.size()), run.initial[k]);
      if (k >= run.from.size()) continue;
      const auto first = run.from[k].begin() + chunk.begin;
      std::copy(first, first + chunk.size(), values_[k].begin());
    }
    for (auto& lane : values_) pointers_.push_back(lane.data());
  }

  void call(const PathKernel& kernel, std::int64_t first, std::int64_t count,
            const PathRun::Level& level) {
    hopf_path_call call{};
    call.count = chunk_.size();
    call.first_path = chunk_.begin;
    call.first_step = first;
    call.step_count = count;
    call.seed = run_.seed;
    call.uniforms = run_.uniforms.data();
    call.steps = run_.step_table.data() + static_cast<std::size_t>(first) * run_.per_step;
    call.tables = level.tables.data();
    call.carried = pointers_.data();
    kernel(call);
  }

  /// Steps first .. last-1, changing tables where the policy's level changes. False: to be stopped.
  bool advance(std::int64_t first, std::int64_t last) {
    const std::int64_t most = std::max<std::int64_t>(1, kBetweenLooks / chunk_.size());
    while (first < last) {
      const PathRun::Level& level = level_at(first);
      const PathRun::Level* next = &level + 1;
      const bool is_last = next == run_.levels.data() + run_.levels.size();
      const std::int64_t end =
          std::min(first + most, is_last ? last : std::min(last, next->first_step));
      call(run_.advance, first, end - first, level);
      if (watch_ && watch_->stop((end - first) * chunk_.size())) return false;
      first = end;
    }
    return true;
  }

  const PathRun::Level& level_at(std::int64_t step) const {
    const auto later = [](std::int64_t s, const PathRun::Level& level) {
      return s < level.first_step;
    };
    return *std::prev(std::upper_bound(run_.levels.begin(), run_.levels.end(), step, later));
  }

  /// The lane and register that are not finite, the lane of the lowest path first.
  std::optional<std::pair<std::size_t, std::size_t>> not_finite() const {
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(chunk_.size()); ++lane) {
      for (std::size_t k = 0; k < values_.size(); ++k) {
        if (!std::isfinite(values_[k][lane])) return std::pair(lane, k);
      }
    }
    return std::nullopt;
  }

  const std::vector<double>& operator[](std::size_t k) const { return values_[k]; }

 private:
  const PathRun& run_;
  Chunk chunk_;
  Watch* watch_;
  std::vector<std::vector<double>> values_;
  std::vector<void*> pointers_;
};

/// Runs the faulty path again, alone and one step at a time: counters make it the same path.
PathFault locate(const PathRun& run, std::int64_t path) {
  Lanes lanes(run, {path, path + 1});
  PathFault fault;
  fault.path = path;
  fault.before.resize(run.states);
  const auto remember = [&](std::int64_t step) {
    fault.step = step;
    for (std::size_t i = 0; i < run.states; ++i) fault.before[i] = lanes[i][0];
  };
  remember(0);
  if (run.start) lanes.call(run.start, 0, 1, lanes.level_at(0));
  for (std::int64_t step = 0; step < run.steps && !lanes.not_finite(); ++step) {
    remember(step);
    lanes.advance(step, step + 1);
  }
  if (!lanes.not_finite() && run.finish) {
    remember(run.steps);
    lanes.call(run.finish, run.steps, 1, lanes.level_at(run.steps - 1));
  }
  if (const auto bad = lanes.not_finite()) {
    fault.register_index = bad->second;
    fault.value = lanes[bad->second][0];
  }
  return fault;
}

struct ChunkTotals {
  std::int64_t left = 0, stopped = 0;
};

using Registers = std::vector<std::vector<double>>;

/// One chunk from start to finish. Returns the first faulty path, if there is one.
std::optional<std::int64_t> run_chunk(const PathRun& run, Chunk chunk, Ensemble& out,
                                      Registers& last, ChunkTotals& totals, Watch& watch) {
  Lanes lanes(run, chunk, &watch);
  const auto faulty = [&]() -> std::optional<std::int64_t> {
    const auto bad = lanes.not_finite();
    if (!bad) return std::nullopt;
    return chunk.begin + static_cast<std::int64_t>(bad->first);
  };
  const auto record = [&](std::size_t index) {
    for (std::size_t i = 0; i < run.states; ++i) {
      const auto place = static_cast<std::ptrdiff_t>(index) * run.paths + chunk.begin;
      std::copy(lanes[i].begin(), lanes[i].end(), out.recorded[i].begin() + place);
    }
  };
  if (run.start) lanes.call(run.start, 0, 1, lanes.level_at(0));
  if (const auto path = faulty()) return path;
  record(0);
  // Stopped paths stay as they are, so a chunk without a running path needs no more steps.
  const auto running = [&] {
    return !run.alive || std::any_of(lanes[*run.alive].begin(), lanes[*run.alive].end(),
                                     [](double alive) { return alive != 0; });
  };
  for (std::size_t r = 1; r < run.records.size(); ++r) {
    if (running() && !lanes.advance(run.records[r - 1], run.records[r])) return std::nullopt;
    if (const auto path = faulty()) return path;
    record(r);
  }
  if (run.finish) lanes.call(run.finish, run.steps, 1, lanes.level_at(run.steps - 1));
  if (const auto path = faulty()) return path;
  for (std::size_t k = 0; k < last.size(); ++k) {
    std::copy(lanes[k].begin(), lanes[k].end(), last[k].begin() + chunk.begin);
  }
  const auto count = [&](std::optional<std::size_t> k, double value) {
    return k ? std::count(lanes[*k].begin(), lanes[*k].end(), value) : 0;
  };
  totals = {count(run.left, 1.0), count(run.alive, 0.0)};
  return std::nullopt;
}

}  // namespace

PathOutcome run_paths(const PathRun& run, Ensemble& out, const PoolProgress& progress) {
  const auto paths = static_cast<std::size_t>(run.paths);
  out.recorded.assign(run.states, std::vector<double>(run.records.size() * paths));
  PathOutcome outcome;
  outcome.final_registers.assign(run.initial.size(), std::vector<double>(paths));
  const std::vector<Chunk> chunks = fixed_chunks(run.paths, chunk_size(run.paths));
  std::vector<ChunkTotals> totals(chunks.size());

  Watch watch(run, progress);
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> first_fault{kNone};
  const auto body = [&](std::int64_t index) {
    const Chunk chunk = chunks[static_cast<std::size_t>(index)];
    // Chunks above a known fault cannot change which path is named; those below still run.
    if (chunk.begin > first_fault.load() || watch.stopped()) return;
    const auto fault = run_chunk(run, chunk, out, outcome.final_registers,
                                 totals[static_cast<std::size_t>(index)], watch);
    if (!fault) return;
    std::int64_t known = first_fault.load();
    while (*fault < known && !first_fault.compare_exchange_weak(known, *fault)) {
    }
  };
  parallel_for(run.threads, static_cast<std::int64_t>(chunks.size()), body);
  outcome.cancelled = watch.stopped();
  if (outcome.cancelled) return outcome;
  if (first_fault != kNone) {
    outcome.fault = locate(run, first_fault);
    return outcome;
  }
  for (const ChunkTotals& total : totals) {
    out.left_domain += total.left;
    out.stopped += total.stopped;
  }
  out.cost = outcome.final_registers[run.cost];
  out.steps_done = run.paths * run.steps;
  return outcome;
}

}  // namespace hopf::runtime
