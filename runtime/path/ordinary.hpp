// Paths without noise are solutions of an ordinary differential equation: Dormand & Prince's pair
// of orders 5 and 4 (J. Comput. Appl. Math. 6, 1980) with the continuous extension of Hairer,
// Norsett & Wanner (1993, II.6), a step of its own for every path, and all stages of many paths by
// one call of a kernel.
//
// The cost and a discount factor that varies are components like the states. A component's local
// error is held to `tolerance` times the largest size that it has had. Stopping sets are looked for
// at four places of every step, and between them where a level has a minimum; the arrival is found
// by bisection. Held ends (constrain, reflect) are part of the rate: outward motion is cut off.
//
// Where the rate jumps across a surface that the path cannot leave, no step is short enough. Jumps
// are found by halving a short step: a smooth rate's change halves with it. After 20 crossings
// within 1/2,000 of the time steps across a jump are held at 1/50,000, and counted as forced:
// the path then follows Filippov's solution to about a step. Other steps stay controlled.
#pragma once

#include "path/lanes.hpp"

namespace hopf::runtime {

/// One chunk of paths from start to finish; false when stopped.
bool run_ordinary(const PathRun&, Chunk, ChunkResult&, RunWatch&);

}  // namespace hopf::runtime
