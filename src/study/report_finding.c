// The findings of a study: see report_finding.h. Each function finds one thing and reports it in a sentence or a few.
// Uses: jansson, study/{study_cell,report_text,report_view,statistics}.
#include "study/report_finding.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/report_text.h"
#include "study/statistics.h"
#include "study/study_cell.h"

// Cells whose distance exceeds the best by at most this much are called equally good: half a percentage point is less
// than a training text of some thousand items can resolve.
static const double AS_GOOD = 0.005;

static double number_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static char *next_finding(struct ql_report_view *view)
{
    return view->findings[view->finding_count < QL_FINDING_LIMIT - 1 ? view->finding_count++ : view->finding_count];
}

enum { FINDING_BYTES = sizeof((struct ql_report_view *)0)->findings[0] };

// "top-p 0.9 and top-k 10", or whichever of them is on.
static void write_limits(const json_t *cell, char *text, size_t size)
{
    const double top_p = number_of(cell, "top_p"), top_k = number_of(cell, "top_k");

    if (top_p < 1.0 && top_k > 0.0) {
        (void)snprintf(text, size, "with top-p %g and top-k %g", top_p, top_k);
    } else if (top_p < 1.0) {
        (void)snprintf(text, size, "with top-p %g", top_p);
    } else if (top_k > 0.0) {
        (void)snprintf(text, size, "with top-k %g", top_k);
    } else {
        (void)snprintf(text, size, "without top-p or top-k");
    }
}

static void find_best(struct ql_report_view *view)
{
    const struct ql_report_cell *best = &view->cells[view->ranking[0]];
    const json_t *cell = best->json, *own = view->own;
    const double near = ql_study_cell_share(cell, "copied", "items") + ql_study_cell_share(cell, "near", "items");
    char count[32], limits[80];

    write_limits(cell, limits, sizeof limits);
    (void)snprintf(view->headline, sizeof view->headline, "Use %.70s at temperature %g, %s.",
                   ql_report_model_label(view, cell), best->temperature, limits);
    (void)snprintf(
        next_finding(view), FINDING_BYTES,
        "With these settings its items are nearest to real ones, at a mean distance of %.1f percentage points. %.1f %% "
        "of them are copies or near copies (%.1f %% of real items, each compared with all the others), %.1f %% of "
        "their words are new (%.1f %%), and %.1f %% of them would have to change their length to match the "
        "distribution of real ones.",
        100.0 * best->distance, 100.0 * near,
        100.0 * (ql_study_cell_share(own, "copied", "items") + ql_study_cell_share(own, "near", "items")),
        100.0 * ql_study_cell_share(cell, "new_words", "words"), 100.0 * ql_study_cell_share(own, "new_words", "words"),
        100.0 * best->distances[QL_DISTANCE_LENGTHS]);
    ql_report_write_count(count, ql_study_cell_number(cell, "size"));
    (void)snprintf(next_finding(view), FINDING_BYTES,
                   "Of its first %s items, %.1f %% are different; of as many items of the training text, %.1f %%.",
                   count, 100.0 * ql_study_cell_share(cell, "distinct_at_size", "size"),
                   100.0 * ql_study_cell_share(own, "distinct_at_size", "size"));
    if (view->has_known) {
        (void)snprintf(next_finding(view), FINDING_BYTES,
                       "%.1f %% of its words are in the wordlist; of the words of real items, %.1f %%.",
                       100.0 * ql_study_cell_share(cell, "known_words", "words"),
                       100.0 * ql_study_cell_share(own, "known_words", "words"));
    }
}

// Describes how readable its items are: sentences, known words, and repeated words.
static void find_language(struct ql_report_view *view)
{
    const json_t *cell = view->cells[view->ranking[0]].json, *own = view->own;
    const json_t *settings = json_object_get(view->study, "settings");

    if (view->has_distance[QL_DISTANCE_SENTENCES]) {
        const struct ql_interval interval =
            ql_interval_wilson(ql_study_cell_number(cell, "parsed_sentences"), ql_study_cell_number(cell, "sentences"));
        (void)snprintf(next_finding(view), FINDING_BYTES,
                       "%.1f %% of its sentences parse completely (95 %% interval %.1f to %.1f); of real ones, %.1f "
                       "%%. The parser "
                       "is %s.",
                       100.0 * ql_study_cell_share(cell, "parsed_sentences", "sentences"), 100.0 * interval.low,
                       100.0 * interval.high, 100.0 * ql_study_cell_share(own, "parsed_sentences", "sentences"),
                       ql_report_string(settings, "grammar"));
    } else if (*ql_report_string(settings, "no_sentences") != '\0') {
        (void)snprintf(next_finding(view), FINDING_BYTES, "No sentences were parsed: %s.",
                       ql_report_string(settings, "no_sentences"));
    }
    if (view->has_distance[QL_DISTANCE_KNOWN_ITEMS]) {
        (void)snprintf(
            next_finding(view), FINDING_BYTES,
            "All words are known in %.1f %% of its items, and in %.1f %% of real ones, each compared with the others.",
            100.0 * ql_study_cell_share(cell, "known_items", "items"),
            100.0 * ql_study_cell_share(own, "known_items", "items"));
    }
    if (view->has_distance[QL_DISTANCE_ECHOES]) {
        (void)snprintf(next_finding(view), FINDING_BYTES,
                       "%.1f %% of its items repeat a word of more than 3 letters; of real items of the same length, "
                       "%.1f %% do.",
                       100.0 * ql_study_cell_share(cell, "echoed_items", "items"),
                       100.0 * ql_study_cell_expected_echoes(cell, own));
    }
}

// Appends to a text; anything that does not fit is left out.
static void append(char *text, size_t size, const char *more)
{
    const size_t length = strlen(text);
    (void)snprintf(text + length, size - length, "%s", more);
}

static void find_equals(struct ql_report_view *view)
{
    char *text = next_finding(view);
    const double limit = view->cells[view->ranking[0]].distance + AS_GOOD;
    size_t equals = 0;
    char name[200], part[260];

    for (size_t k = 1; k < view->cell_count && view->cells[view->ranking[k]].distance <= limit; k++, equals++) {
        ql_report_write_cell_name(view, view->ranking[k], name, sizeof name);
        (void)snprintf(part, sizeof part, "%s%s (%.1f)",
                       equals == 0 ? "Equally good, within half a percentage point: " : "; ", name,
                       100.0 * view->cells[view->ranking[k]].distance);
        if (equals < 5) {
            append(text, FINDING_BYTES, part);
        }
    }
    append(text, FINDING_BYTES,
           equals == 0  ? "No other setting comes within half a percentage point."
           : equals > 5 ? "; and others: see the ranking."
                        : ".");
}

// Where each other model is at its best.
static void find_models(struct ql_report_view *view)
{
    const size_t models = json_array_size(json_object_get(view->study, "models"));
    char *text = models > 1 ? next_finding(view) : NULL;
    size_t named = 0;
    char part[200];

    for (size_t m = 0; m < models && text != NULL; m++) {
        for (size_t k = 0; k < view->cell_count; k++) {
            const struct ql_report_cell *cell = &view->cells[view->ranking[k]];
            if (json_integer_value(json_object_get(cell->json, "model")) != (json_int_t)m) {
                continue;
            }
            if (k > 0) {
                (void)snprintf(part, sizeof part, "%s%.70s at temperature %g (%.1f)",
                               named++ == 0 ? "The other models at their best: " : "; ",
                               ql_report_model_label(view, cell->json), cell->temperature, 100.0 * cell->distance);
                append(text, FINDING_BYTES, part);
            }
            break;
        }
    }
    if (text != NULL) {
        append(text, FINDING_BYTES, ".");
    }
}

// Both ends of the scale, in the recommended series: low temperatures tend to copy and to repeat, high ones to invent. How
// much this model does, the numbers say.
static void find_ends(struct ql_report_view *view)
{
    const struct ql_report_series *series = &view->series[view->cells[view->ranking[0]].series];
    const struct ql_report_cell *low = &view->cells[series->first],
                                *high = &view->cells[series->first + view->temperature_count - 1];

    if (view->temperature_count < 2) {
        return;
    }
    (void)snprintf(
        next_finding(view), FINDING_BYTES,
        "From temperature %g to %g, the share of its items that are in the training text goes from %.1f %% to "
        "%.1f %%, that of different items from %.1f %% to %.1f %%, and that of new words from %.1f %% to "
        "%.1f %%.",
        low->temperature, high->temperature, 100.0 * ql_study_cell_share(low->json, "copied", "items"),
        100.0 * ql_study_cell_share(high->json, "copied", "items"),
        100.0 * ql_study_cell_share(low->json, "distinct_at_size", "size"),
        100.0 * ql_study_cell_share(high->json, "distinct_at_size", "size"),
        100.0 * ql_study_cell_share(low->json, "new_words", "words"),
        100.0 * ql_study_cell_share(high->json, "new_words", "words"));
}

static void find_listed(struct ql_report_view *view)
{
    const json_t *cell = view->cells[view->ranking[0]].json;
    char count[32], items[32];

    if (ql_report_has_listed(view)) {
        const struct ql_interval interval =
            ql_interval_wilson(ql_study_cell_number(cell, "listed"), ql_study_cell_number(cell, "items"));
        ql_report_write_count(count, ql_study_cell_number(cell, "listed"));
        ql_report_write_count(items, ql_study_cell_number(cell, "items"));
        (void)snprintf(
            next_finding(view), FINDING_BYTES,
            "A listed word is in %s of its %s items (at most %.4f %%, with 95 %% confidence), and in %.4f %% of those "
            "of the training text.",
            count, items, 100.0 * interval.high, 100.0 * ql_study_cell_share(view->own, "listed", "items"));
    }
}

// One pattern: its share in the text, and where the model exaggerates it most and least.
static void find_pattern(struct ql_report_view *view, const struct ql_report_measure *measure)
{
    const struct ql_report_series *series = &view->series[view->cells[view->ranking[0]].series];
    const struct ql_chart_point own = ql_report_value(view, measure, view->own);
    size_t most = series->first, nearest = series->first;
    char count[32], items[32];

    for (size_t k = series->first; k < series->first + view->temperature_count; k++) {
        const double share = ql_report_value(view, measure, view->cells[k].json).y;
        most = share > ql_report_value(view, measure, view->cells[most].json).y ? k : most;
        if (fabs(share - own.y) < fabs(ql_report_value(view, measure, view->cells[nearest].json).y - own.y)) {
            nearest = k;
        }
    }
    const struct ql_chart_point top = ql_report_value(view, measure, view->cells[most].json);
    const struct ql_chart_point close = ql_report_value(view, measure, view->cells[nearest].json);
    const struct ql_chart_point set = ql_report_value(view, measure, view->cells[view->ranking[0]].json);
    ql_report_write_count(count, (uint64_t)json_integer_value(
                                     json_array_get(json_object_get(view->own, "patterns"), (size_t)measure->pattern)));
    ql_report_write_count(items, ql_study_cell_number(view->own, "items"));
    char *text = view->pattern_findings[measure->pattern];
    (void)snprintf(
        text, FINDING_BYTES,
        "%.60s is in %s of the %s items of the training text: %.2f %% (95 %% interval %.2f to %.2f). The model "
        "writes it most often at temperature %g: %.2f %% (%.2f to %.2f)",
        measure->title, count, items, 100.0 * own.y, 100.0 * own.low, 100.0 * own.high, view->cells[most].temperature,
        100.0 * top.y, 100.0 * top.low, 100.0 * top.high);
    char part[300];
    if (own.y > 0.0) {
        (void)snprintf(part, sizeof part, ", %.1f times as often as the text", top.y / own.y);
        append(text, FINDING_BYTES, part);
    }
    (void)snprintf(part, sizeof part,
                   ". It comes nearest to the text at %g: %.2f %% (%.2f to %.2f). At the recommended setting it is "
                   "%.2f %% (%.2f to %.2f).",
                   view->cells[nearest].temperature, 100.0 * close.y, 100.0 * close.low, 100.0 * close.high,
                   100.0 * set.y, 100.0 * set.low, 100.0 * set.high);
    append(text, FINDING_BYTES, part);
}

static void find_cut(struct ql_report_view *view)
{
    const json_t *cell = view->cells[view->ranking[0]].json;
    const double share = ql_study_cell_share(cell, "cut", "items");

    if (share > 0.001) {
        (void)snprintf(
            next_finding(view), FINDING_BYTES,
            "%.1f %% of its items were cut at %g symbols: a larger --max-length would show their true length.",
            100.0 * share, number_of(json_object_get(view->study, "settings"), "max_length"));
    }
}

void ql_report_find(struct ql_report_view *view)
{
    find_best(view);
    find_language(view);
    find_ends(view);
    find_equals(view);
    find_models(view);
    find_listed(view);
    find_cut(view);
    for (size_t k = 0; k < view->measure_count; k++) {
        if (view->measures[k].pattern >= 0) {
            find_pattern(view, &view->measures[k]);
            (void)snprintf(view->measures[k].reading, sizeof view->measures[k].reading, "%.690s",
                           view->pattern_findings[view->measures[k].pattern]);
        }
    }
}
