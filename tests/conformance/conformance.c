// Random cases of every operator, in the engine and in ONNX Runtime: prints a summary by operator.
// Uses: conformance_case, conformance_operators, conformance_check, base, verify.
//
//   conformance                       the full run
//   conformance --count 4             4 cases for every 50 of the full run
//   conformance --generated_c 10      also the generated C of 10 of every 50
//   conformance --operator LSTM       one operator
//   conformance --case LSTM-1234      one case, with everything in it
//
// Exit status: 0 when all cases agree, 1 when one differs, 2 for wrong usage, 77 without Node or ONNX Runtime.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "conformance_check.h"
#include "conformance_compiled.h"
#include "conformance_operators.h"
#include "verify/ort_server.h"

enum { SKIPPED = 77, REASON_LIMIT = 256, REASON_BYTES = 160, DEFAULT_COUNT = 50, SERVER_LIFE = 500 };

// Why ONNX Runtime refused cases of an operator.
struct reason {
    const char *operator_name;
    char text[REASON_BYTES];
    char id[CASE_NAME_BYTES]; // the first case
    int count;
};

struct totals {
    int outcomes[CASE_DIFFERED + 1];
    int cases, compiled, compiled_differ;
};

static struct reason reasons[REASON_LIMIT];
static int reason_count;
static const char *script = QL_SOURCE_DIR "/web/ort_server.js";
static struct compiled_cases compiled;

static void note_reason(const char *operator_name, const char *id, const char *message)
{
    char text[REASON_BYTES];

    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(message, "\n"), message);
    for (int i = 0; i < reason_count; i++) {
        if (reasons[i].operator_name == operator_name && strcmp(reasons[i].text, text) == 0) {
            reasons[i].count++;
            return;
        }
    }
    if (reason_count < REASON_LIMIT) {
        struct reason *reason = &reasons[reason_count++];
        *reason = (struct reason){.operator_name = operator_name, .count = 1};
        (void)snprintf(reason->text, sizeof reason->text, "%s", text);
        (void)snprintf(reason->id, sizeof reason->id, "%s", id);
    }
}

static enum ql_status start_server(struct ql_process *server, struct ql_error *error)
{
    ql_process_close(server);
    return ql_ort_server_open(server, script, error);
}

static enum ql_status run_case(const struct conformance_operator *row, int number, bool shows, bool compiles,
                               struct totals *totals, double *used, struct ql_process *server, struct ql_error *error)
{
    struct conformance_case c;
    struct case_report report = {.outcome = CASE_AGREED};

    // Restarts the server now and then: sessions are freed only when JavaScript gets around to it.
    enum ql_status status = QL_OK;
    if (server->pid == 0 || totals->cases % SERVER_LIFE == SERVER_LIFE - 1) {
        status = start_server(server, error);
        if (status != QL_OK) {
            return status;
        }
    }
    case_init(&c, row->name, number, row->first_opset);
    row->generate(&c, row->name);
    status = conformance_check(&report, &c, server, error);
    if (status != QL_OK) {
        status = ql_error_prefix(error, "%s: ", c.id);
        goto done;
    }
    totals->outcomes[report.outcome]++;
    totals->cases++;
    *used = report.used > *used ? report.used : *used;
    if (report.outcome == CASE_REFUSED) {
        note_reason(row->name, c.id, report.message);
    }
    if (shows) {
        conformance_write(stdout, &c, &report);
    }
    if (report.outcome == CASE_DIFFERED) {
        (void)printf("differs: %s: %s\n    again: conformance --case %s\n", c.id, report.message, c.id);
    } else if (shows) {
        (void)printf("%s: %s\n", report.outcome == CASE_REFUSED ? "refused by ONNX Runtime" : "agrees", report.message);
    }
    // Cases that the engine does not run are reported above.
    if (compiles && report.ours.count > 0) {
        totals->compiled++;
        status = compiled_cases_add(&compiled, &c, &report.ours, error);
        if (status == QL_OK && (compiled.count == COMPILED_LIMIT || shows)) {
            status = compiled_cases_check(&compiled, &totals->compiled_differ, error);
        }
    }
done:
    case_free(&c);
    return status;
}

static void write_totals(const char *name, const struct totals *totals, double used)
{
    (void)printf("%-20s %6d %6d %8d %8d %8d", name, totals->cases, totals->outcomes[CASE_AGREED],
                 totals->outcomes[CASE_WIDENED], totals->outcomes[CASE_REFUSED], totals->outcomes[CASE_DIFFERED]);
    if (used > 0.0) {
        (void)printf(" %9.0f%%\n", 100.0 * used);
    } else {
        (void)printf("  %9s\n", "exact");
    }
}

static enum ql_status run_all(const char *only, int first, int count, int compiled_count, struct totals *all,
                              struct ql_process *server, struct ql_error *error)
{
    (void)printf("%-20s %6s %6s %8s %8s %8s %10s\n", "operator", "cases", "agree", "widened", "refused", "differ",
                 "tolerance");
    for (int i = 0; i < conformance_operator_count; i++) {
        const struct conformance_operator *row = &conformance_operators[i];
        struct totals totals = {.cases = 0};
        double used = 0.0;
        if (only[0] != '\0' && strcmp(only, row->name) != 0) {
            continue;
        }
        for (int number = first; number < first + count * row->weight; number++) {
            const bool compiles = number < first + compiled_count * row->weight;
            enum ql_status status = run_case(row, number, false, compiles, &totals, &used, server, error);
            if (status != QL_OK) {
                return status;
            }
        }
        write_totals(row->name, &totals, used);
        (void)fflush(stdout);
        all->cases += totals.cases;
        all->compiled += totals.compiled;
        all->compiled_differ += totals.compiled_differ;
        for (int k = 0; k <= CASE_DIFFERED; k++) {
            all->outcomes[k] += totals.outcomes[k];
        }
    }
    enum ql_status status = compiled_cases_check(&compiled, &all->compiled_differ, error);
    if (status != QL_OK) {
        return status;
    }
    write_totals("all", all, 0.0);
    if (all->compiled > 0) {
        (void)printf("as generated C: %d cases, %d of them with other bits than the engine's\n", all->compiled,
                     all->compiled_differ);
    }
    for (int i = 0; i < reason_count; i++) {
        (void)printf("refused by ONNX Runtime: %d of %s (%s): %s\n", reasons[i].count, reasons[i].operator_name,
                     reasons[i].id, reasons[i].text);
    }
    return QL_OK;
}

// Finds operator and number in "LSTM-1234".
static enum ql_status read_id(const char *id, const struct conformance_operator **row, int *number,
                              struct ql_error *error)
{
    char name[CASE_NAME_BYTES];
    const char *dash = strrchr(id, '-');
    char *end = NULL;
    const long value = dash == NULL ? -1 : strtol(dash + 1, &end, 10);

    (void)snprintf(name, sizeof name, "%.*s", dash == NULL ? 0 : (int)(dash - id), id);
    *row = conformance_operator_find(name);
    if (*row == NULL || value < 0 || value > 1000000000 || *end != '\0' || end == dash + 1) {
        return ql_error_write(error, QL_ERROR_USAGE, "%s: a case is named by an operator and a number: LSTM-1234", id);
    }
    *number = (int)value;
    return QL_OK;
}

int main(int argc, char **argv)
{
    const char *id = "";
    const char *only = "";
    int count = DEFAULT_COUNT;
    int first = 0;
    int compiled_count = 0;
    bool help = false;
    struct ql_option options[] = {
        {"count", QL_OPTION_INT, &count, 1, 100000, "N",
         "cases of each simple operator; others have several times as many", false},
        {"first", QL_OPTION_INT, &first, 0, 1000000000, "N", "number of the first case; other numbers are other cases",
         false},
        {"generated_c", QL_OPTION_INT, &compiled_count, 0, 100000, "N",
         "of so many the generated C, too, against the engine's bits", false},
        {"operator", QL_OPTION_STRING, &only, 0, 0, "NAME", "only this operator, or \"graph\" for graphs of several",
         false},
        {"case", QL_OPTION_STRING, &id, 0, 0, "ID", "only this case, such as LSTM-1234, with all that is in it", false},
        {"ort_server", QL_OPTION_STRING, &script, 0, 0, "FILE", "web/ort_server.js", false},
        {"help", QL_OPTION_FLAG, &help, 0, 0, NULL, "show this help", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    struct ql_error error = {QL_OK, ""};
    struct ql_process server = {0};
    struct totals all = {.cases = 0};
    const struct conformance_operator *row = NULL;
    int number = 0;

    enum ql_status status = ql_option_read(options, argc, argv, NULL, 0, NULL, &error);
    if (status == QL_OK && help) {
        ql_option_write_help(options, stdout);
        return 0;
    }
    if (status == QL_OK && only[0] != '\0' && conformance_operator_find(only) == NULL) {
        status = ql_error_write(&error, QL_ERROR_USAGE, "--operator %s: there are no cases of it", only);
    }
    if (status == QL_OK && id[0] != '\0') {
        status = read_id(id, &row, &number, &error);
    }
    if (status != QL_OK) {
        (void)fprintf(stderr, "conformance: %s\n", error.message);
        return 2;
    }
    status = start_server(&server, &error);
    if (status != QL_OK) {
        (void)fprintf(stderr, "conformance: %s\n", error.message);
        return SKIPPED;
    }
    if (row != NULL) {
        double used = 0.0;
        status = run_case(row, number, true, compiled_count > 0, &all, &used, &server, &error);
    } else {
        status = run_all(only, first, count, compiled_count, &all, &server, &error);
    }
    ql_process_close(&server);
    compiled_cases_free(&compiled);
    if (status != QL_OK) {
        (void)fprintf(stderr, "conformance: %s\n", error.message);
    }
    return status != QL_OK || all.outcomes[CASE_DIFFERED] + all.compiled_differ > 0;
}
