// Takes note of Ctrl-C and SIGTERM: see interrupt.h.
// Uses: POSIX signals.
#include "cli/interrupt.h"

#include <stddef.h>

volatile sig_atomic_t ql_cli_interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    ql_cli_interrupted = 1;
}

void ql_cli_interrupt_catch(int flags)
{
    const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = flags};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}
