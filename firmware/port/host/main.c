// `quotes` on the host: the application of the device, on a terminal instead of the panel.
// Uses: firmware/app, port/host/terminal.h and picture.h, getopt_long of the C library.
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/appliance.h"
#include "app/lines.h"
#include "port/host/picture.h"
#include "port/host/terminal.h"
#include "port/port.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USE = 2 };

enum { QUOTE_LINES = 8, NAME_LINES = 2, PANEL_LINES = 600, NAME_INDENT = 4 };

#ifndef QUOTES_BEST // the build may say otherwise
#define QUOTES_BEST QL_PAGE_BEST
#endif

static const char usage[] = "usage: quotes [OPTION ...]\n\n"
                            "Prints quotes by nobody: the words from one model, the name below them from\n"
                            "another.\n\n"
                            "  --count N          quotes to print (1)\n"
                            "  --seed N           same seed, same quotes; otherwise new ones each time\n"
                            "  --temperature X    low: typical, repetitive; high: bold (each model's own)\n"
                            "  --top-p X          draw from the likeliest symbols that have this share\n"
                            "                     together; 1 is off (each model's own)\n"
                            "  --top-k N          draw from the N likeliest symbols; 0 is off (each\n"
                            "                     model's own)\n"
                            "  --best N           candidates for a quote, 1 to 50, of which the likeliest\n"
                            "                     according to the model is taken (the build's, usually 8)\n"
                            "  --min-length N     of these, prefer those with at least this many characters\n"
                            "                     (40)\n"
                            "  --width N          columns of a line (60)\n"
                            "  --png FILE         write what the panel would show as a picture; for several\n"
                            "                     quotes, FILE-1.png, FILE-2.png ...\n"
                            "  --preview          show the same on this terminal, 80 columns wide\n"
                            "  --raw[=names]      print the bare stream of symbols of the quotes' model, or\n"
                            "                     of the names' model: the text of `quillet evaluate`\n"
                            "  --length N         symbols of the bare stream (512)\n"
                            "  --console          act as the device: print the lines of its serial console,\n"
                            "                     and read its commands; ends with the input, or after\n"
                            "                     --count pages\n";

struct settings {
    struct ql_sampling sampling;
    uint32_t seed;
    bool seeded, raw, raw_names, console, counted, preview;
    int count, width, length, best, min_length;
    const char *png; // NULL for no picture
};

static bool read_number(double *value, const char *name, const char *text, double low, double high, bool whole)
{
    char *end;

    errno = 0;
    *value = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(*value >= low && *value <= high) ||
        (whole && *value != floor(*value))) {
        (void)fprintf(stderr, "quotes: --%s must be %s from %g to %.10g, not '%s'\n", name,
                      whole ? "an integer" : "a number", low, high, text);
        return false;
    }
    return true;
}

enum option_code {
    COUNT = 1,
    SEED,
    TEMPERATURE,
    TOP_P,
    TOP_K,
    BEST,
    MIN_LENGTH,
    WIDTH,
    RAW,
    LENGTH,
    CONSOLE,
    PNG,
    PREVIEW,
    HELP,
};

// Returns EXIT_DONE, or the exit code; `*end` tells whether the program must end.
static int read_options(struct settings *settings, bool *end, int argc, char **argv)
{
    static const struct option options[] = {
        {"count", required_argument, NULL, COUNT},
        {"seed", required_argument, NULL, SEED},
        {"temperature", required_argument, NULL, TEMPERATURE},
        {"top_p", required_argument, NULL, TOP_P},
        {"top-p", required_argument, NULL, TOP_P},
        {"top_k", required_argument, NULL, TOP_K},
        {"top-k", required_argument, NULL, TOP_K},
        {"best", required_argument, NULL, BEST},
        {"min_length", required_argument, NULL, MIN_LENGTH},
        {"min-length", required_argument, NULL, MIN_LENGTH},
        {"width", required_argument, NULL, WIDTH},
        {"raw", optional_argument, NULL, RAW},
        {"length", required_argument, NULL, LENGTH},
        {"console", no_argument, NULL, CONSOLE},
        {"png", required_argument, NULL, PNG},
        {"preview", no_argument, NULL, PREVIEW},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    double number;
    bool valid = true;

    *end = false;
    for (int code; valid && (code = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (code) {
        case COUNT:
            valid = read_number(&number, "count", optarg, 0, 1000000, true);
            settings->count = valid ? (int)number : 0;
            settings->counted = true;
            break;
        case SEED:
            valid = read_number(&number, "seed", optarg, 0, UINT32_MAX, true);
            settings->seed = valid ? (uint32_t)number : 0;
            settings->seeded = true;
            break;
        case TEMPERATURE:
            valid = read_number(&number, "temperature", optarg, 0, 100, false);
            settings->sampling.temperature = (float)number;
            break;
        case TOP_P:
            valid = read_number(&number, "top-p", optarg, 0.000001, 1, false);
            settings->sampling.top_p = (float)number;
            break;
        case TOP_K:
            valid = read_number(&number, "top-k", optarg, 0, 65535, true);
            settings->sampling.top_k = valid ? (int)number : 0;
            break;
        case BEST:
            valid = read_number(&number, "best", optarg, 1, QL_PAGE_ATTEMPTS, true);
            settings->best = valid ? (int)number : 1;
            break;
        case MIN_LENGTH:
            valid = read_number(&number, "min-length", optarg, 0, QL_PAGE_TEXT_BYTES, true);
            settings->min_length = valid ? (int)number : 0;
            break;
        case WIDTH:
            valid = read_number(&number, "width", optarg, 1, 1000, true);
            settings->width = valid ? (int)number : 0;
            break;
        case LENGTH:
            valid = read_number(&number, "length", optarg, 0, 100000000, true);
            settings->length = valid ? (int)number : 0;
            break;
        case RAW:
            settings->raw = true;
            settings->raw_names = optarg != NULL && strcmp(optarg, "names") == 0;
            valid = optarg == NULL || settings->raw_names || strcmp(optarg, "quotes") == 0;
            if (!valid) {
                (void)fprintf(stderr, "quotes: --raw takes 'quotes' or 'names', not '%s'\n", optarg);
            }
            break;
        case CONSOLE:
            settings->console = true;
            break;
        case PNG:
            settings->png = optarg;
            break;
        case PREVIEW:
            settings->preview = true;
            break;
        case HELP:
            (void)fputs(usage, stdout);
            *end = true;
            return EXIT_DONE;
        default:
            valid = false;
            break;
        }
    }
    if (valid && optind < argc) {
        (void)fprintf(stderr, "quotes: '%s' is an unexpected argument; quotes takes options only\n", argv[optind]);
        valid = false;
    }
    if (!valid) {
        (void)fprintf(stderr, "quotes --help lists the options.\n");
        *end = true;
    }
    return valid ? EXIT_DONE : EXIT_WRONG_USE;
}

// A column per symbol.
static int count_columns(const void *font, const char *text, int bytes)
{
    int columns = 0;

    (void)font;
    for (int i = 0; i < bytes; i++) {
        columns += ((unsigned char)text[i] & 0xc0u) != 0x80u;
    }
    return columns;
}

// The lines of the terminal that show a page. They point into the page.
struct terminal_page {
    int quote_width, name_width;
    int quote_limit, name_limit; // lines
    struct ql_line quote[PANEL_LINES], name[PANEL_LINES];
    int quote_lines, name_lines;
    bool on_panel; // it must fit on the panel
    struct ql_layout layout;
};

static bool fits(void *context, const char *quote, const char *name)
{
    static const struct ql_ruler ruler = {NULL, count_columns};
    struct terminal_page *page = context;

    if (page->on_panel && ql_layout_write(&page->layout, quote, name) != QL_LAYOUT_DONE) {
        return false;
    }
    // This is repeated with the name: by then the quote has moved, if it was chosen from several.
    page->quote_lines = ql_lines_write(page->quote, page->quote_limit, quote, page->quote_width, &ruler);
    if (name == NULL || page->quote_lines == 0) {
        return page->quote_lines > 0;
    }
    page->name_lines = ql_lines_write(page->name, page->name_limit, name, page->name_width, &ruler);
    return page->name_lines > 0;
}

static void print_lines(const struct ql_line *lines, int count, int indent, const char *mark)
{
    for (int i = 0; i < count; i++) {
        (void)printf("%*s%s", indent, "", i == 0 ? mark : "");
        ql_terminal_write(lines[i].text, lines[i].bytes);
        (void)putchar('\n');
    }
}

static int fail(const char *why)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "quotes: %s\n", why);
    return EXIT_FAILED;
}

static int fail_unfit(const char *what)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "quotes: none of %d %s fits; try another --seed, a lower --temperature or a larger --width\n",
                  QL_PAGE_ATTEMPTS, what);
    return EXIT_FAILED;
}

// Shows a frame according to the settings. `number` is that of the page, from 1.
static int show_frame(const uint8_t *frame, const struct settings *settings, int number)
{
    if (settings->preview) {
        const char *no_color = getenv("NO_COLOR");
        ql_picture_print(stdout, frame, isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0'));
    }
    if (settings->png == NULL) {
        return EXIT_DONE;
    }
    char path[PATH_MAX];
    int length = (int)strlen(settings->png);
    const char *end = length > 4 && strcmp(settings->png + length - 4, ".png") == 0 ? ".png" : "";
    if (settings->count == 1 || settings->console) {
        length = snprintf(path, sizeof path, "%s", settings->png);
    } else {
        length = snprintf(path, sizeof path, "%.*s-%0*d%s", length - (int)strlen(end), settings->png,
                          snprintf(NULL, 0, "%d", settings->count), number, end);
    }
    const char *why = length < (int)sizeof path ? ql_picture_save(path, frame) : "the name is too long";
    if (why != NULL) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "quotes: cannot write the picture '%s': %s\n", path, why);
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

static int print_pages(const struct ql_models *models, const struct settings *settings)
{
    static struct ql_page page;
    static struct terminal_page terminal;
    static uint8_t frame[QL_FRAME_BYTES];
    const struct ql_page_plan plan = {
        .quotes = models->quotes,
        .names = models->names,
        .sampling = &settings->sampling,
        .fits = fits,
        .context = &terminal,
        .attempts = QL_PAGE_ATTEMPTS,
        .best = settings->best,
        .shortest = settings->min_length,
    };

    terminal.on_panel = settings->png != NULL || settings->preview;
    terminal.quote_width = settings->width;
    terminal.quote_limit = terminal.on_panel ? PANEL_LINES : QUOTE_LINES;
    terminal.name_width = settings->width > NAME_INDENT + 3 ? settings->width - NAME_INDENT - 3 : 1;
    terminal.name_limit = terminal.on_panel ? PANEL_LINES : NAME_LINES;
    for (int i = 0; i < settings->count && ferror(stdout) == 0; i++) {
        switch (ql_page_write(&page, &plan, ql_page_seed(settings->seed, (uint32_t)i))) {
        case QL_PAGE_NO_QUOTE:
            return fail_unfit("quotes");
        case QL_PAGE_NO_NAME:
            return fail_unfit("names");
        case QL_PAGE_NOT_FINITE:
            return fail("a model's output is not a finite number");
        default:
            break;
        }
        (void)fputs(i == 0 ? "" : "\n", stdout);
        print_lines(terminal.quote, terminal.quote_lines, 0, "");
        print_lines(terminal.name, terminal.name_lines, NAME_INDENT, "-- ");
        if (terminal.on_panel) {
            ql_layout_draw(frame, &terminal.layout);
            if (show_frame(frame, settings, i + 1) != EXIT_DONE) {
                return EXIT_FAILED;
            }
            if (terminal.layout.missing > 0) {
                (void)fflush(stdout);
                (void)fprintf(stderr, "quotes: %d symbols are not in the typeface; a box stands for each\n",
                              terminal.layout.missing);
            }
        }
    }
    return EXIT_DONE;
}

static int print_stream(const struct ql_writer *writer, int length)
{
    int token = writer->model->begin;

    writer->model->reset(writer->state);
    for (int i = 0; i < length && ferror(stdout) == 0; i++) {
        token = writer->model->next(writer->state, token);
        if (token < 0) {
            return fail("the model's output is not a finite number");
        }
        const char *symbol = writer->model->symbol(token);
        ql_terminal_write(symbol, (int)strlen(symbol));
    }
    (void)putchar('\n');
    return EXIT_DONE;
}

// For the appliance, whose panel interface has no context parameter.
static const struct settings *shown_settings;
static int shown_exit_code;

static enum ql_panel_result take_frame(enum ql_panel_controller panel, const uint8_t *frame)
{
    (void)panel;
    if (show_frame(frame, shown_settings, 1) != EXIT_DONE) {
        shown_exit_code = EXIT_FAILED;
    }
    return QL_PANEL_DONE;
}

static int run_console(const struct settings *settings)
{
    static struct ql_appliance appliance;
    const struct ql_appliance_settings of_build = {
        .build = "host",
        .seeded = true,
        .seed = settings->seed,
        .sampling = settings->sampling,
        .best = settings->best,
        .interval_s = settings->counted ? 1 : 0,
        .panel = QL_PANEL_SSD1683,
        .show = take_frame,
    };
    const uint32_t pages = settings->counted ? (uint32_t)settings->count : UINT32_MAX;

    shown_settings = settings;
    ql_appliance_init(&appliance, &of_build);
    appliance.plan.shortest = settings->min_length;
    while (shown_exit_code == EXIT_DONE && appliance.pages_done < pages && ferror(stdout) == 0 &&
           !(appliance.state == QL_APPLIANCE_WAITING && ql_terminal_input_ended() && !settings->counted)) {
        ql_appliance_step(&appliance);
    }
    return shown_exit_code;
}

int main(int argc, char **argv)
{
    struct settings settings = {.sampling = {-1.0f, -1.0f, -1},
                                .count = 1,
                                .width = 60,
                                .length = 512,
                                .best = QUOTES_BEST,
                                .min_length = QL_PAGE_SHORTEST};
    struct ql_models models;
    bool end;

    int exit_code = read_options(&settings, &end, argc, argv);
    if (end) {
        return exit_code;
    }
    if (!settings.seeded) {
        settings.seed = ql_port_entropy();
    }
    // The bare stream uses the seed itself, like `quillet evaluate`. Each page has its own seed.
    ql_models_init(&models, &settings.sampling, settings.seed, settings.seed);
    if (settings.console) {
        exit_code = run_console(&settings);
    } else if (settings.raw) {
        exit_code = print_stream(settings.raw_names ? &models.names : &models.quotes, settings.length);
    } else {
        exit_code = print_pages(&models, &settings);
    }
    if (exit_code == EXIT_DONE && !settings.seeded) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "(seed %" PRIu32 ")\n", settings.seed);
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        (void)fprintf(stderr, "quotes: cannot write the result: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    return exit_code;
}
