// The results of a sweep: see sweep_table.h.
// Uses: base, study/chart (style sheet), jansson, cli/sweep_plan.
#include "cli/sweep_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/html_text.h"
#include "base/memory_stream.h"
#include "study/chart.h"

// --- Rows ---

static double cost_of(const struct ql_sweep_row *row, enum ql_sweep_cost cost)
{
    switch (cost) {
    case QL_SWEEP_PARAMETERS:
        return row->parameters;
    case QL_SWEEP_FLASH:
        return row->flash_bytes;
    case QL_SWEEP_SECONDS:
        return row->seconds;
    default:
        return row->tokens_per_second;
    }
}

// A run that diverged, with more bits than a random guess among the largest possible number of tokens, would leave no
// room in a picture for the others.
static const double drawn_bits_limit = 16.0;

static bool row_is_drawn(const struct ql_sweep_row *row, enum ql_sweep_cost cost)
{
    return row->bits > 0.0 && row->bits <= drawn_bits_limit && cost_of(row, cost) > 0.0;
}

bool ql_sweep_row_is_best(const struct ql_sweep_row *rows, size_t count, size_t row, enum ql_sweep_cost cost)
{
    const double sign = cost == QL_SWEEP_SPEED ? -1.0 : 1.0;
    const double bits = rows[row].bits, own = sign * cost_of(&rows[row], cost);

    if (!row_is_drawn(&rows[row], cost)) {
        return false;
    }
    for (size_t k = 0; k < count; k++) {
        const double other = sign * cost_of(&rows[k], cost);
        if (row_is_drawn(&rows[k], cost) && rows[k].bits <= bits && other <= own &&
            (rows[k].bits < bits || other < own)) {
            return false;
        }
    }
    return true;
}

// Fewer bits first, then runs without bits, then in the order of runs.
static int row_by_bits(const void *left, const void *right)
{
    const struct ql_sweep_row *a = left, *b = right;

    if (a->bits != b->bits) {
        return a->bits == 0.0 ? 1 : b->bits == 0.0 ? -1 : a->bits < b->bits ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static void write_value(const json_t *value, FILE *stream)
{
    if (json_is_string(value)) {
        (void)fputs(json_string_value(value), stream);
    } else if (json_is_boolean(value)) {
        (void)fputs(json_is_true(value) ? "yes" : "no", stream);
    } else if (value != NULL) {
        (void)fprintf(stream, "%.9g", json_number_value(value));
    }
}

// A value in a CSV field, in quotation marks where necessary (RFC 4180).
static void write_csv_text(const char *text, FILE *stream)
{
    if (strpbrk(text, ",\"\n\r") == NULL) {
        (void)fputs(text, stream);
        return;
    }
    (void)fputc('"', stream);
    for (const char *c = text; *c != '\0'; c++) {
        (void)fputs(*c == '"' ? "\"\"" : (char[]){*c, '\0'}, stream);
    }
    (void)fputc('"', stream);
}

// The value of a varied option as text; the caller frees it.
static char *value_text(const struct ql_sweep_row *row, const char *name)
{
    struct ql_memory_stream memory;

    if (!ql_memory_stream_open(&memory)) {
        return NULL;
    }
    write_value(json_object_get(row->arguments, name), memory.stream);
    return ql_memory_stream_close(&memory);
}

// --- CSV ---

static void write_csv(const struct ql_sweep_plan *plan, const struct ql_sweep_row *rows, size_t count, FILE *stream)
{
    json_t *name;
    size_t index;

    (void)fputs("run", stream);
    json_array_foreach(plan->varied, index, name)
    {
        (void)fprintf(stream, ",%s", json_string_value(name));
    }
    (void)fputs(",status,epochs,best_epoch,bits_per_character,parameters,flash_bytes,tokens_per_second,seconds\n",
                stream);
    for (size_t k = 0; k < count; k++) {
        const struct ql_sweep_row *row = &rows[k];
        (void)fputs(row->name, stream);
        json_array_foreach(plan->varied, index, name)
        {
            char *text = value_text(row, json_string_value(name));
            (void)fputc(',', stream);
            write_csv_text(text == NULL ? "" : text, stream);
            free(text);
        }
        (void)fputc(',', stream);
        write_csv_text(row->status, stream);
        (void)fprintf(stream, ",%d,%d,%.4f,%.0f,%.0f,%.1f,%.1f\n", row->epochs, row->best_epoch, row->bits,
                      row->parameters, row->flash_bytes, row->tokens_per_second, row->seconds);
    }
}

// --- Markdown ---

static void write_markdown(const struct ql_sweep_plan *plan, const struct ql_sweep_row *rows, size_t count,
                           FILE *stream)
{
    const char *weights = ql_weight_format_write(plan->limits.weights);
    json_t *name;
    size_t index;

    (void)fprintf(
        stream,
        "# A sweep over %zu models\n\nBits per character of the held-out text, best first. Flash and speed are "
        "those that the compiler predicts for an RP2040 at 125 MHz, with weights as %s. A row is **bold** "
        "when no other run is both smaller and better.\n\n| run |",
        count, strcmp(weights, "off") == 0 ? "float" : weights);
    json_array_foreach(plan->varied, index, name)
    {
        (void)fprintf(stream, " %s |", json_string_value(name));
    }
    (void)fputs(" status | epochs | best | bits | parameters | flash, bytes | tokens/s | training, s |\n| --- |",
                stream);
    for (size_t k = 0; k < json_array_size(plan->varied) + 8; k++) {
        (void)fputs(" --- |", stream);
    }
    (void)fputc('\n', stream);
    for (size_t k = 0; k < count; k++) {
        const struct ql_sweep_row *row = &rows[k];
        const char *bold = ql_sweep_row_is_best(rows, count, k, QL_SWEEP_PARAMETERS) ? "**" : "";
        (void)fprintf(stream, "| %s%s%s |", bold, row->name, bold);
        json_array_foreach(plan->varied, index, name)
        {
            char *text = value_text(row, json_string_value(name));
            (void)fputc(' ', stream);
            for (const char *c = text == NULL ? "" : text; *c != '\0'; c++) {
                (void)fputs(*c == '|' ? "\\|" : (char[]){*c, '\0'}, stream);
            }
            (void)fputs(" |", stream);
            free(text);
        }
        (void)fprintf(stream, " %s |", row->status);
        if (row->bits > 0.0) {
            (void)fprintf(stream, " %d | %d | %s%.4f%s |", row->epochs, row->best_epoch, bold, row->bits, bold);
        } else {
            (void)fputs(" - | - | - |", stream);
        }
        (void)fprintf(stream, " %.0f | %.0f | %.1f | %.1f |\n", row->parameters, row->flash_bytes,
                      row->tokens_per_second, row->seconds);
    }
}

// --- The page ---

static const char style[] =
    ":root{color-scheme:light dark}\n"
    "body{font:15px/1.45 system-ui,-apple-system,'Segoe UI',sans-serif;margin:0 auto;padding:24px;max-width:1360px;"
    "background:#fff;color:#1d2430}\n"
    "h1{font-size:1.5rem;margin:0 0 8px}p{max-width:75ch}\n"
    ".pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:20px;margin:20px "
    "0}\n"
    "figure{margin:0}figcaption{font-weight:600;margin:0 0 4px}svg{width:100%;height:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:4px 10px;text-align:right;border-bottom:1px solid #e3e6ea;white-space:nowrap}\n"
    "th{font-weight:600}td.word,th.word{text-align:left}tr.best td{font-weight:600}tr.out td{color:#5a6472}\n"
    ".front{fill:none;stroke:var(--c1);stroke-width:1.75}.dot{fill:var(--c0);opacity:.75}"
    ".early{fill:none;stroke:var(--c0);stroke-width:1.5;opacity:.75}.on-front{fill:var(--c1)}"
    ".early.on-front{fill:none;stroke:var(--c1);opacity:1}circle{pointer-events:all}"
    ".chart .name{font-size:11px;fill:var(--ink)}\n"
    ".scroll{overflow-x:auto}\n"
    "@media(prefers-color-scheme:dark){body{background:#15181d;color:#e8eaee}th,td{border-color:#333a45}"
    "tr.out td{color:#a8b0bb}}\n";

// An axis from `low` to `high`, linear, or logarithmic if the values differ by more than a factor of ten.
struct axis {
    double low, high;
    bool logarithmic;
};

enum { WIDTH = 600, HEIGHT = 360, LEFT = 72, RIGHT = 28, TOP = 14, BOTTOM = 50, TICK_LIMIT = 24 };

static struct axis make_axis(const struct ql_sweep_row *rows, size_t count, enum ql_sweep_cost cost, bool of_bits)
{
    struct axis axis = {INFINITY, -INFINITY, false};

    for (size_t k = 0; k < count; k++) {
        if (row_is_drawn(&rows[k], cost)) {
            const double value = of_bits ? rows[k].bits : cost_of(&rows[k], cost);
            axis.low = value < axis.low ? value : axis.low;
            axis.high = value > axis.high ? value : axis.high;
        }
    }
    axis.logarithmic = axis.low > 0.0 && axis.high > 10.0 * axis.low;
    if (!(axis.high > axis.low)) {
        axis.low *= 0.9;
        axis.high = axis.low > 0.0 ? axis.low / 0.9 * 1.1 : 1.0;
    }
    if (axis.logarithmic) {
        const double factor = pow(axis.high / axis.low, 0.06);
        return (struct axis){axis.low / factor, axis.high * factor, true};
    }
    const double room = 0.06 * (axis.high - axis.low);
    return (struct axis){axis.low - room > 0.0 ? axis.low - room : 0.0, axis.high + room, false};
}

// The position of a value between the ends of the axis, from 0 to 1.
static double axis_share(const struct axis *axis, double value)
{
    return axis->logarithmic ? log(value / axis->low) / log(axis->high / axis->low)
                             : (value - axis->low) / (axis->high - axis->low);
}

// Round values for the axis: multiples of 1, 2, or 5 times a power of ten, or, on a logarithmic axis, these numbers
// themselves.
static int axis_ticks(const struct axis *axis, double ticks[TICK_LIMIT])
{
    static const double factors[] = {1.0, 2.0, 5.0, 10.0};
    const bool decades_only = axis->logarithmic && axis->high > 3000.0 * axis->low;
    int count = 0;

    if (axis->logarithmic) {
        double power = pow(10.0, floor(log10(axis->low)));
        while (power < axis->high) {
            for (int k = 0; k < (decades_only ? 1 : 3) && count < TICK_LIMIT; k++) {
                const double tick = power * factors[k];
                if (tick >= axis->low && tick <= axis->high) {
                    ticks[count++] = tick;
                }
            }
            power *= 10.0;
        }
        return count;
    }
    const double range = axis->high - axis->low, power = pow(10.0, floor(log10(range / 6.0)));
    double step = 10.0 * power;
    for (int k = 3; k >= 0; k--) {
        step = range / (factors[k] * power) <= 6.0 ? factors[k] * power : step;
    }
    for (double n = ceil(axis->low / step); n * step <= axis->high && count < TICK_LIMIT; n++) {
        ticks[count++] = n * step;
    }
    return count;
}

static double x_of(const struct axis *axis, double value)
{
    return LEFT + axis_share(axis, value) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axis *axis, double value)
{
    return HEIGHT - BOTTOM - axis_share(axis, value) * (HEIGHT - TOP - BOTTOM);
}

// 1,234,567 as "1.23M", 45,600 as "45.6k".
static void write_short(double value, FILE *stream)
{
    if (value >= 1e6) {
        (void)fprintf(stream, "%.3gM", value / 1e6);
    } else if (value >= 1e3) {
        (void)fprintf(stream, "%.3gk", value / 1e3);
    } else {
        (void)fprintf(stream, "%.3g", value);
    }
}

static void write_axes(const struct axis *x, const struct axis *y, const char *label, FILE *stream)
{
    double ticks[TICK_LIMIT];
    int count = axis_ticks(x, ticks);

    for (int k = 0; k < count; k++) {
        const double across = x_of(x, ticks[k]);
        (void)fprintf(stream,
                      "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                      across, TOP, HEIGHT - BOTTOM, across, HEIGHT - BOTTOM + 18);
        write_short(ticks[k], stream);
        (void)fputs("</text>\n", stream);
    }
    count = axis_ticks(y, ticks);
    for (int k = 0; k < count; k++) {
        const double up = y_of(y, ticks[k]);
        (void)fprintf(stream,
                      "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.5g"
                      "</text>\n",
                      LEFT, up, WIDTH - RIGHT, LEFT - 8, up + 4.0, ticks[k]);
    }
    (void)fprintf(stream,
                  "<path class=\"axis\" fill=\"none\" d=\"M%d %dV%dH%d\"/>\n"
                  "<text class=\"axis-label\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s%s</text>\n"
                  "<text class=\"axis-label\" x=\"14\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 14 %d)\">"
                  "bits per character</text>\n",
                  LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, label,
                  x->logarithmic ? ", on a logarithmic axis" : "", (TOP + HEIGHT - BOTTOM) / 2,
                  (TOP + HEIGHT - BOTTOM) / 2);
}

// The front as steps: from each best row to the next one that is better and costs more. Rows are in order of increasing
// bits, so the costs of best rows decrease.
static void write_front(const struct ql_sweep_row *rows, size_t count, enum ql_sweep_cost cost, const struct axis *x,
                        const struct axis *y, FILE *stream)
{
    bool begun = false;

    (void)fputs("<path class=\"front\" d=\"", stream);
    for (size_t k = 0; k < count; k++) {
        if (ql_sweep_row_is_best(rows, count, k, cost)) {
            const double across = x_of(x, cost_of(&rows[k], cost)), down = y_of(y, rows[k].bits);
            if (begun) {
                (void)fprintf(stream, "V%.1fH%.1f", down, across);
            } else {
                (void)fprintf(stream, "M%.1f %.1f", across, down);
            }
            begun = true;
        }
    }
    (void)fputs("\"/>\n", stream);
}

static void write_dots(const struct ql_sweep_plan *plan, const struct ql_sweep_row *rows, size_t count,
                       enum ql_sweep_cost cost, const struct axis *x, const struct axis *y, FILE *stream)
{
    json_t *name;
    size_t index;

    for (size_t k = 0; k < count; k++) {
        const struct ql_sweep_row *row = &rows[k];
        if (!row_is_drawn(row, cost)) {
            continue;
        }
        const bool best = ql_sweep_row_is_best(rows, count, k, cost);
        const bool whole = strcmp(row->status, "finished") == 0 || strcmp(row->status, "stopped early") == 0;
        const double across = x_of(x, cost_of(row, cost)), down = y_of(y, row->bits);
        (void)fprintf(stream, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"><title>run %s: %.4f bits",
                      best    ? whole ? "on-front" : "early on-front"
                      : whole ? "dot"
                              : "early",
                      across, down, best ? 5 : 4, row->name, row->bits);
        json_array_foreach(plan->varied, index, name)
        {
            char *text = value_text(row, json_string_value(name));
            (void)fprintf(stream, ", %s ", json_string_value(name));
            ql_html_write_text(text == NULL ? "" : text, stream);
            free(text);
        }
        (void)fputs("</title></circle>\n", stream);
        if (best) {
            (void)fprintf(stream, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", across + 7.0, down - 6.0,
                          row->name);
        }
    }
}

static void write_picture(const struct ql_sweep_plan *plan, const struct ql_sweep_row *rows, size_t count,
                          enum ql_sweep_cost cost, FILE *stream)
{
    static const char *const labels[QL_SWEEP_COSTS] = {"parameters", "bytes of flash", "seconds of training",
                                                       "tokens a second on the chip"};
    const struct axis x = make_axis(rows, count, cost, false), y = make_axis(rows, count, cost, true);
    bool any = false;

    for (size_t k = 0; k < count; k++) {
        any = any || row_is_drawn(&rows[k], cost);
    }
    (void)fprintf(stream, "<figure><figcaption>Bits against %s</figcaption>\n", labels[cost]);
    if (any) {
        (void)fprintf(stream,
                      "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Bits per character against "
                      "%s\">\n",
                      WIDTH, HEIGHT, labels[cost]);
        write_axes(&x, &y, labels[cost], stream);
        write_front(rows, count, cost, &x, &y, stream);
        write_dots(plan, rows, count, cost, &x, &y, stream);
        (void)fputs("</svg>\n", stream);
    } else {
        (void)fputs("<p>No run has a result to draw here.</p>\n", stream);
    }
    (void)fputs("</figure>\n", stream);
}

static void write_row(const struct ql_sweep_plan *plan, const struct ql_sweep_row *rows, size_t count, size_t k,
                      FILE *stream)
{
    const struct ql_sweep_row *row = &rows[k];
    const bool best = ql_sweep_row_is_best(rows, count, k, QL_SWEEP_PARAMETERS);
    json_t *name;
    size_t index;

    (void)fprintf(stream, "<tr%s><td>%s</td>",
                  best              ? " class=\"best\""
                  : row->bits > 0.0 ? ""
                                    : " class=\"out\"",
                  row->name);
    json_array_foreach(plan->varied, index, name)
    {
        char *text = value_text(row, json_string_value(name));
        (void)fputs("<td>", stream);
        ql_html_write_text(text == NULL ? "" : text, stream);
        (void)fputs("</td>", stream);
        free(text);
    }
    (void)fputs("<td class=\"word\">", stream);
    ql_html_write_text(row->status, stream);
    if (row->bits > 0.0) {
        (void)fprintf(stream, "</td><td>%d</td><td>%d</td><td>%.4f</td>", row->epochs, row->best_epoch, row->bits);
    } else {
        (void)fputs("</td><td></td><td></td><td></td>", stream);
    }
    (void)fprintf(stream, "<td>%.0f</td><td>%.0f</td><td>%.1f</td><td>%.1f</td></tr>\n", row->parameters,
                  row->flash_bytes, row->tokens_per_second, row->seconds);
}

static void write_page(const struct ql_sweep_plan *plan, const struct ql_sweep_row *rows, size_t count, FILE *stream)
{
    const char *weights = ql_weight_format_write(plan->limits.weights);
    json_t *name;
    size_t index;

    (void)fprintf(
        stream,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Quillet: a sweep</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<main>\n"
        "<h1>A sweep over %zu models</h1>\n<p>Each dot is a run. The line is the Pareto front: no "
        "run is both cheaper and better than one on it. Hollow dots ended early or are still running. Flash and "
        "speed are those that the compiler predicts for an RP2040 at 125 MHz, with weights as %s.</p>\n"
        "<div class=\"pictures\">\n",
        style, ql_chart_style, count, strcmp(weights, "off") == 0 ? "float" : weights);
    for (int cost = 0; cost < QL_SWEEP_COSTS; cost++) {
        write_picture(plan, rows, count, (enum ql_sweep_cost)cost, stream);
    }
    (void)fputs("</div>\n<div class=\"scroll\"><table>\n<thead><tr><th>run</th>", stream);
    json_array_foreach(plan->varied, index, name)
    {
        (void)fprintf(stream, "<th>%s</th>", json_string_value(name));
    }
    (void)fputs("<th class=\"word\">status</th><th>epochs</th><th>best</th><th>bits</th><th>parameters</th>"
                "<th>flash, bytes</th><th>tokens/s</th><th>training, s</th></tr></thead>\n<tbody>\n",
                stream);
    for (size_t k = 0; k < count; k++) {
        write_row(plan, rows, count, k, stream);
    }
    (void)fputs("</tbody></table></div>\n</main>\n</body>\n</html>\n", stream);
}

// --- Files ---

typedef void write_function(const struct ql_sweep_plan *plan, const struct ql_sweep_row *rows, size_t count,
                            FILE *stream);

static enum ql_status open_file(struct ql_file_writer *writer, const char *folder, const char *file,
                                struct ql_error *error)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    return ql_file_writer_open_kind(writer, path, QL_FILE_IN_FOLDER, error);
}

enum ql_status ql_sweep_table_save(const char *folder, const struct ql_sweep_plan *plan,
                                   const struct ql_sweep_row *rows, size_t count, struct ql_error *error)
{
    const struct {
        const char *file;
        write_function *write;
        bool is_sorted;
    } tables[] = {
        {"sweep.csv", write_csv, false}, {"sweep.md", write_markdown, true}, {"sweep.html", write_page, true}};
    enum { TABLES = sizeof tables / sizeof tables[0] };
    struct ql_file_writer writers[TABLES] = {{0}};
    struct ql_sweep_row *sorted = malloc((count + 1) * sizeof sorted[0]);
    enum ql_status status = QL_OK;

    if (sorted == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the table");
    }
    memcpy(sorted, rows, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], row_by_bits);
    for (int k = 0; k < TABLES && status == QL_OK; k++) {
        if ((status = open_file(&writers[k], folder, tables[k].file, error)) == QL_OK) {
            tables[k].write(plan, tables[k].is_sorted ? sorted : rows, count, writers[k].stream);
        }
    }
    if (status == QL_OK) {
        status = ql_file_writers_close(writers, TABLES, error);
    }
    for (int k = 0; k < TABLES; k++) {
        ql_file_writer_reset(&writers[k]);
    }
    free(sorted);
    return status;
}
