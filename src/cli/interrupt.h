// Ctrl-C and SIGTERM for commands that end in order: the signal is noted, and the command looks at the note.
// Uses: POSIX signals.
#ifndef QL_CLI_INTERRUPT_H
#define QL_CLI_INTERRUPT_H

#include <signal.h>

extern volatile sig_atomic_t ql_cli_interrupted; // not 0 after a signal

// From now on both signals are noted. flags: of sigaction, such as SA_RESETHAND, by which a second one ends the process.
void ql_cli_interrupt_catch(int flags);

#endif
