// The contents of a run's log and samples: see run_history.h. Logs are in order, except after a training was resumed,
// so sorting is rare.
// Uses: the C library only.
#include "dashboard/run_history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const ql_history_columns[QL_HISTORY_COLUMNS] = {
    "epoch",          "step", "train_loss", "val_loss", "val_bits_per_char", "learning_rate", "chars_per_second",
    "elapsed_seconds"};

void ql_run_history_free(struct ql_run_history *history)
{
    free(history->rows);
    free(history->samples);
    *history = (struct ql_run_history){0};
}

static bool grow(void **array, size_t *room, size_t count, size_t size_bytes)
{
    if (count < *room) {
        return true;
    }
    const size_t larger = *room == 0 ? 64 : 2 * *room;
    void *moved = realloc(*array, larger * size_bytes);
    if (moved == NULL) {
        return false;
    }
    *array = moved;
    *room = larger;
    return true;
}

static double epoch_of(const struct ql_history_row *row)
{
    return row->values[QL_HISTORY_EPOCH];
}

bool ql_run_history_add_row(struct ql_run_history *history, const struct ql_history_row *row)
{
    void *rows = history->rows;
    const bool grown = grow(&rows, &history->row_room, history->row_count, sizeof *row);

    history->rows = rows;
    if (!grown) {
        return false;
    }
    if (history->row_count > 0 && epoch_of(row) <= epoch_of(&history->rows[history->row_count - 1])) {
        history->rows_unsorted = true;
    }
    history->rows[history->row_count++] = *row;
    return true;
}

bool ql_run_history_add_sample(struct ql_run_history *history, const struct ql_history_sample *sample)
{
    void *samples = history->samples;
    const bool grown = grow(&samples, &history->sample_room, history->sample_count, sizeof *sample);

    history->samples = samples;
    if (!grown) {
        return false;
    }
    if (history->sample_count > 0 && sample->epoch <= history->samples[history->sample_count - 1].epoch) {
        history->samples_unsorted = true;
    }
    history->samples[history->sample_count++] = *sample;
    return true;
}

typedef int compare_entries(const void *left, const void *right);

static int compare_rows(const void *left, const void *right)
{
    const double a = epoch_of(left), b = epoch_of(right);
    return (a > b) - (a < b);
}

static int compare_samples(const void *left, const void *right)
{
    const int64_t a = ((const struct ql_history_sample *)left)->epoch;
    const int64_t b = ((const struct ql_history_sample *)right)->epoch;
    return (a > b) - (a < b);
}

// A merge sort, since qsort need not keep the order of equal entries. If there is no memory for its scratch space, the
// entries stay unsorted. Returns how many remain when only the last of equal entries is kept.
static size_t sort(void *entries, size_t count, size_t size, compare_entries *compare)
{
    unsigned char *from = entries, *scratch = malloc(count * size + 1), *to = scratch;

    if (scratch == NULL) {
        return count;
    }
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t left = start, middle = start + width < count ? start + width : count, right = middle;
            const size_t end = middle + width < count ? middle + width : count;
            for (size_t k = start; k < end; k++) {
                const bool take_left =
                    left < middle && (right == end || compare(from + left * size, from + right * size) <= 0);
                memcpy(to + k * size, from + (take_left ? left++ : right++) * size, size);
            }
        }
        unsigned char *swap = from;
        from = to;
        to = swap;
    }
    size_t kept = 0;
    unsigned char *sorted = entries;
    if (from != sorted) {
        memcpy(sorted, from, count * size);
    }
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count || compare(sorted + i * size, sorted + (i + 1) * size) != 0) {
            memmove(sorted + kept++ * size, sorted + i * size, size);
        }
    }
    free(scratch);
    return kept;
}

void ql_run_history_sort(struct ql_run_history *history)
{
    if (history->rows_unsorted) {
        history->row_count = sort(history->rows, history->row_count, sizeof history->rows[0], compare_rows);
        history->rows_unsorted = false;
    }
    if (history->samples_unsorted) {
        history->sample_count =
            sort(history->samples, history->sample_count, sizeof history->samples[0], compare_samples);
        history->samples_unsorted = false;
    }
}

const struct ql_history_row *ql_run_history_best(const struct ql_run_history *history)
{
    const struct ql_history_row *best = NULL;

    for (size_t i = 0; i < history->row_count; i++) {
        const struct ql_history_row *row = &history->rows[i];
        if (best == NULL || row->values[QL_HISTORY_VAL_LOSS] < best->values[QL_HISTORY_VAL_LOSS]) {
            best = row;
        }
    }
    return best;
}

double ql_run_history_seconds(const struct ql_run_history *history)
{
    const size_t count = history->row_count < 6 ? history->row_count : 6;

    if (count == 0) {
        return 0.0;
    }
    const double *last = history->rows[history->row_count - 1].values;
    if (count == 1) {
        return last[QL_HISTORY_EPOCH] > 0.0 ? last[QL_HISTORY_ELAPSED] / last[QL_HISTORY_EPOCH] : 0.0;
    }
    const double *first = history->rows[history->row_count - count].values;
    return (last[QL_HISTORY_ELAPSED] - first[QL_HISTORY_ELAPSED]) / (double)(count - 1);
}

const struct ql_history_sample *ql_run_history_find_sample(const struct ql_run_history *history, int64_t epoch)
{
    size_t low = 0, high = history->sample_count;

    if (high == 0) {
        return NULL;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (history->samples[middle].epoch <= epoch) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return &history->samples[low > 0 ? low - 1 : 0];
}

static void write_row(FILE *stream, const struct ql_history_row *row, bool *begun)
{
    (void)fputs(*begun ? ",[" : "[", stream);
    for (int i = 0; i < QL_HISTORY_COLUMNS; i++) {
        (void)fprintf(stream, "%s%.*g", i == 0 ? "" : ",", i <= QL_HISTORY_STEP ? 17 : 9, row->values[i]);
    }
    (void)fputc(']', stream);
    *begun = true;
}

// 1, 2, 5, 10, 20, ...
static double find_stride(double epochs, int points)
{
    double power = 1.0;

    for (;; power *= 10.0) {
        for (int i = 0; i < 3; i++) {
            static const double steps[] = {1.0, 2.0, 5.0};
            if (epochs <= steps[i] * power * points) {
                return steps[i] * power;
            }
        }
    }
}

// The first row from that epoch on.
static size_t find_row(const struct ql_run_history *history, double epoch)
{
    size_t low = 0, high = history->row_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (epoch_of(&history->rows[middle]) < epoch) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void ql_run_history_thin(const struct ql_run_history *history, FILE *stream, double from, double to, int points)
{
    const size_t count = history->row_count;
    bool begun = false;

    // An open range ends where the rows end.
    if (count > 0) {
        from = fmax(from, epoch_of(&history->rows[0]));
        to = fmin(to, epoch_of(&history->rows[count - 1]));
    }
    const double stride = count > 0 && to >= from ? find_stride(to - from + 1.0, points) : 1.0;
    (void)fprintf(stream, "{\"stride\":%.17g,\"rows\":[", stride);
    for (size_t i = find_row(history, from); i < count && epoch_of(&history->rows[i]) <= to;) {
        const double end = (floor(epoch_of(&history->rows[i]) / stride) + 1.0) * stride;
        size_t low = i, high = i;
        for (; i < count && epoch_of(&history->rows[i]) < end && epoch_of(&history->rows[i]) <= to; i++) {
            const double loss = history->rows[i].values[QL_HISTORY_VAL_LOSS];
            low = loss < history->rows[low].values[QL_HISTORY_VAL_LOSS] ? i : low;
            high = loss > history->rows[high].values[QL_HISTORY_VAL_LOSS] ? i : high;
        }
        write_row(stream, &history->rows[low < high ? low : high], &begun);
        if (low != high) {
            write_row(stream, &history->rows[low < high ? high : low], &begun);
        }
    }
    (void)fputs("]}", stream);
}
