// Handles Ctrl-C and SIGTERM for commands that end in an orderly way: the signal is recorded, and the command checks
// for it.
// Uses: POSIX signals.
#ifndef QL_CLI_INTERRUPT_H
#define QL_CLI_INTERRUPT_H

#include <signal.h>

extern volatile sig_atomic_t ql_cli_interrupted; // not 0 after a signal

// Record both signals from now on. flags: of sigaction, such as SA_RESETHAND, by which a second one ends the process.
void ql_cli_interrupt_catch(int flags);

#endif
