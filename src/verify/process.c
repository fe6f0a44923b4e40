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
#include <unistd.h>

#include "base/system.h"

extern char **environ; // POSIX requires us to declare it

enum { MESSAGE_BYTES = 600 }; // of a program's output in our error message

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
        status = ql_error_write(error, QL_ERROR_SYSTEM, "cannot start %s: %s", argv[0], strerror(failure));
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
    if (failure == 0) {
        process->requests = fdopen(to[1], "w");
        process->answers = fdopen(from[0], "r");
        to[1] = process->requests == NULL ? to[1] : -1;
        from[0] = process->answers == NULL ? from[0] : -1;
        failure = process->requests == NULL || process->answers == NULL ? ENOMEM : 0;
    } else {
        process->pid = 0;
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
        return ql_error_write(error, QL_ERROR_SYSTEM, "cannot start %s: %s", argv[0], strerror(failure));
    }
    return QL_OK;
}

enum ql_status ql_process_step(struct ql_process *process, const char *request, struct ql_error *error)
{
    struct pollfd answer = {.fd = fileno(process->answers), .events = POLLIN};
    int ready;

    (void)fputs(request, process->requests);
    (void)putc('\n', process->requests);
    (void)fflush(process->requests); // if the program has ended, its answer is missing, too
    do {
        ready = poll(&answer, 1, process->patience_ms == 0 ? -1 : process->patience_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "gave no answer within %d seconds", process->patience_ms / 1000);
    }
    ssize_t size = getline(&process->line, &process->line_bytes, process->answers);
    if (size <= 0) {
        (void)kill(process->pid, SIGTERM); // it closed its output, so it is about to end, or should
        const int status = wait_for(process->pid);
        process->pid = 0;
        return fail(error, "the program", status, process->messages);
    }
    if (process->line[size - 1] == '\n') {
        process->line[size - 1] = '\0';
    }
    return QL_OK;
}

void ql_process_close(struct ql_process *process)
{
    if (process->requests != NULL) {
        (void)fclose(process->requests);
    }
    if (process->answers != NULL) {
        (void)fclose(process->answers);
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
