// Compares the stages of a language model: see verification.h.
// Uses: base, device/sampler.h, verify/{stage,difference}.
#include "verify/verification.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ql_stage_close(struct ql_stage *stage)
{
    if (stage->close != NULL) {
        stage->close(stage);
    }
    *stage = (struct ql_stage){0};
}

bool ql_verdict_check(enum ql_verdict verdict)
{
    return verdict != QL_VERDICT_DIFFERS && verdict != QL_VERDICT_FAILED;
}

enum ql_status ql_verification_init(struct ql_verification *verification, struct ql_stage *first,
                                    struct ql_error *error)
{
    const size_t logit_count = (size_t)verification->T * (size_t)verification->V;
    const size_t text_count = (size_t)verification->draw_count * (size_t)verification->draw_length;
    enum ql_status status = QL_OK;

    verification->first = first;
    verification->logits = malloc((logit_count + 1) * sizeof verification->logits[0]);
    verification->texts = malloc((text_count + 1) * sizeof verification->texts[0]);
    if (verification->logits == NULL || verification->texts == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the texts; choose shorter ones");
    }
    if (status == QL_OK) {
        status = first->read(first, verification->logits, verification->tokens, verification->T, error);
    }
    for (size_t i = 0; i < logit_count && status == QL_OK; i++) {
        if (!isfinite(verification->logits[i])) {
            status = ql_error_write(error, QL_ERROR_NUMERIC,
                                    "%s: the logits after character %zu of the text are not finite numbers",
                                    first->name, i / (size_t)verification->V + 1);
        }
    }
    for (int d = 0; d < verification->draw_count && status == QL_OK; d++) {
        uint16_t *text = verification->texts + (size_t)d * (size_t)verification->draw_length;
        status = first->write(first, text, verification->draw_length, &verification->draws[d], error);
    }
    if (status != QL_OK) {
        ql_verification_free(verification);
    }
    return status;
}

void ql_verification_free(struct ql_verification *verification)
{
    free(verification->logits);
    free(verification->texts);
    verification->logits = NULL;
    verification->texts = NULL;
}

// True if the bits differ, or the numbers differ by more than the tolerance.
static bool differs(const struct ql_difference *difference, bool to_the_bit, double tolerance)
{
    return to_the_bit ? difference->unequal > 0 : difference->relative > tolerance;
}

static enum ql_status compare_logits(const struct ql_verification *v, struct ql_comparison *comparison,
                                     struct ql_stage *stage, struct ql_error *error)
{
    const size_t V = (size_t)v->V;
    float *logits = calloc((size_t)v->T * V + 1, sizeof logits[0]);

    if (logits == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the logits; choose a shorter text");
    }
    enum ql_status status = stage->read(stage, logits, v->tokens, v->T, error);
    for (int t = 0; t < v->T && status == QL_OK; t++) {
        struct ql_difference row = {0};
        ql_difference_step(&row, v->logits + (size_t)t * V, logits + (size_t)t * V, V);
        ql_difference_step(&comparison->difference, v->logits + (size_t)t * V, logits + (size_t)t * V, V);
        if (comparison->first_logits < 0 && differs(&row, stage->is_ours, v->tolerance)) {
            comparison->first_logits = t;
        }
    }
    if (status == QL_OK) {
        comparison->characters += (size_t)v->T;
    }
    free(logits);
    return status;
}

// What the sampler draws from given logits (T, V).
static enum ql_status draw_text(const struct ql_verification *v, uint16_t *text, const float *logits, int T,
                                const struct ql_draw *draw, struct ql_error *error)
{
    const int V = v->V;
    struct ql_sampler sampler = {.temperature = draw->temperature, .top_p = draw->top_p, .top_k = draw->top_k};
    uint32_t words[QL_VOCABULARY_LIMIT / 32];
    const uint32_t *blocked = ql_text_rules_block(v->rules, words, NULL, V);
    uint32_t *weights = calloc((size_t)V, sizeof weights[0]);
    uint16_t *candidates = calloc((size_t)V, sizeof candidates[0]);
    enum ql_status status = QL_OK;

    if (weights == NULL || candidates == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the sampler");
    }
    ql_random_init(&sampler.random, draw->seed);
    for (int t = 0; t < T && status == QL_OK; t++) {
        text[t] =
            (uint16_t)ql_sampler_step_f32(&sampler, logits + (size_t)t * (size_t)V, blocked, weights, candidates, V);
    }
    free(weights);
    free(candidates);
    return status;
}

// Two texts that were drawn from the same seed diverge at character k. Is it because the logits differ slightly and the
// draw fell just between them? Then the logits up to k, read by both stages, are within the tolerance, and our own
// sampler draws either text from them. Otherwise *message gives the reason.
static enum ql_status check_edge(const struct ql_verification *v, bool *is_edge, struct ql_comparison *comparison,
                                 struct ql_stage *stage, const uint16_t *ours, const uint16_t *theirs, int k,
                                 const struct ql_draw *draw, struct ql_error *error)
{
    const int T = k + 1;
    const size_t V = (size_t)v->V;
    uint16_t *tokens = malloc((size_t)T * sizeof tokens[0]);
    uint16_t *drawn = malloc((size_t)T * sizeof drawn[0]);
    float *our_logits = malloc((size_t)T * V * sizeof our_logits[0]);
    float *their_logits = malloc((size_t)T * V * sizeof their_logits[0]);
    struct ql_difference difference = {0};
    enum ql_status status = QL_OK;

    *is_edge = false;
    if (tokens == NULL || drawn == NULL || our_logits == NULL || their_logits == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compare two texts");
        goto done;
    }
    tokens[0] = (uint16_t)v->rules->first_token;
    memcpy(tokens + 1, ours, (size_t)k * sizeof tokens[0]);
    if ((status = v->first->read(v->first, our_logits, tokens, T, error)) != QL_OK ||
        (status = stage->read(stage, their_logits, tokens, T, error)) != QL_OK ||
        (status = draw_text(v, drawn, their_logits, T, draw, error)) != QL_OK) {
        goto done;
    }
    for (int t = 0; t < T; t++) {
        ql_difference_step(&difference, our_logits + (size_t)t * V, their_logits + (size_t)t * V, V);
    }
    if (differs(&difference, false, v->tolerance)) {
        (void)snprintf(comparison->message, sizeof comparison->message,
                       "text of seed %u: the logits differ by %.1e before character %d, where the texts part",
                       (unsigned)draw->seed, difference.absolute, k + 1);
    } else if (memcmp(drawn, theirs, (size_t)T * sizeof drawn[0]) != 0) {
        (void)snprintf(comparison->message, sizeof comparison->message,
                       "text of seed %u: the sampler differs: from the stage's own logits, ours draws something other "
                       "than what the stage wrote, at character %d",
                       (unsigned)draw->seed, k + 1);
    } else {
        *is_edge = true;
        (void)snprintf(comparison->message, sizeof comparison->message,
                       "text of seed %u: the draw of character %d fell between two symbols; the logits differ by %.1e "
                       "there",
                       (unsigned)draw->seed, k + 1, difference.absolute);
    }
done:
    free(tokens);
    free(drawn);
    free(our_logits);
    free(their_logits);
    return status;
}

static enum ql_status compare_texts(const struct ql_verification *v, struct ql_comparison *comparison,
                                    struct ql_stage *stage, struct ql_error *error)
{
    const int length = v->draw_length;
    uint16_t *text = malloc((size_t)length * sizeof text[0] + 1);
    enum ql_status status = QL_OK;

    if (text == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a text; choose a shorter --length");
    }
    for (int d = 0; d < v->draw_count && status == QL_OK; d++) {
        const uint16_t *expected = v->texts + (size_t)d * (size_t)length;
        int k = 0;

        memset(text, 0, (size_t)length * sizeof text[0]);
        status = stage->write(stage, text, length, &v->draws[d], error);
        while (status == QL_OK && k < length && text[k] == expected[k]) {
            k++;
        }
        if (status != QL_OK) {
            break;
        }
        comparison->characters += (size_t)length;
        if (k < length) {
            bool is_edge = false;
            if (!stage->is_ours) {
                status = check_edge(v, &is_edge, comparison, stage, expected, text, k, &v->draws[d], error);
            }
            comparison->edges += is_edge;
            if (!is_edge && comparison->first_draw < 0) {
                comparison->first_draw = d;
                comparison->first_character = k;
                break; // one text that differs is enough, and a later one would replace its message
            }
        }
    }
    free(text);
    return status;
}

enum ql_status ql_verification_step(const struct ql_verification *verification, struct ql_comparison *comparison,
                                    struct ql_stage *stage, struct ql_error *error)
{
    *comparison = (struct ql_comparison){.first_logits = -1, .first_draw = -1, .first_character = -1};
    enum ql_status status = compare_logits(verification, comparison, stage, error);
    if (status == QL_OK) {
        status = compare_texts(verification, comparison, stage, error);
    }
    if (status == QL_ERROR_SYSTEM) {
        return status;
    }
    if (status != QL_OK) {
        memcpy(comparison->message, error->message, sizeof comparison->message);
    }
    // Logits that differ are a better message than their consequences, such as a text that stops at a NaN.
    if (status != QL_OK && comparison->first_logits < 0) {
        comparison->verdict = QL_VERDICT_FAILED;
    } else if (comparison->first_logits >= 0 || comparison->first_draw >= 0) {
        comparison->verdict = QL_VERDICT_DIFFERS;
    } else if (stage->is_ours) {
        comparison->verdict = QL_VERDICT_SAME_BITS;
    } else {
        comparison->verdict = comparison->edges > 0 ? QL_VERDICT_SAME_EDGES : QL_VERDICT_SAME_WITHIN;
    }
    return QL_OK;
}
