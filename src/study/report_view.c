// A study as its report sees it: see report_view.h.
// Uses: base, jansson, study/{cell,chart,statistics}.
#include "study/report_view.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/cell.h"

const char *const ql_report_distance_titles[QL_DISTANCE_COUNT] = {"copies", "repetitions", "new words", "known words",
                                                                  "lengths"};

// Bins of lengths: enough to see the form of a distribution, few enough that a training text fills them.
enum { BIN_COUNT = 24 };

// Cells whose distance is larger than the best by no more than this are called as good: half a point in a hundred is
// less than what a training text of some thousand items can tell.
static const double AS_GOOD = 0.005;

void ql_report_view_free(struct ql_report_view *view)
{
    ql_arena_free(&view->arena);
}

static double number_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static double share_of(const json_t *counts, const char *numerator, const char *denominator)
{
    const double below = (double)ql_cell_number(counts, denominator);
    return below == 0.0 ? 0.0 : (double)ql_cell_number(counts, numerator) / below;
}

void ql_report_write_count(char *text, uint64_t count)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    int place = 0;

    for (int k = 0; k < length; k++) {
        if (k > 0 && (length - k) % 3 == 0) {
            text[place++] = ',';
        }
        text[place++] = digits[k];
    }
    text[place] = '\0';
}

// --- Lengths ---

// The list of counts by length, in memory of the arena.
static uint64_t *read_lengths(struct ql_arena *arena, const json_t *counts, size_t *count)
{
    const json_t *list = json_object_get(counts, "lengths");
    uint64_t *lengths = ql_arena_take(arena, json_array_size(list) + 1, sizeof *lengths);

    *count = lengths == NULL ? 0 : json_array_size(list);
    for (size_t k = 0; k < *count; k++) {
        lengths[k] = (uint64_t)json_integer_value(json_array_get(list, k));
    }
    return lengths;
}

// A width with which the bins reach the length that 99 of 100 real items do not exceed.
static void choose_bins(struct ql_report_view *view, const uint64_t *lengths, size_t count)
{
    const double wanted = 0.99 * (double)ql_cell_number(view->own, "items");
    double passed = 0.0;
    size_t reach = 0;

    for (; reach < count && passed < wanted; reach++) {
        passed += (double)lengths[reach];
    }
    view->bin_width = (reach + BIN_COUNT - 1) / BIN_COUNT;
    view->bin_width = view->bin_width == 0 ? 1 : view->bin_width;
    view->bin_count = reach / view->bin_width + 2;
}

static double length_distance(const struct ql_report_view *view, const json_t *counts)
{
    struct ql_arena arena = {0};
    size_t own_count, count;
    const uint64_t *own = read_lengths(&arena, view->own, &own_count);
    const uint64_t *lengths = read_lengths(&arena, counts, &count);
    const double distance = ql_distance_variation(lengths, count, own, own_count, view->bin_width, view->bin_count);

    ql_arena_free(&arena);
    return distance;
}

// --- Ranking ---

static void measure_cell(const struct ql_report_view *view, struct ql_report_cell *cell)
{
    const json_t *own = view->own, *json = cell->json;
    const double copies = share_of(json, "copied", "items") + share_of(json, "near", "items") -
                          share_of(own, "copied", "items") - share_of(own, "near", "items");
    int parts = 0;

    cell->distances[QL_DISTANCE_COPIES] = fmax(0.0, copies);
    cell->distances[QL_DISTANCE_REPETITIONS] =
        fabs(share_of(json, "distinct_at_size", "size") - share_of(own, "distinct_at_size", "size"));
    cell->distances[QL_DISTANCE_NEW_WORDS] =
        fabs(share_of(json, "new_words", "words") - share_of(own, "new_words", "words"));
    cell->distances[QL_DISTANCE_KNOWN_WORDS] =
        fabs(share_of(json, "known_words", "words") - share_of(own, "known_words", "words"));
    cell->distances[QL_DISTANCE_LENGTHS] = length_distance(view, json);
    cell->distance = 0.0;
    for (int k = 0; k < QL_DISTANCE_COUNT; k++) {
        if (k != QL_DISTANCE_KNOWN_WORDS || view->has_known) {
            cell->distance += cell->distances[k];
            parts++;
        }
    }
    cell->distance /= parts;
}

static void rank_cells(struct ql_report_view *view)
{
    for (size_t k = 0; k < view->cell_count; k++) {
        size_t place = k;
        for (; place > 0 && view->cells[view->ranking[place - 1]].distance > view->cells[k].distance; place--) {
            view->ranking[place] = view->ranking[place - 1];
        }
        view->ranking[place] = k;
    }
}

// The series with the smallest distances, in their own order.
static void choose_series(struct ql_report_view *view)
{
    view->shown_count = 0;
    for (size_t s = 0; s < view->series_count; s++) {
        size_t better = 0;
        for (size_t other = 0; other < view->series_count; other++) {
            better += view->series[other].best < view->series[s].best ||
                      (other < s && view->series[other].best == view->series[s].best);
        }
        if (better < QL_CHART_SERIES_LIMIT) {
            view->shown[view->shown_count++] = s;
        }
    }
}

static bool differs(const struct ql_report_view *view, const char *name)
{
    for (size_t k = 1; k < view->cell_count; k++) {
        if (number_of(view->cells[k].json, name) != number_of(view->cells[0].json, name)) {
            return true;
        }
    }
    return false;
}

static const char *model_label(const struct ql_report_view *view, const json_t *cell)
{
    const json_t *models = json_object_get(view->study, "models");
    const char *label = json_string_value(
        json_object_get(json_array_get(models, (size_t)json_integer_value(json_object_get(cell, "model"))), "label"));
    return label == NULL ? "?" : label;
}

static void label_series(struct ql_report_view *view)
{
    const bool models = differs(view, "model"), shares = differs(view, "top_p"), counts = differs(view, "top_k");

    for (size_t s = 0; s < view->series_count; s++) {
        struct ql_report_series *series = &view->series[s];
        const json_t *cell = view->cells[series->first].json;
        char share[40] = "", count[40] = "";
        const bool named = models || !(shares || counts);
        if (shares) {
            (void)snprintf(share, sizeof share, "%stop-p %g", named ? ", " : "", number_of(cell, "top_p"));
        }
        if (counts) {
            (void)snprintf(count, sizeof count, "%stop-k %g", named || shares ? ", " : "", number_of(cell, "top_k"));
        }
        (void)snprintf(series->label, sizeof series->label, "%.70s%s%s", named ? model_label(view, cell) : "", share,
                       count);
    }
}

void ql_report_write_cell_name(const struct ql_report_view *view, size_t number, char *text, size_t size)
{
    const json_t *cell = view->cells[number].json;

    (void)snprintf(text, size, "%.70s, temperature %g, top-p %g, top-k %g", model_label(view, cell),
                   number_of(cell, "temperature"), number_of(cell, "top_p"), number_of(cell, "top_k"));
}

// --- Measures ---

// Those of every study. Readings are written for a person who knows the text, not statistics.
static const struct ql_report_measure common_measures[] = {
    {"copied", "Copies",
     "Items that stand in the training text, letter for letter. Low temperatures copy: they take the path that the "
     "text "
     "has worn.",
     "items that stand in the training text", "copied", "items", -1, true, true, true},
    {"near", "Near copies",
     "Items one edit away from one of the training text: a letter more, less, or another. Real items are held against "
     "all others of the text.",
     "items one letter away from one of the text", "near", "items", -1, true, true, true},
    {"distinct_at_size", "Variety",
     "Different items, when the model writes as many as the training text has. A model that bores says the same again "
     "and again.",
     "different items, among as many as the text has", "distinct_at_size", "size", -1, true, true, false},
    {"distinct", "Variety of all", "Different items among all that were generated.", "different items, among all",
     "distinct", "items", -1, true, false, false},
    {"new_words", "New words",
     "Words that are not in the training text. For real items: words that are in no other item. Above the line the "
     "model invents more than the world does, below it only shuffles.",
     "words that are not in the training text", "new_words", "words", -1, true, true, false},
    {"known_words", "Known words", "Words that are in the wordlist, whatever their case.",
     "words that are in the wordlist", "known_words", "words", -1, true, true, false},
    {"mean_length", "Length", "Mean length of an item, in symbols. The form of the distribution is below.",
     "symbols in an item, mean", "symbols", "items", -1, false, true, false},
    {"length_distance", "Lengths beside the text",
     "The share of items that would have to change their length for the distributions to be equal. Both are in bins.",
     "difference of the distributions of lengths", NULL, NULL, -1, true, false, false},
    {"repeated", "Words said twice",
     "Symbols of words that are more than once in their item, of all symbols: a measure of rhetoric, and of "
     "stammering.",
     "symbols in repeated words", "repeated_symbols", "symbols", -1, true, true, false},
};

// Whether there was a list of words, or a filter.
static bool has_listed(const json_t *settings)
{
    return json_is_string(json_object_get(settings, "words")) || json_is_string(json_object_get(settings, "filter"));
}

static void add_measures(struct ql_report_view *view)
{
    const json_t *settings = json_object_get(view->study, "settings");
    const json_t *patterns = json_object_get(settings, "patterns");

    for (size_t k = 0; k < sizeof common_measures / sizeof common_measures[0]; k++) {
        if (strcmp(common_measures[k].id, "known_words") != 0 || view->has_known) {
            view->measures[view->measure_count++] = common_measures[k];
        }
    }
    if (has_listed(settings)) {
        view->measures[view->measure_count++] = (struct ql_report_measure){
            "listed",
            "Listed words",
            "Items with a word of the list. Character models invent words, and some of them are on "
            "lists that the text was cleaned by.",
            "items with a listed word",
            "listed",
            "items",
            -1,
            true,
            true,
            true};
    }
    for (size_t k = 0; k < json_array_size(patterns) && view->measure_count < QL_MEASURE_LIMIT; k++) {
        struct ql_report_measure *measure = &view->measures[view->measure_count++];
        *measure = (struct ql_report_measure){.title = json_string_value(json_array_get(patterns, k)),
                                              .y_label = "items that contain it",
                                              .denominator = "items",
                                              .pattern = (int)k,
                                              .percent = true,
                                              .level = true,
                                              .independent = true};
        (void)snprintf(measure->id, sizeof measure->id, "pattern_%zu", k + 1);
    }
}

struct ql_chart_point ql_report_value(const struct ql_report_view *view, const struct ql_report_measure *measure,
                                      const json_t *counts)
{
    struct ql_chart_point point = {0};
    const uint64_t below = measure->denominator == NULL ? 0 : ql_cell_number(counts, measure->denominator);
    uint64_t above = 0;

    if (measure->pattern >= 0) {
        above =
            (uint64_t)json_integer_value(json_array_get(json_object_get(counts, "patterns"), (size_t)measure->pattern));
    } else if (measure->numerator != NULL) {
        above = ql_cell_number(counts, measure->numerator);
    }
    if (measure->denominator == NULL) {
        point.y = length_distance(view, counts);
    } else {
        point.y = below == 0 ? 0.0 : (double)above / (double)below;
    }
    point.low = point.high = point.y;
    if (measure->independent) {
        const struct ql_interval interval = ql_interval_wilson(above, below);
        point.low = interval.low;
        point.high = interval.high;
    }
    return point;
}

// --- Pictures ---

void ql_report_write_chart(const struct ql_report_view *view, const struct ql_report_measure *measure, bool standalone,
                           FILE *stream)
{
    const size_t T = view->temperature_count;
    struct ql_chart_series series[QL_CHART_SERIES_LIMIT];
    struct ql_chart_point *points;
    struct ql_arena arena = {0};
    const struct ql_chart_point level = ql_report_value(view, measure, view->own);
    char title[300];

    points = ql_arena_take(&arena, view->shown_count * T, sizeof *points);
    for (size_t s = 0; s < view->shown_count && points != NULL; s++) {
        const struct ql_report_series *from = &view->series[view->shown[s]];
        for (size_t t = 0; t < T; t++) {
            const struct ql_report_cell *cell = &view->cells[from->first + t];
            points[s * T + t] = ql_report_value(view, measure, cell->json);
            points[s * T + t].x = cell->temperature;
        }
        const bool best = view->cells[view->ranking[0]].series == view->shown[s];
        series[s] = (struct ql_chart_series){.label = from->label,
                                             .points = points + s * T,
                                             .count = T,
                                             .emphasized = best,
                                             .marked = best ? &view->cells[view->ranking[0]].temperature : NULL};
    }
    (void)snprintf(title, sizeof title, "%.200s, against temperature", measure->title);
    const struct ql_chart chart = {.title = title,
                                   .x_label = "temperature",
                                   .y_label = measure->y_label,
                                   .percent = measure->percent,
                                   .series = series,
                                   .series_count = points == NULL ? 0 : view->shown_count,
                                   .level_label = measure->level ? "real items" : NULL,
                                   .level = level.y,
                                   .level_low = level.low,
                                   .level_high = level.high,
                                   .markers = true};
    ql_chart_write(&chart, standalone, stream);
    ql_arena_free(&arena);
}

const char ql_report_lengths_reading[] =
    "How long items are: the training text, and the recommended model at some of its temperatures.";

static void bin_lengths(const struct ql_report_view *view, struct ql_chart_point *points, const json_t *counts)
{
    const json_t *list = json_object_get(counts, "lengths");
    const double total = (double)ql_cell_number(counts, "items");

    for (size_t bin = 0; bin + 1 < view->bin_count; bin++) {
        double sum = 0.0;
        for (size_t k = 0; k < view->bin_width; k++) {
            sum += (double)json_integer_value(json_array_get(list, bin * view->bin_width + k));
        }
        const double share = total == 0.0 ? 0.0 : sum / total;
        const double middle = ((double)bin + 0.5) * (double)view->bin_width - 0.5;
        points[bin] = (struct ql_chart_point){middle, share, share, share};
    }
}

void ql_report_write_lengths(const struct ql_report_view *view, bool standalone, FILE *stream)
{
    enum { TEMPERATURES = 3 };
    const struct ql_report_series *best = &view->series[view->cells[view->ranking[0]].series];
    const size_t T = view->temperature_count, count = view->bin_count - 1;
    const size_t shown = T < TEMPERATURES ? T : TEMPERATURES;
    struct ql_chart_series series[TEMPERATURES + 1];
    char labels[TEMPERATURES][48];
    struct ql_arena arena = {0};
    struct ql_chart_point *points = ql_arena_take(&arena, (shown + 1) * count, sizeof *points);

    for (size_t k = 0; k <= shown && points != NULL; k++) {
        struct ql_chart_point *line = points + k * count;
        series[k] =
            (struct ql_chart_series){.label = "training text", .points = line, .count = count, .compared = k == 0};
        if (k == 0) {
            bin_lengths(view, line, view->own);
            continue;
        }
        const struct ql_report_cell *cell =
            &view->cells[best->first + (shown < 2 ? 0 : (k - 1) * (T - 1) / (shown - 1))];
        (void)snprintf(labels[k - 1], sizeof labels[0], "temperature %g", cell->temperature);
        series[k].label = labels[k - 1];
        bin_lengths(view, line, cell->json);
    }
    char y_label[64];
    (void)snprintf(y_label, sizeof y_label, "items, in bins of %zu symbol%s", view->bin_width,
                   view->bin_width == 1 ? "" : "s");
    const struct ql_chart chart = {.title = "Distribution of lengths",
                                   .x_label = "symbols in an item",
                                   .y_label = y_label,
                                   .percent = true,
                                   .series = series,
                                   .series_count = points == NULL ? 0 : shown + 1};
    ql_chart_write(&chart, standalone, stream);
    ql_arena_free(&arena);
}

// --- Findings ---

static char *next_finding(struct ql_report_view *view)
{
    return view->findings[view->finding_count < QL_FINDING_LIMIT - 1 ? view->finding_count++ : view->finding_count];
}

enum { FINDING_BYTES = sizeof((struct ql_report_view *)0)->findings[0] };

// "top-p 0.9 and top-k 10", or what is on of them.
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
        (void)snprintf(text, size, "without top-p and top-k");
    }
}

static void find_best(struct ql_report_view *view)
{
    const struct ql_report_cell *best = &view->cells[view->ranking[0]];
    const json_t *cell = best->json, *own = view->own;
    const double near = share_of(cell, "copied", "items") + share_of(cell, "near", "items");
    char count[32], limits[80];

    write_limits(cell, limits, sizeof limits);
    (void)snprintf(view->headline, sizeof view->headline, "Take %.70s at temperature %g, %s.", model_label(view, cell),
                   best->temperature, limits);
    (void)snprintf(
        next_finding(view), FINDING_BYTES,
        "So set, its items are nearest to real ones, with a mean distance of %.1f points in a hundred: %.1f %% "
        "are copies or near copies (of real items, held against all others, %.1f %%), %.1f %% of the words are "
        "new (%.1f %%), and %.1f %% of the items would have to change their length.",
        100.0 * best->distance, 100.0 * near,
        100.0 * (share_of(own, "copied", "items") + share_of(own, "near", "items")),
        100.0 * share_of(cell, "new_words", "words"), 100.0 * share_of(own, "new_words", "words"),
        100.0 * best->distances[QL_DISTANCE_LENGTHS]);
    ql_report_write_count(count, ql_cell_number(cell, "size"));
    (void)snprintf(next_finding(view), FINDING_BYTES,
                   "Of the first %s items, %.1f %% are different (of the training text's, %.1f %%).", count,
                   100.0 * share_of(cell, "distinct_at_size", "size"),
                   100.0 * share_of(own, "distinct_at_size", "size"));
    if (view->has_known) {
        (void)snprintf(next_finding(view), FINDING_BYTES,
                       "%.1f %% of its words are in the wordlist; of those of real items, %.1f %%.",
                       100.0 * share_of(cell, "known_words", "words"), 100.0 * share_of(own, "known_words", "words"));
    }
}

// Appends to a text; what does not fit is left out.
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
        (void)snprintf(part, sizeof part, "%s%s (%.1f)", equals == 0 ? "As good, within half a point: " : "; ", name,
                       100.0 * view->cells[view->ranking[k]].distance);
        if (equals < 5) {
            append(text, FINDING_BYTES, part);
        }
    }
    append(text, FINDING_BYTES,
           equals == 0  ? "No other setting comes within half a point."
           : equals > 5 ? "; and others, see the ranking."
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
                               named++ == 0 ? "The other models come nearest so: " : "; ",
                               model_label(view, cell->json), cell->temperature, 100.0 * cell->distance);
                append(text, FINDING_BYTES, part);
            }
            break;
        }
    }
    if (text != NULL) {
        append(text, FINDING_BYTES, ".");
    }
}

// What the ends of the scale do, in the recommended series.
static void find_ends(struct ql_report_view *view)
{
    const struct ql_report_series *series = &view->series[view->cells[view->ranking[0]].series];
    const struct ql_report_cell *low = &view->cells[series->first],
                                *high = &view->cells[series->first + view->temperature_count - 1];

    if (view->temperature_count < 2) {
        return;
    }
    (void)snprintf(next_finding(view), FINDING_BYTES,
                   "At temperature %g it copies: %.1f %% stand in the text, and of the first items only %.1f %% are "
                   "different. At %g it invents: %.1f %% of the words are new.",
                   low->temperature, 100.0 * share_of(low->json, "copied", "items"),
                   100.0 * share_of(low->json, "distinct_at_size", "size"), high->temperature,
                   100.0 * share_of(high->json, "new_words", "words"));
}

static void find_listed(struct ql_report_view *view)
{
    const json_t *cell = view->cells[view->ranking[0]].json;
    char count[32], items[32];

    if (has_listed(json_object_get(view->study, "settings"))) {
        const struct ql_interval interval =
            ql_interval_wilson(ql_cell_number(cell, "listed"), ql_cell_number(cell, "items"));
        ql_report_write_count(count, ql_cell_number(cell, "listed"));
        ql_report_write_count(items, ql_cell_number(cell, "items"));
        (void)snprintf(
            next_finding(view), FINDING_BYTES,
            "%s of its %s items have a listed word (at most %.4f %%, with 95 %% confidence); of the training "
            "text's, %.4f %%.",
            count, items, 100.0 * interval.high, 100.0 * share_of(view->own, "listed", "items"));
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
    ql_report_write_count(items, ql_cell_number(view->own, "items"));
    char *text = view->pattern_findings[measure->pattern];
    (void)snprintf(
        text, FINDING_BYTES,
        "%.60s is in %s of the %s items of the training text: %.2f %% (95 %% interval %.2f to %.2f). Most often "
        "the model writes it at temperature %g: %.2f %% (%.2f to %.2f)",
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
    const double share = share_of(cell, "cut", "items");

    if (share > 0.001) {
        (void)snprintf(
            next_finding(view), FINDING_BYTES,
            "%.1f %% of its items were cut at %g symbols: a longer --max_length would show their true length.",
            100.0 * share, number_of(json_object_get(view->study, "settings"), "max_length"));
    }
}

// --- Together ---

enum ql_status ql_report_view_init(struct ql_report_view *view, json_t *study, struct ql_error *error)
{
    json_t *cells = json_object_get(study, "cells");
    const size_t count = json_array_size(cells);
    size_t own_count;

    *view = (struct ql_report_view){.study = study, .own = json_object_get(study, "corpus"), .cell_count = count};
    view->temperature_count = json_array_size(json_object_get(study, "temperatures"));
    view->series_count = view->temperature_count == 0 ? 0 : count / view->temperature_count;
    view->cells = ql_arena_take(&view->arena, count, sizeof view->cells[0]);
    view->ranking = ql_arena_take(&view->arena, count, sizeof view->ranking[0]);
    view->series = ql_arena_take(&view->arena, view->series_count, sizeof view->series[0]);
    view->shown = ql_arena_take(&view->arena, view->series_count, sizeof view->shown[0]);
    const uint64_t *own = read_lengths(&view->arena, view->own, &own_count);
    if (view->arena.exhausted || count == 0) {
        ql_report_view_free(view);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    view->has_known = json_is_string(json_object_get(json_object_get(study, "settings"), "wordlist"));
    choose_bins(view, own, own_count);
    for (size_t k = 0; k < count; k++) {
        struct ql_report_cell *cell = &view->cells[k];
        struct ql_report_series *series = &view->series[k / view->temperature_count];
        cell->json = json_array_get(cells, k);
        cell->series = k / view->temperature_count;
        cell->temperature = number_of(cell->json, "temperature");
        measure_cell(view, cell);
        if (k % view->temperature_count == 0) {
            *series = (struct ql_report_series){.first = k, .best = cell->distance};
        }
        series->best = fmin(series->best, cell->distance);
    }
    rank_cells(view);
    label_series(view);
    choose_series(view);
    add_measures(view);
    find_best(view);
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
    return QL_OK;
}
