// `quillet watch`: a page for watching trainings while they run.
// Uses: base, dashboard.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/interrupt.h"
#include "dashboard/dashboard.h"

static const char usage[] = "watch --file RUN/training.log.csv [OPTION ...]";
static const char summary_text[] = "Serves a page that draws a training, or all runs of a folder, while it runs.";

int ql_cli_watch(int argc, char **argv)
{
    struct ql_dashboard_options settings = {.path = "checkpoints", .host = "127.0.0.1", .port = 8080};
    bool quiet = false;
    char data[QL_DATA_PATH_BYTES], english[QL_DATA_PATH_BYTES + 16];
    struct ql_option options[] = {
        {"file", QL_OPTION_STRING, &settings.path, 0, 0, "PATH",
         "a run's training.log.csv, its folder, or a folder of runs", false},
        {"port", QL_OPTION_INT, &settings.port, 0, 65535, "N", "where the page is; 0 takes a free port", false},
        {"host", QL_OPTION_STRING, &settings.host, 0, 0, "NAME",
         "the address to serve at; any but the default lets others see the runs", false},
        {"filter", QL_OPTION_STRING, &settings.filter, 0, 0, "FILE",
         "a compiled filter that a visitor may switch on (default: the built-in list, if there is one)", false},
        {"lexicon", QL_OPTION_STRING, &settings.lexicon, 0, 0, "FILE", "a compiled lexicon, likewise", false},
        {"language", QL_OPTION_STRING, &settings.language, 0, 0, "TAG",
         "language of what the models write, such as fr, for readers of the page", false},
        {"quiet", QL_OPTION_FLAG, &quiet, 0, 0, NULL, "say nothing but the address", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    struct ql_dashboard dashboard;
    struct ql_error error;
    int exit_code;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    if (settings.filter == NULL && ql_cli_data_folder(data, "english.qlf", &error) == QL_OK) {
        (void)snprintf(english, sizeof english, "%s/english.qlf", data);
        settings.filter = english;
    }
    ql_cli_interrupt_catch(0);
    if (ql_cli_language_check(settings.language, &error) != QL_OK ||
        ql_dashboard_open(&dashboard, &settings, &error) != QL_OK) {
        return ql_cli_fail("watch", &error);
    }
    const char *brackets = strchr(settings.host, ':') == NULL ? "" : "[]";
    (void)printf("http://%.1s%s%s:%d/\n", brackets, settings.host, brackets[0] == '\0' ? "" : brackets + 1,
                 dashboard.port);
    ql_cli_flush();
    if (!quiet) {
        (void)fprintf(stderr, "The page is there until Ctrl-C.\n");
    }
    enum ql_status status = ql_dashboard_run(&dashboard, &ql_cli_interrupted, &error);
    ql_dashboard_close(&dashboard);
    return status == QL_OK ? ql_cli_finish("watch", QL_EXIT_DONE) : ql_cli_fail("watch", &error);
}
