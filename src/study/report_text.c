// Texts that all readable forms of a report share: see report_text.h.
// Uses: jansson, study/report_view.
#include "study/report_text.h"

#include <inttypes.h>
#include <stdio.h>

// For counts from versions without measures of language.
static const char rule[] =
    "Real items are the yardstick: each item of the training text is compared with all the others, as if it were new. "
    "A "
    "setting is better the nearer its items come to that, in several respects: copies and near copies beyond those "
    "among real items, different items among as many as the text has, new words, known words, and the distribution of "
    "lengths. What is not in the table was not counted. The ranking follows the mean of the distances, in percentage "
    "points. It knows nothing of beauty: read the samples.";

static const char rule_of_language[] =
    "Real items are the yardstick: each item of the training text is compared with all the others, as if it were new. "
    "A "
    "setting is better the nearer its items come to that, in several respects: copies and near copies beyond those "
    "among real items, different items among as many as the text has, new words, known words, the distribution of "
    "lengths, sentences that parse, items whose words are all known, and items that repeat a longer word, compared "
    "with "
    "real ones of the same length. What is not in the table was not counted. The ranking follows the mean of the "
    "distances, in percentage points. It knows nothing of beauty: read the samples.";

const char *ql_report_rule(const struct ql_report_view *view)
{
    return view->has_distance[QL_DISTANCE_ECHOES] ? rule_of_language : rule;
}

size_t ql_report_columns(const struct ql_report_view *view, size_t cells[QL_REPORT_COLUMNS])
{
    const size_t T = view->temperature_count, best = view->ranking[0];
    const size_t first = view->series[view->cells[best].series].first;
    const size_t count = T < QL_REPORT_COLUMNS ? T : QL_REPORT_COLUMNS;
    bool seen = false;

    for (size_t k = 0; k < count; k++) {
        cells[k] = first + (count < 2 ? 0 : k * (T - 1) / (count - 1));
        seen = seen || cells[k] == best;
    }
    for (size_t k = 0; k < count && !seen; k++) { // the recommended one takes the place of its neighbor
        if (k + 1 == count || cells[k + 1] > best) {
            cells[k] = best;
            seen = true;
        }
    }
    return count;
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

void ql_report_write_cell_name(const struct ql_report_view *view, size_t number, char *text, size_t size)
{
    const json_t *cell = view->cells[number].json;

    (void)snprintf(text, size, "%.70s, temperature %g, top-p %g, top-k %g", ql_report_model_label(view, cell),
                   json_number_value(json_object_get(cell, "temperature")),
                   json_number_value(json_object_get(cell, "top_p")),
                   json_number_value(json_object_get(cell, "top_k")));
}

const char *ql_report_string(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

void ql_report_write_pair_setting(const json_t *pair, char *text, size_t size)
{
    (void)snprintf(text, size, "t = %g, top-p %g, top-k %g", json_number_value(json_object_get(pair, "temperature")),
                   json_number_value(json_object_get(pair, "top_p")),
                   json_number_value(json_object_get(pair, "top_k")));
}

// The effect decides, because p belongs to it: a few large differences can give the mean the other sign.
void ql_report_write_pair(const json_t *pair, char *text, size_t size)
{
    const double p = json_number_value(json_object_get(pair, "p"));
    const double effect = json_number_value(json_object_get(pair, "effect"));
    char pairs[32], probability[32];

    ql_report_write_count(pairs, (uint64_t)json_integer_value(json_object_get(pair, "matched")));
    (void)snprintf(probability, sizeof probability, p < 0.0001 ? "p < 0.0001" : "p = %.4f", p);
    (void)snprintf(text, size, "%s pairs of equal length, mean difference %+.3f symbols, effect %+.3f, %s: %s", pairs,
                   json_number_value(json_object_get(pair, "mean_difference")), effect, probability,
                   p >= 0.05      ? "the difference may be chance"
                   : effect > 0.0 ? "the first model tends to have more"
                                  : "the second model tends to have more");
}
