/* The one C header that generated code and the runtime share. No C++ type or exception crosses it.
 */
#ifndef HOPF_RUNTIME_H
#define HOPF_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HOPF_RUNTIME_VERSION 1

/* One call of a point kernel: out[k][i] = f_k(uniforms, in[.][i]), i = 0..count-1.
   Arrays hold double (or float for an f32 kernel), unit stride, no alignment required.
   An output may be the same array as an input; otherwise arrays do not overlap. */
typedef struct hopf_point_call {
  int64_t count;
  const double* uniforms;
  const void* const* in;
  void* const* out;
} hopf_point_call;
typedef void (*hopf_point_kernel)(const hopf_point_call*);

/* One call of a path kernel: paths first_path .. first_path+count-1 advance over step_count steps
   from first_step. carried[k][i] is read before and written after. steps is a row-major table
   [step][scalar] for this run of steps, row 0 belonging to first_step. Standard normals are
   Philox4x32-10 of (seed; path, step, noise index). */
typedef struct hopf_path_call {
  int64_t count;
  int64_t first_path;
  int64_t first_step;
  int64_t step_count;
  uint64_t seed;
  const double* uniforms;
  const double* steps;
  const void* const* tables;
  void* const* carried;
} hopf_path_call;
typedef void (*hopf_path_kernel)(const hopf_path_call*);

/* Progress and cancellation, given by the host. fraction in [0, 1]; nonzero asks for a stop. */
typedef int (*hopf_progress_fn)(void* user, const char* what, double fraction);
typedef struct hopf_host {
  hopf_progress_fn progress; /* may be null */
  void* user;
  int32_t threads; /* >= 1 */
} hopf_host;

#ifdef __cplusplus
}
#endif
#endif
