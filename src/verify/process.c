// Other programs: see process.h.
// Uses: base, POSIX.
#include "verify/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/system.h"

extern char **environ; // POSIX requires us to declare it

enum { MESSAGE_BYTES = 600 };  // of a program's output in our error message
enum { PIPE_BYTES = 1 << 16 }; // read at once: what a pipe holds on Linux

// Of an answer, if nothing else is said. The values of a node are far from it; a program that never ends its line is not.
static const size_t default_answer_bytes = (size_t)1 << 30;

// The error of a program that cannot be started.
static enum ql_status refuse_start(struct ql_error *error, const char *program, int failure)
{
    const enum ql_status status = failure == ENOENT ? QL_ERROR_MISSING : QL_ERROR_SYSTEM;

    return ql_error_write(error, status, "cannot start %s: %s", program, strerror(failure));
}

// Starts a program with the three files as its standard ones. Signals that stop us have their default effect on it.
static int spawn(pid_t *pid, const char *const *argv, int input, int output, int messages)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;

    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0) {
        return failure;
    }
    (void)posix_spawnattr_init(&attributes);
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
    failure = posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)argv, environ); // reads argv only
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failure;
}

static int wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

// "ended with status 1" or "was ended by signal 11 (Segmentation fault)".
static void write_end(char *text, size_t text_bytes, int status)
{
    if (WIFSIGNALED(status)) {
        (void)snprintf(text, text_bytes, "was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(text, text_bytes, "ended with status %d", WEXITSTATUS(status));
    }
}

// The beginning of a program's output: usually its first complaint is the one that matters.
static void read_messages(char text[MESSAGE_BYTES], FILE *messages)
{
    rewind(messages);
    size_t size = fread(text, 1, MESSAGE_BYTES - 1, messages);
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == ' ')) {
        size--;
    }
    text[size] = '\0';
    for (char *place = text; *place != '\0'; place++) {
        *place = (unsigned char)*place < ' ' && *place != '\n' ? ' ' : *place;
    }
}

static enum ql_status fail(struct ql_error *error, const char *program, int status, FILE *messages)
{
    char text[MESSAGE_BYTES], end[80];

    write_end(end, sizeof end, status);
    read_messages(text, messages);
    return ql_error_write(error, QL_ERROR_INPUT, "%s %s%s%s", program, end, text[0] == '\0' ? "" : ": ", text);
}

enum ql_status ql_process_run(const char *const *argv, struct ql_error *error)
{
    enum ql_status status = QL_OK;
    pid_t pid;
    FILE *messages = tmpfile();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (messages == NULL || nothing < 0) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "cannot make a temporary file: %s", strerror(errno));
        goto done;
    }
    int failure = spawn(&pid, argv, nothing, fileno(messages), fileno(messages));
    if (failure != 0) {
        status = refuse_start(error, argv[0], failure);
        goto done;
    }
    int ended = wait_for(pid);
    if (ended != 0) {
        status = fail(error, argv[0], ended, messages);
    }
done:
    if (messages != NULL) {
        (void)fclose(messages);
    }
    if (nothing >= 0) {
        (void)close(nothing);
    }
    return status;
}

bool ql_process_check(const char *name)
{
    const char *path = getenv("PATH");
    char file[4096];

    if (strchr(name, '/') != NULL) {
        return access(name, X_OK) == 0;
    }
    for (; path != NULL && *path != '\0';) {
        const size_t size = strcspn(path, ":");
        if (snprintf(file, sizeof file, "%.*s/%s", (int)size, path, name) < (int)sizeof file &&
            access(file, X_OK) == 0) {
            return true;
        }
        path += size + (path[size] == ':');
    }
    return false;
}

enum ql_status ql_process_open(struct ql_process *process, const char *const *argv, struct ql_error *error)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    int failure = 0;

    // A program that ends before it has read everything is an error to report here; it must not end us, too.
    (void)signal(SIGPIPE, SIG_IGN);
    process->messages = tmpfile();
    if (process->messages == NULL || !ql_system_pipe(to) || !ql_system_pipe(from)) {
        failure = errno;
    } else {
        failure = spawn(&process->pid, argv, to[0], from[1], fileno(process->messages));
    }
    if (failure != 0) {
        process->pid = 0;
    } else if (fcntl(to[1], F_SETFL, O_NONBLOCK) != 0 || fcntl(from[0], F_SETFL, O_NONBLOCK) != 0) {
        failure = errno;
    } else {
        process->has_pipes = true;
        process->requests = to[1];
        process->answers = from[0];
        to[1] = from[0] = -1;
    }
    for (int k = 0; k < 2; k++) {
        if (to[k] >= 0) {
            (void)close(to[k]);
        }
        if (from[k] >= 0) {
            (void)close(from[k]);
        }
    }
    if (failure != 0) {
        ql_process_close(process);
        return refuse_start(error, argv[0], failure);
    }
    return QL_OK;
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Waits until a request can be written or an answer read, where these are wanted. Returns what poll does: 0 for a timeout.
static int wait_for_pipes(struct pollfd pipes[2], const struct ql_process *process, bool writes, bool reads)
{
    const int64_t end = now_ms() + process->patience_ms;
    int ready;

    pipes[0] = (struct pollfd){.fd = writes ? process->requests : -1, .events = POLLOUT};
    pipes[1] = (struct pollfd){.fd = reads ? process->answers : -1, .events = POLLIN};
    do {
        const int64_t left = end - now_ms();
        ready = poll(pipes, 2, process->patience_ms == 0 ? -1 : (int)(left > 0 ? left : 0));
    } while (ready < 0 && errno == EINTR);
    return ready;
}

// Writes what fits into the pipe. If the program has ended, the rest counts as written: its answer is missing, too.
static void write_some(const struct ql_process *process, const char *bytes, size_t *left)
{
    const ssize_t size = write(process->requests, bytes, *left);

    if (size >= 0) {
        *left -= (size_t)size;
    } else if (errno != EAGAIN && errno != EINTR) {
        *left = 0;
    }
}

// Reads what is in the pipe, which belongs to an answer that has not ended. `*ended` becomes true at the pipe's end.
static enum ql_status read_some(struct ql_process *process, bool *ended, struct ql_error *error)
{
    const size_t limit = process->answer_bytes == 0 ? default_answer_bytes : process->answer_bytes;

    if (process->read_bytes > limit) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "gave an answer of more than %zu bytes, without the end of its line", limit);
    }
    if (process->room_bytes - process->read_bytes < PIPE_BYTES) {
        const size_t room = 2 * process->room_bytes + PIPE_BYTES;
        char *line = realloc(process->line, room + 1); // and a NUL
        if (line == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for an answer");
        }
        process->line = line;
        process->room_bytes = room;
    }
    const ssize_t size =
        read(process->answers, process->line + process->read_bytes, process->room_bytes - process->read_bytes);
    if (size > 0) {
        process->read_bytes += (size_t)size;
    } else {
        *ended = size == 0 || (errno != EAGAIN && errno != EINTR);
    }
    return QL_OK;
}

// Finds the end of the first line in what has been read, after the bytes that were searched before.
static bool find_line(struct ql_process *process, size_t searched)
{
    char *end =
        process->read_bytes == searched ? NULL : memchr(process->line + searched, '\n', process->read_bytes - searched);

    if (end != NULL) {
        *end = '\0';
        process->line_bytes = (size_t)(end - process->line) + 1;
    }
    return end != NULL;
}

static void drop_line(struct ql_process *process)
{
    process->read_bytes -= process->line_bytes;
    if (process->line_bytes > 0) {
        memmove(process->line, process->line + process->line_bytes, process->read_bytes);
    }
    process->line_bytes = 0;
}

// Writes the request and reads the answer at the same time, as far as the program takes and gives them.
// `*found` becomes true when there is a line; otherwise the program has closed its output.
static enum ql_status exchange(struct ql_process *process, const char *request, bool *found, struct ql_error *error)
{
    const char *const end = request + strlen(request);
    size_t left = (size_t)(end - request), newline = 1;
    struct pollfd pipes[2];
    bool ended = false;

    *found = find_line(process, 0);
    while (!ended && (newline > 0 || !*found)) {
        const int ready = wait_for_pipes(pipes, process, newline > 0, !*found);
        if (ready == 0) {
            return ql_error_write(error, QL_ERROR_INPUT, "gave no answer within %d seconds",
                                  process->patience_ms / 1000);
        }
        if (ready < 0) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "cannot wait for the program: %s", strerror(errno));
        }
        if (pipes[0].revents != 0 && left > 0) {
            write_some(process, end - left, &left);
        } else if (pipes[0].revents != 0) {
            write_some(process, "\n", &newline);
        }
        if (pipes[1].revents != 0) {
            const size_t searched = process->read_bytes;
            const enum ql_status status = read_some(process, &ended, error);
            if (status != QL_OK) {
                return status;
            }
            *found = find_line(process, searched);
        }
    }
    return QL_OK;
}

enum ql_status ql_process_step(struct ql_process *process, const char *request, struct ql_error *error)
{
    bool found;

    drop_line(process);
    const enum ql_status status = exchange(process, request, &found, error);
    if (status != QL_OK) {
        return status;
    }
    if (!found && process->read_bytes == 0) {
        (void)kill(process->pid, SIGTERM); // it closed its output, so it is about to end, or should
        const int ended = wait_for(process->pid);
        process->pid = 0;
        return fail(error, "the program", ended, process->messages);
    }
    if (!found) { // the last line has no newline
        process->line[process->read_bytes] = '\0';
        process->line_bytes = process->read_bytes;
    }
    return QL_OK;
}

void ql_process_close(struct ql_process *process)
{
    if (process->has_pipes) {
        (void)close(process->requests);
        (void)close(process->answers);
    }
    if (process->messages != NULL) {
        (void)fclose(process->messages);
    }
    if (process->pid > 0) {
        (void)kill(process->pid, SIGKILL); // nothing of it would be lost
        (void)wait_for(process->pid);
    }
    free(process->line);
    *process = (struct ql_process){0};
}
