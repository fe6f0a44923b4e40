// Pictures of lines as SVG: see chart.h.
// Uses: base.
#include "study/chart.h"

#include <math.h>
#include <string.h>

#include "base/html_text.h"

// The picture in its own units; a page scales it. The plot is within the margins.
enum { WIDTH = 640, TOP = 34, BOTTOM = 52, LEFT = 62, RIGHT = 18, PLOT_HEIGHT = 236, LEGEND_ROW = 20 };
enum { PLOT_WIDTH = WIDTH - LEFT - RIGHT, TICK_DISTANCE = 30 };

// The mean width of a letter at the labels' size, for breaking the legend into rows.
static const double LETTER_WIDTH = 6.9;

// Eight hues in an order in which neighbors differ for all kinds of color vision (after Okabe and Ito), darker on a
// light background and lighter on a dark one.
const char ql_chart_style[] =
    ".chart{--c0:#0060a8;--c1:#c44e00;--c2:#00795a;--c3:#a3417f;--c4:#8a6d00;--c5:#1f8fc4;--c6:#6b4fa0;--c7:#5b6570;"
    "--ink:#1d2430;--soft:#5a6472;--grid:#e3e6ea;--level:#8b5e34;color:var(--ink)}\n"
    "@media(prefers-color-scheme:dark){.chart{--c0:#5db4f2;--c1:#ff9a57;--c2:#3fd0a4;--c3:#ea93c8;--c4:#e0c04a;"
    "--c5:#9fdcff;--c6:#b9a5ee;--c7:#a9b3bf;--ink:#e8eaee;--soft:#a8b0bb;--grid:#333a45;--level:#d9a878}}\n"
    ".chart text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--soft)}\n"
    ".chart .axis-label{fill:var(--ink)}\n"
    ".chart .grid{stroke:var(--grid);stroke-width:1}\n"
    ".chart .axis{stroke:var(--soft);stroke-width:1}\n"
    ".chart .line{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}\n"
    ".chart .bold{stroke-width:3.75}\n"
    ".chart .ring{fill:none;stroke-width:2}\n"
    ".chart .whisker{stroke-width:1.5;opacity:.7}\n"
    ".chart .level{stroke:var(--level);stroke-width:1.75;stroke-dasharray:6 4}\n"
    ".chart .level-band{fill:var(--level);opacity:.14}\n"
    ".chart .level-text{fill:var(--level)}\n"
    ".s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}"
    ".s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}\n"
    ".f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}"
    ".f4{fill:var(--c4)}.f5{fill:var(--c5)}.f6{fill:var(--c6)}.f7{fill:var(--c7)}\n";

// What one axis shows: from `low` to `high`, with a tick at every multiple of `step`.
struct scale {
    double low, high, step;
};

// The largest power of ten up to x > 0, by division: 0.01 is 1 / 100, which is the intended double.
static double power_of_ten_up_to(double x)
{
    double power = 1.0, divisor = 1.0;

    while (x >= power * 10.0 && power < 1e300) {
        power *= 10.0;
    }
    while (x < power / divisor && divisor < 1e300) {
        divisor *= 10.0;
    }
    return power / divisor;
}

// Steps of 1, 2 or 5 times a power of ten, at most `most` of them.
static struct scale make_scale(double low, double high, int most)
{
    static const double factors[] = {1.0, 2.0, 5.0, 10.0};

    if (!(high > low)) {
        high = low + (low == 0.0 ? 1.0 : fabs(low) * 0.1);
    }
    const double power = power_of_ten_up_to((high - low) / most);
    double step = 10.0 * power;
    for (int k = 3; k >= 0; k--) {
        if ((high - low) / (factors[k] * power) <= most) {
            step = factors[k] * power;
        }
    }
    return (struct scale){floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step};
}

static double x_place(const struct scale *scale, double x)
{
    return LEFT + (x - scale->low) / (scale->high - scale->low) * PLOT_WIDTH;
}

static double y_place(const struct scale *scale, double y)
{
    return TOP + (1.0 - (y - scale->low) / (scale->high - scale->low)) * PLOT_HEIGHT;
}

// As many digits as the steps need; without a step, as the value needs.
static void write_number(double value, double step, FILE *stream)
{
    int digits = 0;
    if (step == 0.0) {
        (void)fprintf(stream, "%g", value);
        return;
    }
    for (double scaled = step; digits < 6 && fabs(scaled - round(scaled)) > 1e-6; scaled *= 10.0) {
        digits++;
    }
    (void)fprintf(stream, "%.*f", digits, fabs(value) < step / 1000.0 ? 0.0 : value);
}

static void find_limits(const struct ql_chart *chart, struct scale *x, struct scale *y)
{
    double x_low = INFINITY, x_high = -INFINITY, y_high = 0.0;

    if (chart->level_label != NULL) {
        y_high = chart->level_high;
    }
    for (size_t s = 0; s < chart->series_count; s++) {
        for (size_t k = 0; k < chart->series[s].count; k++) {
            const struct ql_chart_point *point = &chart->series[s].points[k];
            x_low = fmin(x_low, point->x);
            x_high = fmax(x_high, point->x);
            y_high = fmax(y_high, point->high);
        }
    }
    if (!(x_low <= x_high)) {
        x_low = x_high = 0.0;
    }
    if (x_low == x_high) {
        x_low -= 0.5;
        x_high += 0.5;
    }
    *x = make_scale(x_low, x_high, 8);
    x->low = fmax(x->low, x_low - 0.04 * (x_high - x_low)); // no empty space next to the data
    x->high = fmin(x->high, x_high + 0.04 * (x_high - x_low));
    *y = make_scale(0.0, y_high > 0.0 ? y_high : 1e-4, 6);
    if (chart->percent && y->high > 1.0) {
        y->high = 1.0;
    }
}

static void write_x_tick(const struct scale *x, double value, double step, FILE *stream)
{
    const double place = x_place(x, value), bottom = TOP + PLOT_HEIGHT;

    (void)fprintf(stream, "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", place, place,
                  bottom, bottom + 5);
    (void)fprintf(stream, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", place, bottom + 20);
    write_number(value, step, stream);
    (void)fputs("</text>\n", stream);
}

static void write_axes(const struct ql_chart *chart, const struct scale *x, const struct scale *y, FILE *stream)
{
    const double bottom = TOP + PLOT_HEIGHT;

    for (int k = 0; y->low + k * y->step <= y->high * (1 + 1e-9); k++) {
        const double value = y->low + k * y->step, place = y_place(y, value);
        (void)fprintf(stream, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH - RIGHT,
                      place, place);
        (void)fprintf(stream, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 8, place + 4.5);
        write_number(chart->percent ? 100.0 * value : value, chart->percent ? 100.0 * y->step : y->step, stream);
        (void)fputs(chart->percent ? " %</text>\n" : "</text>\n", stream);
    }
    (void)fprintf(stream, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, WIDTH - RIGHT,
                  bottom, bottom);
    if (chart->markers && chart->series_count > 0) {
        const struct ql_chart_series *first = &chart->series[0];
        double free_from = 0.0;
        for (size_t k = 0; k < first->count; k++) {
            if (x_place(x, first->points[k].x) >= free_from) {
                write_x_tick(x, first->points[k].x, 0.0, stream);
                free_from = x_place(x, first->points[k].x) + TICK_DISTANCE;
            }
        }
    } else {
        const double first = ceil(x->low / x->step - 1e-9);
        for (int k = 0; (first + k) * x->step <= x->high + 1e-9 * x->step; k++) {
            write_x_tick(x, (first + k) * x->step, x->step, stream);
        }
    }
    (void)fprintf(stream, "<text class=\"axis-label\" x=\"%d\" y=\"%.1f\" text-anchor=\"middle\">",
                  LEFT + PLOT_WIDTH / 2, bottom + 42);
    ql_html_write_text(chart->x_label, stream);
    (void)fprintf(stream, "</text>\n<text class=\"axis-label\" x=\"%d\" y=\"18\">", 8);
    ql_html_write_text(chart->y_label, stream);
    (void)fputs("</text>\n", stream);
}

static void write_level(const struct ql_chart *chart, const struct scale *y, FILE *stream)
{
    if (chart->level_label == NULL) {
        return;
    }
    const double place = y_place(y, chart->level), high = y_place(y, fmin(chart->level_high, y->high)),
                 low = y_place(y, fmax(chart->level_low, y->low));
    (void)fprintf(stream, "<rect class=\"level-band\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>", LEFT, high,
                  PLOT_WIDTH, low - high);
    (void)fprintf(stream, "<line class=\"level\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, WIDTH - RIGHT,
                  place, place);
}

static void write_series(const struct ql_chart *chart, size_t s, const struct scale *x, const struct scale *y,
                         FILE *stream)
{
    const struct ql_chart_series *series = &chart->series[s];
    const int color = (int)(s % QL_CHART_SERIES_LIMIT);

    if (series->compared) {
        (void)fputs("<polyline class=\"line level\" points=\"", stream);
    } else {
        (void)fprintf(stream, "<polyline class=\"line%s s%d\" points=\"", series->emphasized ? " bold" : "", color);
    }
    for (size_t k = 0; k < series->count; k++) {
        (void)fprintf(stream, "%s%.1f,%.1f", k == 0 ? "" : " ", x_place(x, series->points[k].x),
                      y_place(y, series->points[k].y));
    }
    (void)fputs("\"/>\n", stream);
    for (size_t k = 0; k < series->count && series->marked != NULL; k++) {
        if (series->points[k].x == *series->marked) {
            (void)fprintf(stream, "<circle class=\"ring s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/>\n", color,
                          x_place(x, series->points[k].x), y_place(y, series->points[k].y));
        }
    }
    for (size_t k = 0; k < series->count; k++) {
        const struct ql_chart_point *point = &series->points[k];
        const double place = x_place(x, point->x), high = y_place(y, point->high), low = y_place(y, point->low);
        if (low - high > 1.0) {
            (void)fprintf(stream, "<line class=\"whisker s%d\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                          color, place, place, low, high);
        }
        if (chart->markers) {
            (void)fprintf(stream, "<circle class=\"f%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>\n", color, place,
                          y_place(y, point->y), series->emphasized ? "4.5" : "3");
        }
    }
}

// Entries side by side, in as many rows as they need. Returns the height; with a stream it draws them.
static double write_legend(const struct ql_chart *chart, double top, FILE *stream)
{
    const size_t count = chart->series_count + (chart->level_label != NULL);
    double x = LEFT, y = top;

    for (size_t k = 0; k < count; k++) {
        const bool level = k == chart->series_count || chart->series[k].compared;
        const char *label = k == chart->series_count ? chart->level_label : chart->series[k].label;
        const double width = 34.0 + LETTER_WIDTH * (double)strlen(label) + 18.0;
        if (x > LEFT && x + width > WIDTH) {
            x = LEFT;
            y += LEGEND_ROW;
        }
        if (stream != NULL && level) {
            (void)fprintf(stream, "<line class=\"level\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x, x + 26,
                          y, y);
        } else if (stream != NULL) {
            (void)fprintf(stream, "<line class=\"line%s s%d\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                          chart->series[k].emphasized ? " bold" : "", (int)(k % QL_CHART_SERIES_LIMIT), x, x + 26, y,
                          y);
        }
        if (stream != NULL) {
            (void)fprintf(stream, "<text%s x=\"%.1f\" y=\"%.1f\">", level ? " class=\"level-text\"" : "", x + 34,
                          y + 4.5);
            ql_html_write_text(label, stream);
            (void)fputs("</text>\n", stream);
        }
        x += width;
    }
    return y + LEGEND_ROW - top;
}

void ql_chart_write(const struct ql_chart *chart, bool standalone, FILE *stream)
{
    const double legend_top = TOP + PLOT_HEIGHT + BOTTOM + 12;
    const double height = legend_top + write_legend(chart, legend_top, NULL);
    struct scale x, y;

    find_limits(chart, &x, &y);
    (void)fprintf(stream, "<svg%s class=\"chart\" viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"",
                  standalone ? " xmlns=\"http://www.w3.org/2000/svg\"" : "", WIDTH, height);
    ql_html_write_text(chart->title, stream);
    (void)fputs("\">\n", stream);
    if (standalone) {
        (void)fprintf(stream,
                      "<style>\n%s.ground{fill:#fff}@media(prefers-color-scheme:dark){.ground{fill:#14181f}}\n"
                      "</style>\n<rect class=\"ground\" width=\"%d\" height=\"%.0f\"/>\n",
                      ql_chart_style, WIDTH, height);
    }
    write_axes(chart, &x, &y, stream);
    write_level(chart, &y, stream);
    for (int bold = 0; bold < 2; bold++) { // bold lines are drawn over the others
        for (size_t s = 0; s < chart->series_count; s++) {
            if (chart->series[s].emphasized == (bold != 0)) {
                write_series(chart, s, &x, &y, stream);
            }
        }
    }
    (void)write_legend(chart, legend_top, stream);
    (void)fputs("</svg>\n", stream);
}
