// The command line `quillet`: one file per command, and what the commands share.
// Only this folder prints or exits. Results go to stdout, progress and messages to stderr.
// Uses: base; the commands use everything of ours.
#ifndef QL_CLI_CLI_H
#define QL_CLI_CLI_H

#include "base/data_folder.h"
#include "base/option.h"
#include "base/status.h"

// Exit codes of every command.
enum { QL_EXIT_DONE = 0, QL_EXIT_FAILED = 1, QL_EXIT_USAGE = 2 };

// How the tool was started: argv[0] of main().
extern const char *ql_cli_program;

// The rank of this process among those that mpirun has started; 0 otherwise. Rank 0 speaks for all.
extern int ql_cli_rank;

// One command: argv[0] is its name; returns the exit code.
int ql_cli_prepare(int argc, char **argv);
int ql_cli_train(int argc, char **argv);
int ql_cli_sweep(int argc, char **argv);
int ql_cli_predict(int argc, char **argv);
int ql_cli_compare(int argc, char **argv);
int ql_cli_generate(int argc, char **argv);
int ql_cli_study(int argc, char **argv);
int ql_cli_judge(int argc, char **argv);
int ql_cli_export(int argc, char **argv);
int ql_cli_evaluate(int argc, char **argv);
int ql_cli_filter(int argc, char **argv);
int ql_cli_lexicon(int argc, char **argv);
int ql_cli_compile(int argc, char **argv);
int ql_cli_verify(int argc, char **argv);
int ql_cli_emulate(int argc, char **argv);
int ql_cli_watch(int argc, char **argv);
int ql_cli_monitor(int argc, char **argv);

// Prints "quillet COMMAND: message" on stderr, with control characters made visible, unless another rank
// does. Returns the exit code that fits the status.
int ql_cli_fail(const char *command, const struct ql_error *error);

// Reads the options; handles --help (which every command has, without listing it) by printing `usage`, the summary and
// the table. Returns true when the command must go on, false when it must return `*exit_code`.
bool ql_cli_read_options(const char *usage, const char *summary, struct ql_option *options, int argc, char **argv,
                         const char **operands, size_t operand_limit, size_t *operand_count, int *exit_code);

// Finds the folder of the tool's data that holds `file`: see ql_data_folder_find.
enum ql_status ql_cli_data_folder(char folder[QL_DATA_PATH_BYTES], const char *file, struct ql_error *error);

// Checks --language, the tag of a language such as "fr"; NULL is none. Errors: QL_ERROR_USAGE.
enum ql_status ql_cli_language_check(const char *language, struct ql_error *error);

// Checks the text of an option that gets into JSON, which can only hold UTF-8; NULL is none. Errors: QL_ERROR_USAGE.
enum ql_status ql_cli_utf8_check(const char *option, const char *text, struct ql_error *error);

// True when progress bars and colors may be drawn: stderr is a terminal, and for colors NO_COLOR is unset.
bool ql_cli_progress_wanted(bool quiet);
bool ql_cli_color_wanted(void);

// Flushes stdout in the middle of a result, so that it can be read so far. ql_cli_finish reports a failure.
void ql_cli_flush(void);

// Flushes stdout. A result that could not be written is a failure: returns QL_EXIT_FAILED then, otherwise `exit_code`.
int ql_cli_finish(const char *command, int exit_code);

// The end of --check, whose 1 is an answer: the text was refused. So an error is 2, whatever it is. `error` belongs to
// `status`. Returns the exit code.
int ql_cli_finish_check(const char *command, enum ql_status status, bool refused, const struct ql_error *error);

#endif
