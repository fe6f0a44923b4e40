// The entry of the tool: finds the command by its name and runs it.
// Uses: base/{vectors,version}, cli, POSIX.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vectors.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/library_memory.h"
#include "cli/terminal.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"prepare", ql_cli_prepare, "clean a text and split it into items to train on"},
    {"train", ql_cli_train, "train a model on a text file"},
    {"sweep", ql_cli_sweep, "train many models, and compare what they cost"},
    {"watch", ql_cli_watch, "plot a training run on a page while it runs"},
    {"predict", ql_cli_predict, "let a trained model write"},
    {"compare", ql_cli_compare, "put samples at several temperatures side by side"},
    {"generate", ql_cli_generate, "let a model write many items at once"},
    {"study", ql_cli_study, "measure what models write, and say which settings to use"},
    {"judge", ql_cli_judge, "count the parsed sentences, known words and echoes of texts"},
    {"export", ql_cli_export, "write a trained model as ONNX, with its descriptor"},
    {"evaluate", ql_cli_evaluate, "let an exported model write"},
    {"filter", ql_cli_filter, "compile lists of words that must not be written"},
    {"lexicon", ql_cli_lexicon, "compile the words that a model may write"},
    {"compile", ql_cli_compile, "turn an ONNX model into C"},
    {"verify", ql_cli_verify, "prove that a model writes the same at every stage"},
    {"emulate", ql_cli_emulate, "run the firmware's image on an emulated Pico"},
    {"monitor", ql_cli_monitor, "show the console of a board, and type into it"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(FILE *stream)
{
    (void)fprintf(stream, "usage: quillet COMMAND [OPTION ...]\n\n"
                          "Tiny character-level language models, from a text file to a microcontroller.\n\n");
    for (int i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    (void)fprintf(stream, "\n`quillet COMMAND --help` explains a command, `quillet --version` prints the\nversion.\n");
}

// Opens /dev/null for each standard stream that the process was started without. Otherwise the next file that is opened
// would get its number, and the result or a message would go into that file. Reading and writing the result still fail,
// because the streams are opened for the opposite; messages go nowhere. Returns false where there is no /dev/null.
static bool open_missing_streams(void)
{
    static const int modes[] = {[STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};

    for (int k = STDIN_FILENO; k <= STDERR_FILENO; k++) {
        if (fcntl(k, F_GETFD) < 0 && errno == EBADF && open("/dev/null", modes[k]) != k) { // the lowest free number
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct ql_error error;

    // Beyond the limit of a file's size, a write fails with a reason, as on a full disk, and does not end the process.
    (void)signal(SIGXFSZ, SIG_IGN);
    if (!open_missing_streams()) {
        return QL_EXIT_FAILED;
    }
    ql_cli_program = argv[0];
    ql_cli_library_memory_init();
    if (ql_vectors_reset(getenv("QUILLET_VECTORS"), &error) != QL_OK) {
        ql_cli_note("quillet: %s\n", error.message);
        return QL_EXIT_USAGE;
    }
    if (argc < 2) {
        print_help(stderr);
        return QL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return ql_cli_finish("help", QL_EXIT_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("quillet %s\n", QL_VERSION);
        return ql_cli_finish("version", QL_EXIT_DONE);
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            int exit_code = commands[i].run(argc - 1, argv + 1);
            if (exit_code == QL_EXIT_DONE && ql_cli_library_memory_failed()) {
                (void)ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory for the whole result");
                exit_code = ql_cli_fail(argv[1], &error);
            }
            return exit_code;
        }
    }
    ql_cli_note("quillet: there is no command '%s'; quillet --help lists the commands\n", argv[1]);
    return QL_EXIT_USAGE;
}
