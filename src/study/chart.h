// Draws lines over a common axis as SVG: values with their intervals, a reference level, and a legend. Colors come from
// CSS variables, so that a page and a standalone picture follow light and dark alike.
// Uses: the C library.
#ifndef QL_STUDY_CHART_H
#define QL_STUDY_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { QL_CHART_SERIES_LIMIT = 8 }; // as many as there are colors that can be told apart

struct ql_chart_point {
    double x, y;
    double low, high; // the interval; both equal to y for none
};

struct ql_chart_series {
    const char *label;
    const struct ql_chart_point *points;
    size_t count;
    bool compared;        // drawn like the reference level
    bool emphasized;      // drawn bolder than the others
    const double *marked; // the x of a point that gets a ring; NULL for none
};

struct ql_chart {
    const char *title; // for screen readers
    const char *x_label, *y_label;
    bool percent; // y is a share, shown in percent
    const struct ql_chart_series *series;
    size_t series_count;
    const char *level_label; // NULL for no level
    double level, level_low, level_high;
    bool markers; // a mark at each point, and a tick below it
};

// The style sheet of all charts: once in a page, and in every standalone picture.
extern const char ql_chart_style[];

// Writes the picture. `standalone`: as a file of its own.
void ql_chart_write(const struct ql_chart *chart, bool standalone, FILE *stream);

#endif
