// The data of a study in the form that its report needs: see report_view.h.
// Uses: base, jansson, study/{study_cell,statistics}.
#include "study/report_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/study_cell.h"

const char *const ql_report_distance_titles[QL_DISTANCE_COUNT] = {
    "copies", "repetitions", "new words", "known words", "lengths", "sentences", "known items", "echoes"};

// Bins of lengths: enough to show the shape of a distribution, few enough that a training text fills them.
enum { BIN_COUNT = 24, BIN_LIMIT = BIN_COUNT + 2 };

void ql_report_view_free(struct ql_report_view *view)
{
    ql_arena_free(&view->arena);
}

static double number_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

// --- Lengths ---

static size_t count_lengths(const json_t *counts)
{
    return json_array_size(json_object_get(counts, "lengths"));
}

// Writes the counts by length, and returns their number.
static size_t read_lengths(uint64_t *lengths, const json_t *counts)
{
    const json_t *list = json_object_get(counts, "lengths");
    const size_t count = json_array_size(list);

    for (size_t k = 0; k < count; k++) {
        lengths[k] = (uint64_t)json_integer_value(json_array_get(list, k));
    }
    return count;
}

// The width with which the bins reach the length that 99 of 100 real items do not exceed.
static void choose_bins(struct ql_report_view *view, const uint64_t *lengths, size_t count)
{
    const double wanted = 0.99 * (double)ql_study_cell_number(view->own, "items");
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
    const size_t count = read_lengths(view->lengths, counts);

    return ql_distance_variation(view->lengths, count, view->own_lengths, view->own_length_count, view->bin_width,
                                 view->bin_count);
}

// --- Ranking ---

// Chooses the distances for which the study has the counts.
static void choose_distances(struct ql_report_view *view)
{
    for (int k = 0; k < QL_DISTANCE_COUNT; k++) {
        view->has_distance[k] = true;
    }
    view->has_distance[QL_DISTANCE_KNOWN_WORDS] = view->has_known;
    view->has_distance[QL_DISTANCE_KNOWN_ITEMS] = view->has_known && ql_study_cell_has(view->own, "known_items");
    view->has_distance[QL_DISTANCE_ECHOES] = ql_study_cell_has(view->own, "echoed_items");
    view->has_distance[QL_DISTANCE_SENTENCES] = ql_study_cell_has(view->own, "parsed_sentences");
}

static void measure_cell(const struct ql_report_view *view, struct ql_report_cell *cell)
{
    const json_t *own = view->own, *json = cell->json;
    const double copies = ql_study_cell_share(json, "copied", "items") + ql_study_cell_share(json, "near", "items") -
                          ql_study_cell_share(own, "copied", "items") - ql_study_cell_share(own, "near", "items");
    int parts = 0;

    cell->distances[QL_DISTANCE_COPIES] = fmax(0.0, copies);
    cell->distances[QL_DISTANCE_REPETITIONS] = fabs(ql_study_cell_share(json, "distinct_at_size", "size") -
                                                    ql_study_cell_share(own, "distinct_at_size", "size"));
    cell->distances[QL_DISTANCE_NEW_WORDS] =
        fabs(ql_study_cell_share(json, "new_words", "words") - ql_study_cell_share(own, "new_words", "words"));
    cell->distances[QL_DISTANCE_KNOWN_WORDS] =
        fabs(ql_study_cell_share(json, "known_words", "words") - ql_study_cell_share(own, "known_words", "words"));
    cell->distances[QL_DISTANCE_LENGTHS] = length_distance(view, json);
    cell->distances[QL_DISTANCE_SENTENCES] = fabs(ql_study_cell_share(json, "parsed_sentences", "sentences") -
                                                  ql_study_cell_share(own, "parsed_sentences", "sentences"));
    cell->distances[QL_DISTANCE_KNOWN_ITEMS] =
        fabs(ql_study_cell_share(json, "known_items", "items") - ql_study_cell_share(own, "known_items", "items"));
    cell->distances[QL_DISTANCE_ECHOES] =
        fabs(ql_study_cell_share(json, "echoed_items", "items") - ql_study_cell_expected_echoes(json, own));
    cell->distance = 0.0;
    for (int k = 0; k < QL_DISTANCE_COUNT; k++) {
        if (view->has_distance[k]) {
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

const char *ql_report_model_label(const struct ql_report_view *view, const json_t *cell)
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
        (void)snprintf(series->label, sizeof series->label, "%.70s%s%s", named ? ql_report_model_label(view, cell) : "",
                       share, count);
    }
}

// --- Measures ---

// Those of every study. Explanations are written for a person who knows the text, but not statistics.
static const struct ql_report_measure common_measures[] = {
    {"copied", "Copies",
     "Items that are in the training text, letter for letter. Low temperatures copy: they prefer what the text says "
     "most "
     "often.",
     "items that are in the training text", "copied", "items", -1, true, true, true},
    {"near", "Near copies",
     "Items that differ from one in the training text by a single letter: one more, one fewer, or another one. Real "
     "items are compared with all the others.",
     "items one letter away from one in the text", "near", "items", -1, true, true, true},
    {"distinct_at_size", "Variety",
     "Different items, when the model writes as many as the training text has. A boring model says the same things "
     "again "
     "and again.",
     "different items, among as many as the text has", "distinct_at_size", "size", -1, true, true, false},
    {"distinct", "Variety of all", "Different items among all that were generated.", "different items, among all",
     "distinct", "items", -1, true, false, false},
    {"new_words", "New words",
     "Words that are not in the training text; for real items, words that are in no other item. Above the line, the "
     "model "
     "invents more than real items do; below it, it mostly rearranges words.",
     "words that are not in the training text", "new_words", "words", -1, true, true, false},
    {"known_words", "Known words", "Words that are in the wordlist, with or without capitals.",
     "words that are in the wordlist", "known_words", "words", -1, true, true, false},
    {"known_items", "Items of known words",
     "Items whose words are all known: in the training text (for real items, in another one of it), in the wordlist, "
     "or "
     "made of digits. A single unknown word spoils an item.",
     "items whose words are all known", "known_items", "items", -1, true, true, true},
    {"parsed_sentences", "Sentences that parse",
     "Sentences of at most 40 words in which Link Grammar finds a place for every word. Real texts have some that it "
     "cannot parse: fragments, headlines, old grammar.",
     "sentences that parse completely", "parsed_sentences", "sentences", -1, true, true, true},
    {"mean_length", "Length", "Mean length of an item, in symbols. The shape of the distribution is below.",
     "mean symbols in an item", "symbols", "items", -1, false, true, false},
    {"length_distance", "Lengths compared with the text",
     "The share of items that would have to change their length for the distributions to be equal, counted in bins.",
     "difference between the distributions of lengths", NULL, NULL, -1, true, false, false},
    {"repeated", "Words said twice",
     "Symbols in words that occur more than once in their item, as a share of all symbols: a measure of rhetoric, and "
     "of "
     "stammering.",
     "symbols in repeated words", "repeated_symbols", "symbols", -1, true, true, false},
    {"echoed_items", "Items that repeat a word",
     "Items in which a word of more than 3 letters occurs more than once. Longer items repeat more, so the ranking "
     "compares them with real items of the same length, not with the line.",
     "items that repeat a longer word", "echoed_items", "items", -1, true, true, true},
};

bool ql_report_has_listed(const struct ql_report_view *view)
{
    const json_t *settings = json_object_get(view->study, "settings");

    return json_is_string(json_object_get(settings, "words")) || json_is_string(json_object_get(settings, "filter"));
}

static void add_measures(struct ql_report_view *view)
{
    const json_t *settings = json_object_get(view->study, "settings");
    const json_t *patterns = json_object_get(settings, "patterns");

    for (size_t k = 0; k < sizeof common_measures / sizeof common_measures[0]; k++) {
        const struct ql_report_measure *measure = &common_measures[k];
        const bool counted = measure->numerator == NULL || ql_study_cell_has(view->own, measure->numerator);
        if (counted && (strncmp(measure->id, "known", 5) != 0 || view->has_known)) {
            view->measures[view->measure_count++] = *measure;
        }
    }
    if (ql_report_has_listed(view)) {
        view->measures[view->measure_count++] = (struct ql_report_measure){
            "listed",
            "Listed words",
            "Items with a word on the list. Character models invent words, and some of these are on the "
            "lists with which the text was cleaned.",
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
    const uint64_t below = measure->denominator == NULL ? 0 : ql_study_cell_number(counts, measure->denominator);
    uint64_t above = 0;

    if (measure->pattern >= 0) {
        above =
            (uint64_t)json_integer_value(json_array_get(json_object_get(counts, "patterns"), (size_t)measure->pattern));
    } else if (measure->numerator != NULL) {
        above = ql_study_cell_number(counts, measure->numerator);
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

// --- Together ---

// Allocates all memory of the report.
static bool take_memory(struct ql_report_view *view, const json_t *cells)
{
    const size_t count = view->cell_count, points = QL_REPORT_LENGTH_LINES * BIN_LIMIT;
    size_t most = count_lengths(view->own);

    for (size_t k = 0; k < count; k++) {
        const size_t lengths = count_lengths(json_array_get(cells, k));
        most = lengths > most ? lengths : most;
    }
    view->cells = ql_arena_take(&view->arena, count, sizeof view->cells[0]);
    view->ranking = ql_arena_take(&view->arena, count, sizeof view->ranking[0]);
    view->series = ql_arena_take(&view->arena, view->series_count, sizeof view->series[0]);
    view->shown = ql_arena_take(&view->arena, view->series_count, sizeof view->shown[0]);
    view->own_lengths = ql_arena_take(&view->arena, most + 1, sizeof view->own_lengths[0]);
    view->lengths = ql_arena_take(&view->arena, most + 1, sizeof view->lengths[0]);
    view->points = ql_arena_take(&view->arena, count > points ? count : points, sizeof view->points[0]);
    return !view->arena.exhausted;
}

enum ql_status ql_report_view_init(struct ql_report_view *view, json_t *study, struct ql_error *error)
{
    json_t *cells = json_object_get(study, "cells");
    const size_t count = json_array_size(cells);

    *view = (struct ql_report_view){.study = study, .own = json_object_get(study, "corpus"), .cell_count = count};
    view->temperature_count = json_array_size(json_object_get(study, "temperatures"));
    view->series_count = view->temperature_count == 0 ? 0 : count / view->temperature_count;
    if (!take_memory(view, cells) || count == 0) {
        ql_report_view_free(view);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    view->language = json_string_value(json_object_get(json_object_get(study, "settings"), "language"));
    view->has_known = json_is_string(json_object_get(json_object_get(study, "settings"), "wordlist"));
    choose_distances(view);
    view->own_length_count = read_lengths(view->own_lengths, view->own);
    choose_bins(view, view->own_lengths, view->own_length_count);
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
    return QL_OK;
}
