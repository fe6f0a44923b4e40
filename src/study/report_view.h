// A study as its report sees it: cells with their distances from real items, series of cells over temperature, and the
// measures that are pictured. report_finding.h adds the findings in words.
// Uses: base, jansson, study/{study_cell,chart,statistics}.
#ifndef QL_STUDY_REPORT_VIEW_H
#define QL_STUDY_REPORT_VIEW_H

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "study/chart.h"
#include "study/statistics.h"

// The distances by which a cell is ranked: how far its items are from real ones, each from 0 to 1.
enum ql_report_distance {
    QL_DISTANCE_COPIES,      // copies and near copies beyond those among real items
    QL_DISTANCE_REPETITIONS, // share of different items, among as many as the training text has
    QL_DISTANCE_NEW_WORDS,
    QL_DISTANCE_KNOWN_WORDS, // only with a wordlist
    QL_DISTANCE_LENGTHS,     // between the distributions
    QL_DISTANCE_SENTENCES,   // share that parses; only where the sentences were parsed
    QL_DISTANCE_KNOWN_ITEMS, // items whose words are all known; only with a wordlist
    QL_DISTANCE_ECHOES,      // items that repeat a longer word, beside real ones of the same length
    QL_DISTANCE_COUNT
};
extern const char *const ql_report_distance_titles[QL_DISTANCE_COUNT];

struct ql_report_cell {
    json_t *json;
    size_t series;
    double temperature;
    double distances[QL_DISTANCE_COUNT];
    double distance; // their mean
};

// The cells of one model with one top_p and top_k, by temperature.
struct ql_report_series {
    char label[160];
    size_t first; // cell
    double best;  // smallest distance of its cells
};

enum {
    QL_MEASURE_LIMIT = 32,
    QL_FINDING_LIMIT = 24,
    QL_REPORT_LENGTH_LINES = 4, // in the picture of lengths: the training text, and up to three temperatures
};

// One picture: a value of each cell.
struct ql_report_measure {
    char id[48];       // "copied": the name of the picture's file
    const char *title; // "Copies"
    char reading[700]; // how to read it
    const char *y_label;
    const char *numerator, *denominator; // counts of a cell; NULL for the distance of lengths
    int pattern;                         // number of the pattern, or -1
    bool percent, level;                 // `level`: shown beside that of real items
    bool independent;                    // of items, so that Wilson's interval holds
};

struct ql_report_view {
    const json_t *study, *own; // own: the counts of the training text
    const char *language;      // of the texts; NULL: not known
    struct ql_report_cell *cells;
    size_t cell_count, temperature_count;
    struct ql_report_series *series;
    size_t series_count;
    size_t *shown; // the series in the pictures, the best ones where there are more than colors
    size_t shown_count;
    size_t *ranking;             // cells, the best first
    size_t bin_width, bin_count; // of lengths
    bool has_known;
    bool has_distance[QL_DISTANCE_COUNT]; // the other distances are not part of the mean
    struct ql_report_measure measures[QL_MEASURE_LIMIT];
    size_t measure_count;
    // Empty until ql_report_find:
    char headline[400];                   // the answer
    char findings[QL_FINDING_LIMIT][900]; // the evidence, one or a few sentences each
    size_t finding_count;
    char pattern_findings[16][900]; // of each pattern
    // Allocated at the beginning, so that no part of the report can run out of memory: the training text's counts by
    // length, and room for those of any cell and for the points of any picture.
    uint64_t *own_lengths, *lengths;
    size_t own_length_count;
    struct ql_chart_point *points;
    struct ql_arena arena;
};

// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_report_view_init(struct ql_report_view *view, json_t *study, struct ql_error *error);
void ql_report_view_free(struct ql_report_view *view);

// A measure's value in a cell or in the training text's counts, with its interval where it has one.
struct ql_chart_point ql_report_value(const struct ql_report_view *view, const struct ql_report_measure *measure,
                                      const json_t *counts);

// The label of the model that a cell is of.
const char *ql_report_model_label(const struct ql_report_view *view, const json_t *cell);

// True when the study counted listed words: it had a list of words, or a filter.
bool ql_report_has_listed(const struct ql_report_view *view);

#endif
