// What the commands share: see cli.h.
// Uses: base, corpus/vocabulary, cli/terminal.
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/html_text.h"
#include "base/system.h"
#include "cli/terminal.h"
#include "corpus/vocabulary.h"

const char *ql_cli_program = "quillet";
int ql_cli_rank;

int ql_cli_fail(const char *command, const struct ql_error *error)
{
    ql_cli_flush();
    if (ql_cli_rank == 0) {
        ql_cli_note("quillet %s: %s\n", command, error->message);
        if (error->status == QL_ERROR_USAGE) {
            (void)fprintf(stderr, "quillet %s --help explains the command.\n", command);
        }
    }
    return error->status == QL_ERROR_USAGE ? QL_EXIT_USAGE : QL_EXIT_FAILED;
}

bool ql_cli_read_options(const char *usage, const char *summary, struct ql_option *options, int argc, char **argv,
                         const char **operands, size_t operand_limit, size_t *operand_count, int *exit_code)
{
    struct ql_error error;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            bool grouped = options[0].name != NULL && options[0].name[0] == '\0'; // a group begins with an empty line
            (void)printf("usage: quillet %s\n\n%s\n%s", usage, summary, grouped ? "" : "\n");
            ql_option_write_help(options, stdout);
            *exit_code = ql_cli_finish(argv[0], QL_EXIT_DONE);
            return false;
        }
    }
    if (ql_option_read(options, argc, argv, operands, operand_limit, operand_count, &error) != QL_OK) {
        *exit_code = ql_cli_fail(argv[0], &error);
        return false;
    }
    return true;
}

enum ql_status ql_cli_data_folder(char folder[QL_DATA_PATH_BYTES], const char *file, struct ql_error *error)
{
    char program[QL_DATA_PATH_BYTES];
    const bool known = ql_system_program_path(program, sizeof program, ql_cli_program);

    return ql_data_folder_find(folder, known ? program : NULL, file, error);
}

enum ql_status ql_cli_language_check(const char *language, struct ql_error *error)
{
    return language == NULL || ql_html_is_language(language)
               ? QL_OK
               : ql_error_write(error, QL_ERROR_USAGE, "--language: '%.60s' is not the tag of a language, such as fr",
                                language);
}

enum ql_status ql_cli_utf8_check(const char *option, const char *text, struct ql_error *error)
{
    return text == NULL || ql_utf8_check(text)
               ? QL_OK
               : ql_error_write(error, QL_ERROR_USAGE,
                                "--%s %.200s: is not UTF-8, and so cannot be recorded; rename the file, or convert the "
                                "text",
                                ql_option_spell(option).text, text);
}

bool ql_cli_progress_wanted(bool quiet)
{
    return !quiet && isatty(STDERR_FILENO) == 1;
}

bool ql_cli_color_wanted(void)
{
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDERR_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
}

static int write_failure; // errno of the first write to stdout that failed; 0: none, or nobody knows

// A write that fails between two flushes leaves its mark in the stream, and not its reason. One more byte, of a result that
// is incomplete anyway, says why.
void ql_cli_flush(void)
{
    errno = 0;
    if (ferror(stdout) != 0 && write_failure == 0) {
        (void)fputc('\n', stdout);
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        write_failure = write_failure == 0 ? errno : write_failure;
    }
}

int ql_cli_finish(const char *command, int exit_code)
{
    ql_cli_flush();
    if (ferror(stdout) != 0) {
        (void)fprintf(stderr, "quillet %s: cannot write the result: %s\n", command,
                      write_failure != 0 ? strerror(write_failure) : "a part of it is missing");
        return QL_EXIT_FAILED;
    }
    return exit_code;
}

int ql_cli_finish_check(const char *command, enum ql_status status, bool refused, const struct ql_error *error)
{
    const int exit_code = status == QL_OK ? ql_cli_finish(command, QL_EXIT_DONE) : ql_cli_fail(command, error);

    return exit_code != QL_EXIT_DONE ? QL_EXIT_USAGE : refused ? QL_EXIT_FAILED : QL_EXIT_DONE;
}
