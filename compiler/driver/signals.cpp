#include "signals.hpp"

#include <unistd.h>

#include <csignal>
#include <cstring>
#include <ctime>
#include <hopf/hopf.hpp>

namespace {

constexpr long kPatience = 400'000'000;  // nanoseconds, so that Ctrl-C is answered in half a second
constexpr int kInterrupted = 130;

// A signal handler can reach only objects of static storage; nothing but this file writes them.
volatile std::sig_atomic_t interrupts = 0;
volatile std::sig_atomic_t has_timer = 0, shows_progress = 0;
timer_t timer;

void set_timer(long nanoseconds) {
  itimerspec time = {};
  time.it_value.tv_nsec = nanoseconds;
  if (has_timer) timer_settime(timer, 0, &time, nullptr);
}

void say(const char* text) {
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) return;  // nobody is there to be told
}

/// As if the signal had not been caught, but for the files.
extern "C" void on_end(int signal) {
  hopf::remove_unfinished_files();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// The first Ctrl-C asks the running work to stop cleanly; the second ends the process.
extern "C" void on_interrupt(int signal) {
  interrupts = interrupts + 1;
  if (interrupts > 1) on_end(signal);
  set_timer(kPatience);
}

extern "C" void on_patience_lost(int) {
  if (interrupts == 0) return;
  hopf::remove_unfinished_files();
  if (shows_progress) say("\r\033[K");
  say("stopped\n");
  _exit(kInterrupted);
}

/// A signal that the caller has switched off, as nohup does, stays off.
void handle(int signal, void (*handler)(int)) {
  struct sigaction before = {}, action = {};
  action.sa_handler = handler;  // without SA_RESTART, so that a waiting prompt wakes up
  sigemptyset(&action.sa_mask);
  sigaction(signal, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
}

}  // namespace

void catch_signals() {
  handle(SIGINT, on_interrupt);
  for (const int signal : {SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGPIPE}) handle(signal, on_end);
  // A file that grows beyond the limit of its size is an error of its own.
  std::signal(SIGXFSZ, SIG_IGN);
}

bool interrupted() { return interrupts > 0; }

bool take_interrupt() {
  const bool pressed = interrupts > 0;
  interrupts = 0;
  return pressed;
}

void end_when_interrupted() {
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGALRM;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return;
  struct sigaction action = {};
  action.sa_handler = on_patience_lost;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  has_timer = 1;
}

void has_stopped() { set_timer(0); }

void progress_is_shown(bool shown) { shows_progress = shown; }
