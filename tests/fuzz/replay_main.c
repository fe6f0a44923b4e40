// Runs a fuzz target without libFuzzer: the inputs named on the command line (files and folders), then seeded
// mutations of each. Every run is the same; an input that fails is kept in the file PROGRAM.failing.
// Uses: POSIX, and LLVMFuzzerTestOneInput from the target.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum {
    INPUT_LIMIT_BYTES = 1 << 20,
    MUTATION_COUNT = 4000, // over all inputs; a few seconds even under sanitizers
    TIME_LIMIT_SECONDS = 10,
};

static uint8_t scratch[INPUT_LIMIT_BYTES];
static char kept_path[256];
static const uint8_t *running;
static size_t running_bytes;

// Keeps the input, then fails as the signal would have. Only async-signal-safe calls.
static void keep_input(int signal_number)
{
    int file = open(kept_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0) {
        static const char notice[] = "\nTo run the input that failed again, name this file: ";
        if (write(file, running, running_bytes) == (ssize_t)running_bytes) {
            (void)!write(STDERR_FILENO, notice, sizeof notice - 1);
            (void)!write(STDERR_FILENO, kept_path, strlen(kept_path));
            (void)!write(STDERR_FILENO, "\n", 1);
        }
        close(file);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

// The block has exactly the input's size, so that a sanitizer detects every read beyond it.
static void run_input(const uint8_t *data, size_t size_bytes)
{
    uint8_t *exact = malloc(size_bytes > 0 ? size_bytes : 1);
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, data, size_bytes);
    running = exact;
    running_bytes = size_bytes;
    alarm(TIME_LIMIT_SECONDS);
    (void)LLVMFuzzerTestOneInput(exact, size_bytes);
    alarm(0);
    free(exact);
}

// xorshift32; a value in [0, limit), limit > 0.
static size_t draw(uint32_t *state, size_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % limit;
}

// Changes `size_bytes` bytes of scratch in a few places and returns the new size.
static size_t mutate(size_t size_bytes, uint32_t *state)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '\n', '"', '%', '-', '9'};

    for (size_t change = 1 + draw(state, 4); change > 0; change--) {
        size_t at = draw(state, size_bytes + 1);
        size_t rest = size_bytes - at;
        switch (draw(state, 5)) {
        case 0: // flip a bit
            if (rest > 0) {
                scratch[at] ^= (uint8_t)(1u << draw(state, 8));
            }
            break;
        case 1: // write a byte
            if (rest > 0) {
                scratch[at] = telling[draw(state, sizeof telling)];
            }
            break;
        case 2: // insert some bytes
            for (size_t added = 1 + draw(state, 16); added > 0 && size_bytes < INPUT_LIMIT_BYTES; added--) {
                memmove(scratch + at + 1, scratch + at, size_bytes - at);
                scratch[at] = (uint8_t)draw(state, 256);
                size_bytes++;
            }
            break;
        case 3: // remove some bytes
            if (rest > 0) {
                size_t removed = 1 + draw(state, rest < 16 ? rest : 16);
                memmove(scratch + at, scratch + at + removed, rest - removed);
                size_bytes -= removed;
            }
            break;
        default: // truncate, now and then
            if (draw(state, 4) == 0) {
                size_bytes = at;
            }
            break;
        }
    }
    return size_bytes;
}

static void run_with_mutations(const uint8_t *data, size_t size_bytes, size_t mutation_count)
{
    uint32_t state = 2463534242u;

    run_input(data, size_bytes);
    for (size_t i = 0; i < mutation_count; i++) {
        memcpy(scratch, data, size_bytes);
        run_input(scratch, mutate(size_bytes, &state));
    }
}

static void run_file(const char *path, size_t mutation_count)
{
    static uint8_t content[INPUT_LIMIT_BYTES];
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t size_bytes = fread(content, 1, sizeof content, file);
    fclose(file);
    run_with_mutations(content, size_bytes, mutation_count);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    static const int fatal[] = {SIGABRT, SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    const char *slash = strrchr(argv[0], '/');

    (void)snprintf(kept_path, sizeof kept_path, "%s.failing", slash != NULL ? slash + 1 : argv[0]);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
        struct sigaction former;
        // Signals that a sanitizer already handles are reported by it before it aborts.
        if (sigaction(fatal[i], NULL, &former) == 0 && former.sa_handler == SIG_DFL) {
            signal(fatal[i], keep_input);
        }
    }
    run_with_mutations((const uint8_t *)"", 0, MUTATION_COUNT / 4);
    for (int i = 1; i < argc; i++) {
        struct dirent **entries = NULL;
        int count = scandir(argv[i], &entries, is_visible, alphasort);
        if (count < 0) {
            run_file(argv[i], 0);
        }
        for (int k = 0; k < count; k++) {
            char path[4096];
            int length = snprintf(path, sizeof path, "%s/%s", argv[i], entries[k]->d_name);
            if (length > 0 && (size_t)length < sizeof path) {
                run_file(path, MUTATION_COUNT / (size_t)count);
            }
            free(entries[k]);
        }
        free(entries);
    }
    return EXIT_SUCCESS;
}
