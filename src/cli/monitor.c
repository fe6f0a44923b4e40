// `quillet monitor`: the console of a board, in a terminal.
// The board's output goes to stdout, typed input goes to the board; after a reset the board is found again.
// Uses: base, cli/serial_link.h, POSIX.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/serial_link.h"
#include "cli/terminal.h"

static const char usage[] = "monitor [OPTION ...]";
static const char summary_text[] = "Shows what a Raspberry Pi Pico says on its USB console, and sends it the lines\n"
                                   "that are typed. The board is found by its USB identity, and again after a reset.\n"
                                   "Ctrl-C ends; `help` asks the device for its commands.";

enum { RETRY_MS = 200, CHUNK_BYTES = 1024 };

struct monitor {
    struct ql_serial_link link;
    FILE *log; // NULL: none
    const char *log_path;
    bool quiet;
    bool announced; // it was announced that there is no board
    bool input_ended;
    bool in_line;     // the board's line on stdout has begun
    bool log_in_line; // the same for the log
    char symbol[4];   // the bytes of a symbol that the board has not sent completely
    int symbol_bytes;
};

// Begins a line of the log: local time with milliseconds, and the kind of line.
static void stamp(FILE *log, const char *kind)
{
    struct timespec now;
    struct tm local;
    char text[64];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &local);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
    (void)fprintf(log, "%s.%03d", text, (int)(now.tv_nsec / 1000000));
    (void)strftime(text, sizeof text, "%z", &local);
    (void)fprintf(log, "%s%s ", text, kind);
}

static void log_line(struct monitor *monitor, const char *kind, const char *bytes, size_t count)
{
    if (monitor->log == NULL) {
        return;
    }
    if (monitor->log_in_line) {
        (void)fputc('\n', monitor->log);
        monitor->log_in_line = false;
    }
    stamp(monitor->log, kind);
    (void)fwrite(bytes, 1, count, monitor->log);
    (void)fputc('\n', monitor->log);
    (void)fflush(monitor->log);
}

// Shows the symbol that was collected, which may be an incomplete one.
static void show_symbol(struct monitor *monitor)
{
    const int size = monitor->symbol_bytes;

    if (size == 0) {
        return;
    }
    monitor->symbol_bytes = 0;
    ql_cli_write_visible_text(stdout, monitor->symbol, (size_t)size);
    monitor->in_line = monitor->symbol[0] != '\n';
    if (monitor->log != NULL) {
        if (!monitor->log_in_line) {
            stamp(monitor->log, "  ");
        }
        ql_cli_write_visible_text(monitor->log, monitor->symbol, (size_t)size);
        monitor->log_in_line = monitor->symbol[0] != '\n';
    }
}

// Reports events of the connection on stderr and in the log.
static void announce(struct monitor *monitor, const char *what, const char *name)
{
    char line[512];

    (void)snprintf(line, sizeof line, "%s%s", what, name);
    show_symbol(monitor); // the rest of it cannot come any more
    if (!monitor->quiet) {
        ql_cli_flush();
        (void)fputs(monitor->in_line ? "\n" : "", stderr);
        ql_cli_note("(%s)\n", line);
        monitor->in_line = false;
    }
    log_line(monitor, " #", line, strlen(line));
}

// The number of bytes of a UTF-8 symbol that begins with this byte.
static int bytes_of_symbol(unsigned char first)
{
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

// The board's text, without control characters, which could control a terminal. Control characters beyond ASCII are
// shown as text, and so are bytes that are not UTF-8, some of which some terminals treat as control characters. A
// symbol can arrive in parts.
static void show(struct monitor *monitor, const char *bytes, int count)
{
    for (int i = 0; i < count; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        if ((byte & 0xc0) != 0x80) {
            show_symbol(monitor);
        }
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
            continue;
        }
        monitor->symbol[monitor->symbol_bytes++] = (char)byte;
        if (monitor->symbol_bytes == bytes_of_symbol((unsigned char)monitor->symbol[0])) {
            show_symbol(monitor);
        }
    }
    ql_cli_flush();
    if (monitor->log != NULL) {
        (void)fflush(monitor->log);
    }
}

// Passes on typed input.
static void send(struct monitor *monitor)
{
    char bytes[CHUNK_BYTES];
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);

    if (count < 0 && errno == EINTR) {
        return;
    }
    if (count <= 0) {
        monitor->input_ended = true;
        return;
    }
    const size_t shown = (size_t)count - (bytes[count - 1] == '\n');
    log_line(monitor, " >", bytes, shown);
    if (!ql_serial_link_write(&monitor->link, bytes, (size_t)count)) {
        announce(monitor, "not sent, the connection is lost: ", monitor->link.name);
    }
}

static enum ql_status connect_board(struct monitor *monitor, struct ql_error *error)
{
    const enum ql_status status = ql_serial_link_open(&monitor->link, error);

    if (status != QL_OK) {
        return status;
    }
    if (monitor->link.fd >= 0) {
        announce(monitor, "connected to ", monitor->link.name);
        monitor->announced = false;
    } else if (!monitor->announced) {
        announce(monitor, "waiting for ", monitor->link.wanted == NULL ? "a Raspberry Pi Pico" : monitor->link.wanted);
        monitor->announced = true;
    }
    return QL_OK;
}

// Runs until it is interrupted, or the output cannot be written. `wait_mask`: the signals that may arrive while
// waiting.
static enum ql_status run(struct monitor *monitor, const sigset_t *wait_mask, struct ql_error *error)
{
    static const struct timespec retry = {.tv_nsec = RETRY_MS * 1000000L};

    while (ql_cli_interrupted == 0 && ferror(stdout) == 0) {
        if (monitor->link.fd < 0) {
            const enum ql_status status = connect_board(monitor, error);
            if (status != QL_OK) {
                return status;
            }
        }
        const bool connected = monitor->link.fd >= 0;
        // Input typed while there is no board waits for one.
        const bool hears_input = connected && !monitor->input_ended;
        fd_set files;
        FD_ZERO(&files);
        if (connected) {
            FD_SET(monitor->link.fd, &files);
        }
        if (hears_input) {
            FD_SET(STDIN_FILENO, &files);
        }
        // A process with few open files is far from select's limit; macOS has no ppoll.
        if (pselect(monitor->link.fd + 1, &files, NULL, NULL, connected ? NULL : &retry, wait_mask) < 0) {
            monitor->input_ended = monitor->input_ended || errno == EBADF; // started without standard input
            continue;
        }
        if (connected && FD_ISSET(monitor->link.fd, &files)) {
            char bytes[CHUNK_BYTES];
            const int count = ql_serial_link_read(&monitor->link, bytes, sizeof bytes);
            show(monitor, bytes, count);
            if (count < 0) {
                announce(monitor, "the connection is lost: ", monitor->link.name);
                continue;
            }
        }
        if (hears_input && FD_ISSET(STDIN_FILENO, &files)) {
            send(monitor);
        }
        if (monitor->log != NULL && ferror(monitor->log) != 0) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot write the log: %s", monitor->log_path,
                                  strerror(errno));
        }
    }
    return QL_OK;
}

int ql_cli_monitor(int argc, char **argv)
{
    struct monitor monitor = {0};
    const char *port = NULL;
    struct ql_option options[] = {
        {"port", QL_OPTION_STRING, &port, 0, 0, "TTY",
         "use this serial port or pseudo-terminal (default: search for one)", false},
        {"log", QL_OPTION_STRING, &monitor.log_path, 0, 0, "FILE", "append all lines with time stamps to a file",
         false},
        {"quiet", QL_OPTION_FLAG, &monitor.quiet, 0, 0, NULL, "say nothing about the connection", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    ql_serial_link_init(&monitor.link, port);
    if (ql_file_check_output(monitor.log_path, NULL, 0, &error) != QL_OK) {
        return ql_cli_fail("monitor", &error);
    }
    if (monitor.log_path != NULL && (monitor.log = fopen(monitor.log_path, "a")) == NULL) {
        (void)ql_error_write(&error, QL_ERROR_SYSTEM, "%s: cannot open the log: %s", monitor.log_path, strerror(errno));
        return ql_cli_fail("monitor", &error);
    }

    // The signals arrive only within ppoll, so none can be missed between a look at the flag and the wait.
    sigset_t blocked, before;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    ql_cli_interrupt_catch(0);
    sigset_t wait_mask = before;
    (void)sigdelset(&wait_mask, SIGINT);
    (void)sigdelset(&wait_mask, SIGTERM);

    enum ql_status status = run(&monitor, &wait_mask, &error);
    show_symbol(&monitor);
    if (monitor.in_line) {
        (void)fputc('\n', stdout);
    }
    if (monitor.log_in_line) {
        (void)fputc('\n', monitor.log);
    }
    ql_serial_link_close(&monitor.link);
    if (monitor.log != NULL && fclose(monitor.log) != 0 && status == QL_OK) {
        status =
            ql_error_write(&error, QL_ERROR_SYSTEM, "%s: cannot write the log: %s", monitor.log_path, strerror(errno));
    }
    return status == QL_OK ? ql_cli_finish("monitor", QL_EXIT_DONE) : ql_cli_fail("monitor", &error);
}
