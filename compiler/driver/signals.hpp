// The signals of the command. Ctrl-C asks the running work to stop; what tells the process to end
// first removes the files that are half written.
#pragma once

/// To be called once, before any work.
void catch_signals();

/// Was Ctrl-C pressed, and not taken yet?
bool interrupted();
/// The same, and forgets it: the next press is a first one again.
bool take_interrupt();

/// What happens to work that does not stop soon after Ctrl-C, inside a library of somebody else's
/// for example: the process ends as if it had. Not at the prompt, whose session is worth more.
void end_when_interrupted();
/// The work has stopped by itself.
void has_stopped();
/// Is there a progress line that has to go before the process ends?
void progress_is_shown(bool);
