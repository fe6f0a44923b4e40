// The parts of a model that writes, around the graph's function: see source.h. They are symbols, state, sampler, and
// self-test; the kernels of the last two are files of device/.
// Uses: base, codegen, corpus, device/sampler_s32.h, onnx.
#include <inttypes.h>

#include "codegen/source.h"
#include "device/sampler_s32.h"

// A vocabulary of characters: an array of short strings.
static void write_symbols(const struct ql_source *w)
{
    const struct ql_vocabulary *vocabulary = &w->codegen->model->descriptor->vocabulary;
    unsigned char utf8[4];
    size_t longest = 1, column = QL_C_LINE_COLUMNS;

    for (int i = 0; i < vocabulary->count; i++) {
        size_t length = ql_utf8_encode(utf8, vocabulary->symbols[i]);
        longest = length > longest ? length : longest;
    }
    ql_source_template_write(w, w->source,
                             "// The symbols of the tokens, in UTF-8\nstatic const char $_symbols[@_SYMBOLS]");
    (void)fprintf(w->source, "[%zu] = {", longest + 1);
    for (int i = 0; i < vocabulary->count; i++) {
        const size_t widest = 4 * 4 + 4; // four bytes in octal, quotation marks, comma and space
        if (column + widest > QL_C_LINE_COLUMNS) {
            (void)fputs("\n   ", w->source);
            column = 3;
        }
        size_t length = ql_utf8_encode(utf8, vocabulary->symbols[i]);
        (void)fputc(' ', w->source);
        ql_c_string_write(w->source, utf8, length);
        (void)fputc(',', w->source);
        column += length == 1 && utf8[0] >= ' ' ? 6 : 4 * length + 4;
    }
    (void)fputs("\n};\n\n", w->source);
}

// A vocabulary with pieces: all strings one after another, and where each begins. The bytes are written as numbers: a
// string constant of that length would exceed what compilers must accept.
static void write_pieces(const struct ql_source *w)
{
    const struct ql_vocabulary *vocabulary = &w->codegen->model->descriptor->vocabulary;
    char bytes[QL_TOKEN_BYTES];
    size_t all = 0, size = 0;

    ql_source_template_write(w, w->source,
                             "// The strings of the tokens, in UTF-8, and where each begins\n"
                             "static const unsigned char $_strings[] = {");
    for (int token = 0; token < vocabulary->count; token++) {
        const size_t length = ql_vocabulary_write_token(vocabulary, token, bytes);
        (void)fputs("\n    ", w->source);
        for (size_t i = 0; i < length; i++) {
            (void)fprintf(w->source, "%u, ", (unsigned)(unsigned char)bytes[i]);
        }
        (void)fputs("0,", w->source);
        all += length + 1;
    }
    ql_source_template_write(w, w->source,
                             all <= UINT16_MAX ? "\n};\n\nstatic const uint16_t $_symbols[@_SYMBOLS] = {"
                                               : "\n};\n\nstatic const uint32_t $_symbols[@_SYMBOLS] = {");
    for (int token = 0; token < vocabulary->count; token++) {
        (void)fprintf(w->source, "%s%zu,", token % 16 == 0 ? "\n    " : " ", size);
        size += ql_vocabulary_write_token(vocabulary, token, bytes) + 1;
    }
    (void)fputs("\n};\n\n", w->source);
}

static void write_trace(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;

    ql_source_template_write(
        w, w->source,
        "// The first steps of a text, as they were when this file was made: what went in, and a hash of the "
        "logits\n"
        "static const struct {\n    uint16_t token;\n    uint32_t logits_hash;\n"
        "} $_trace[@_TRACE_STEPS] = {\n");
    for (int i = 0; i < model->trace_count; i += 5) {
        (void)fputs("   ", w->source);
        for (int k = i; k < i + 5 && k < model->trace_count; k++) {
            (void)fprintf(w->source, " {%d, 0x%08" PRIx32 "u},", model->trace[k].token, model->trace[k].logits_hash);
        }
        (void)fputc('\n', w->source);
    }
    (void)fputs("};\n\n", w->source);
}

static const char *logits_name(const struct ql_source *w)
{
    return w->outputs[w->codegen->model->roles.logits];
}

static const char *logits_type(const struct ql_source *w)
{
    return w->codegen->integer != NULL ? "int32_t" : "float";
}

// A token that resets the model's state leaves what the filter and the lexicon remember, so with one of them there is a
// function for the former alone.
static const char *reset_name(const struct ql_source *w)
{
    return ql_source_has_guard(w) ? "$_zero(" : "$_reset(";
}

static void write_reset(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;
    const bool has_guard = ql_source_has_guard(w);

    (void)fputs(has_guard ? "static void " : "void ", w->source);
    ql_source_template_write(w, w->source, reset_name(w));
    ql_source_template_write(w, w->source,
                             "struct $_state *state)\n"
                             "{\n");
    for (int k = 0; k < model->layout.part_count; k++) {
        const char *name = w->inputs[model->roles.states[k].input];
        (void)fprintf(w->source, "    memset(state->%s, 0, sizeof state->%s);\n", name, name);
    }
    if (model->layout.part_count == 0) {
        (void)fputs("    (void)state;\n", w->source);
    }
    (void)fputs("}\n\n", w->source);
    if (has_guard) {
        ql_source_template_write(w, w->source,
                                 "void $_reset(struct $_state *state)\n"
                                 "{\n"
                                 "    $_zero(state);\n");
        ql_source_filter_reset_write(w);
        (void)fputs("}\n\n", w->source);
    }
}

static void write_set(const struct ql_source *w)
{
    const struct ql_descriptor *descriptor = w->codegen->model->descriptor;
    const bool integer = w->codegen->integer != NULL;

    ql_source_template_write(w, w->source,
                             "void $_set(struct $_state *state, float temperature, float top_p, int top_k)\n"
                             "{\n");
    if (integer) {
        const uint32_t temperature = ql_sampler_units((float)descriptor->temperature, QL_SAMPLER_TEMPERATURE_ONE);
        const uint32_t top_p = ql_sampler_units((float)descriptor->top_p, QL_SAMPLER_SHARE_ONE);
        (void)fprintf(w->source,
                      "    state->temperature = ql_sampler_setting(temperature, QL_SAMPLER_TEMPERATURE_ONE, %" PRIu32
                      "u);\n"
                      "    state->top_p = ql_sampler_setting(top_p, QL_SAMPLER_SHARE_ONE, %" PRIu32 "u);\n",
                      temperature, top_p);
    } else {
        char temperature[QL_C_NUMBER_BYTES], top_p[QL_C_NUMBER_BYTES];
        ql_c_float_write(temperature, (float)descriptor->temperature);
        ql_c_float_write(top_p, (float)descriptor->top_p);
        (void)fprintf(w->source,
                      "    state->temperature = temperature < 0.0f ? %s : temperature;\n"
                      "    state->top_p = top_p < 0.0f ? %s : top_p;\n",
                      temperature, top_p);
    }
    (void)fprintf(w->source, "    state->top_k = top_k < 0 ? %d : top_k;\n}\n\n", descriptor->top_k);
}

static void write_init(const struct ql_source *w)
{
    ql_source_template_write(w, w->source,
                             w->unit->caller_workspace
                                 ? "void $_init(struct $_state *state, union $_workspace *workspace, uint32_t seed)\n"
                                 : "void $_init(struct $_state *state, uint32_t seed)\n");
    ql_source_template_write(w, w->source,
                             "{\n"
                             "    struct ql_random random;\n\n"
                             "    ql_random_init(&random, seed);\n"
                             "    memcpy(state->random, random.state, sizeof state->random);\n");
    ql_source_template_write(w, w->source, "    $_set(state, -1.0f, -1.0f, -1);\n");
    ql_source_template_write(w, w->source, w->unit->caller_workspace ? "    state->workspace = workspace;\n" : "");
    ql_source_template_write(w, w->source,
                             "    $_reset(state);\n"
                             "}\n\n");
}

// The call of the graph's function, up to its closing parenthesis: each state is read and written in the same place.
static void write_run_call(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;
    const struct ql_graph *graph = w->program->graph;
    char text[2 * QL_C_IDENTIFIER_BYTES];
    struct ql_c_list list;

    (void)snprintf(text, sizeof text, ql_source_may_fail(w) ? "    if (!%s_run(" : "    %s_run(", w->prefix);
    ql_c_list_open(&list, w->source, text);
    if (w->unit->caller_workspace) {
        ql_c_list_add(&list, "state->workspace");
    }
    for (int i = 0; i < graph->input_count; i++) {
        if (w->inputs[i] != NULL) {
            (void)snprintf(text, sizeof text, "state->%s", w->inputs[i]);
            ql_c_list_add(&list, i == model->roles.tokens ? "tokens" : text);
        }
    }
    for (int i = 0; i < graph->output_count; i++) {
        const char *place = w->outputs[i];
        if (place == NULL) {
            continue; // a state that is updated in place
        }
        for (int k = 0; k < model->layout.part_count; k++) {
            if (model->roles.states[k].output == i) {
                place = w->inputs[model->roles.states[k].input];
            }
        }
        (void)snprintf(text, sizeof text, "state->%s", place);
        ql_c_list_add(&list, text);
    }
}

static void write_step(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;
    const struct ql_descriptor *descriptor = model->descriptor;
    const int token_value = w->program->graph->inputs[model->roles.tokens];

    (void)fprintf(w->source, "const %s *", logits_type(w));
    ql_source_template_write(w, w->source,
                             "$_step(struct $_state *state, int token)\n"
                             "{\n");
    if (model->roles.one_hot) {
        ql_source_template_write(w, w->source, "    float tokens[@_SYMBOLS] = {0};\n\n");
    } else {
        (void)fprintf(w->source, "    const %s tokens[1] = {token};\n\n",
                      ql_c_type(w->program->values[token_value].type));
    }
    ql_source_template_write(w, w->source,
                             "    if (token < 0 || token >= @_SYMBOLS) {\n"
                             "        return NULL;\n"
                             "    }\n");
    for (int i = 0; i < descriptor->reset_count; i++) {
        (void)fprintf(w->source, "%s%d", i == 0 ? "    if (token == " : " || token == ", descriptor->resets[i]);
    }
    if (descriptor->reset_count > 0) {
        (void)fputs(") { // each item begins with zero state\n        ", w->source);
        ql_source_template_write(w, w->source, reset_name(w));
        (void)fputs("state);\n    }\n", w->source);
    }
    ql_source_filter_step_write(w);
    if (model->roles.one_hot) {
        (void)fputs("    tokens[token] = 1.0f;\n", w->source);
    }
    write_run_call(w);
    (void)fputs(ql_source_may_fail(w) ? ")) {\n        return NULL;\n    }\n" : ");\n", w->source);
    (void)fprintf(w->source, "    return state->%s;\n}\n\n", logits_name(w));
}

static void write_next(const struct ql_source *w)
{
    const bool integer = w->codegen->integer != NULL, has_guard = ql_source_has_guard(w);

    ql_source_template_write(w, w->source, "int $_next(struct $_state *state, int token)\n{\n");
    (void)fprintf(w->source, "    const %s *", logits_type(w));
    ql_source_template_write(w, w->source, "logits = $_step(state, token);\n");
    ql_source_template_write(w, w->source,
                             w->unit->caller_workspace ? "    union $_workspace *const workspace = state->workspace;\n"
                                                       : "    union $_workspace *const workspace = ");
    if (!w->unit->caller_workspace) {
        ql_source_static_workspace_write(w, w->source);
        (void)fputs(";\n", w->source);
    }
    (void)fprintf(w->source, "    struct ql_sampler%s sampler;\n", integer ? "_s32" : "");
    ql_source_template_write(w, w->source,
                             "\n"
                             "    if (logits == NULL) {\n"
                             "        return -1;\n"
                             "    }\n");
    ql_source_filter_block_write(w);
    ql_source_template_write(w, w->source,
                             "    sampler.temperature = state->temperature;\n"
                             "    sampler.top_p = state->top_p;\n"
                             "    sampler.top_k = state->top_k;\n"
                             "    memcpy(sampler.random.state, state->random, sizeof state->random);\n"
                             "    int next = ");
    (void)fprintf(w->source,
                  "ql_sampler_step_%s(&sampler, logits, %s, workspace->sampler.weights,\n"
                  "                                   workspace->sampler.candidates, ",
                  integer ? "s32" : "f32", has_guard || ql_source_has_specials(w) ? "blocked" : "NULL");
    ql_source_template_write(w, w->source,
                             "@_SYMBOLS);\n"
                             "    memcpy(state->random, sampler.random.state, sizeof state->random);\n"
                             "    return next;\n"
                             "}\n\n"
                             "const char *$_symbol(int token)\n"
                             "{\n");
    ql_source_template_write(
        w, w->source,
        w->codegen->model->descriptor->vocabulary.piece_count > 0
            ? "    return token < 0 || token >= @_SYMBOLS ? \"\" : (const char *)&$_strings[$_symbols[token]];\n}\n"
            : "    return token < 0 || token >= @_SYMBOLS ? \"\" : $_symbols[token];\n}\n");
}

static void write_cost(const struct ql_source *w)
{
    ql_source_template_write(w, w->source,
                             "\nuint32_t $_cost(const struct $_state *state, int token)\n{\n"
                             "    return token < 0 || token >= @_SYMBOLS ? 0 : ");
    (void)fprintf(w->source, "ql_cost_%s(state->%s, token, ", w->codegen->integer != NULL ? "s32" : "f32",
                  logits_name(w));
    ql_source_template_write(w, w->source, "@_SYMBOLS);\n}\n");
}

static void write_check(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;

    ql_source_template_write(w, w->source,
                             w->unit->caller_workspace
                                 ? "\nint $_check(struct $_state *state, union $_workspace *workspace)\n{\n"
                                 : "\nint $_check(struct $_state *state)\n{\n");
    ql_source_template_write(w, w->source,
                             w->unit->caller_workspace ? "    $_init(state, workspace, " : "    $_init(state, ");
    (void)fprintf(w->source, "%" PRIu32 ");\n", model->trace_seed);
    ql_source_template_write(w, w->source,
                             "    int token = @_BEGIN;\n\n"
                             "    for (int i = 0; i < @_TRACE_STEPS; i++) {\n"
                             "        bool same = token == $_trace[i].token;\n"
                             "        token = $_next(state, token);\n");
    (void)fprintf(w->source, "        if (!same || ql_trace_hash_%s(state->%s, ",
                  w->codegen->integer != NULL ? "s32" : "f32", logits_name(w));
    ql_source_template_write(w, w->source,
                             "@_SYMBOLS) != $_trace[i].logits_hash) {\n"
                             "            return i + 1;\n"
                             "        }\n"
                             "    }\n"
                             "    return 0;\n"
                             "}\n");
}

static int item_limit(const struct ql_text_model *model)
{
    const struct ql_text_rules rules = ql_descriptor_text_rules(model->descriptor);
    return ql_text_rules_item_limit(&rules, ql_state_layout_context(&model->layout));
}

// The members of struct ql_model_functions that take a state, as functions of a state of any model. Their names begin as
// that of no model may: those of a model X_any begin with X_any. Long because it is one text, in order.
static void write_functions(const struct ql_source *w)
{
    const bool caller_workspace = w->unit->caller_workspace, has_filter = ql_source_has_filter(w);
    const bool has_guard = ql_source_has_guard(w);
    const bool has_check = w->codegen->model->trace_count > 0;

    ql_source_template_write(w, w->source,
                             "\nstatic void ql_any_$_init(void *state, void *workspace, uint32_t seed)\n"
                             "{\n");
    ql_source_template_write(w, w->source,
                             caller_workspace
                                 ? "    $_init((struct $_state *)state, (union $_workspace *)workspace, seed);\n"
                                 : "    (void)workspace;\n    $_init((struct $_state *)state, seed);\n");
    ql_source_template_write(w, w->source,
                             "}\n\n"
                             "static void ql_any_$_reset(void *state)\n"
                             "{\n"
                             "    $_reset((struct $_state *)state);\n"
                             "}\n\n"
                             "static void ql_any_$_set(void *state, float temperature, float top_p, int top_k)\n"
                             "{\n"
                             "    $_set((struct $_state *)state, temperature, top_p, top_k);\n"
                             "}\n\n"
                             "static int ql_any_$_next(void *state, int token)\n"
                             "{\n"
                             "    return $_next((struct $_state *)state, token);\n"
                             "}\n\n"
                             "static uint32_t ql_any_$_cost(const void *state, int token)\n"
                             "{\n"
                             "    return $_cost((const struct $_state *)state, token);\n"
                             "}\n\n");
    if (has_guard) {
        ql_source_template_write(w, w->source,
                                 "static bool ql_any_$_may_end(const void *state, int token)\n"
                                 "{\n"
                                 "    return $_may_end((const struct $_state *)state, token);\n"
                                 "}\n\n");
    }
    if (has_filter) {
        ql_source_template_write(w, w->source,
                                 "static bool ql_any_$_refuses(const void *state)\n"
                                 "{\n"
                                 "    return $_refuses((const struct $_state *)state);\n"
                                 "}\n\n");
    }
    if (has_check) {
        ql_source_template_write(w, w->source, "static int ql_any_$_check(void *state, void *workspace)\n{\n");
        ql_source_template_write(w, w->source,
                                 caller_workspace
                                     ? "    return $_check((struct $_state *)state, (union $_workspace *)workspace);\n"
                                     : "    (void)workspace;\n    return $_check((struct $_state *)state);\n");
        (void)fputs("}\n\n", w->source);
    }
    ql_source_template_write(w, w->source,
                             "const struct ql_model_functions $_functions = {\n    sizeof(struct $_state), ");
    ql_source_template_write(w, w->source, caller_workspace ? "sizeof(union $_workspace)" : "0");
    ql_source_template_write(w, w->source, ", @_SYMBOLS, @_BEGIN, ");
    (void)fprintf(w->source, "%d, %" PRIu32 ",\n    ", item_limit(w->codegen->model), ql_source_lexicon_words(w));
    ql_source_template_write(
        w, w->source, "ql_any_$_init, ql_any_$_reset, ql_any_$_set, ql_any_$_next, ql_any_$_cost,\n    $_symbol, ");
    ql_source_template_write(w, w->source, has_guard ? "ql_any_$_may_end, " : "NULL, ");
    ql_source_template_write(w, w->source, has_filter ? "ql_any_$_refuses, " : "NULL, ");
    ql_source_template_write(w, w->source, has_check ? "ql_any_$_check,\n};\n" : "NULL,\n};\n");
}

// The tokens that stand for no text, as bits for the sampler.
static void write_specials(const struct ql_source *w)
{
    const struct ql_descriptor *descriptor = w->codegen->model->descriptor;
    const struct ql_text_rules rules = ql_descriptor_text_rules(descriptor);
    const int V = descriptor->vocabulary.count;
    uint32_t words[QL_VOCABULARY_LIMIT / 32];
    char name[QL_C_IDENTIFIER_BYTES];

    if (ql_text_rules_block(&rules, words, NULL, V) != NULL) {
        (void)fputs("// A bit for each token that stands for no text, and is never drawn\n", w->source);
        (void)snprintf(name, sizeof name, "%s_special", w->prefix);
        (void)ql_c_array_write(w->source, name, "", QL_ELEMENT_U32, words, (size_t)(V + 31) / 32);
        (void)fputc('\n', w->source);
    }
}

void ql_source_text_write(const struct ql_source *w)
{
    (void)fputc('\n', w->source);
    if (w->codegen->model->descriptor->vocabulary.piece_count > 0) {
        write_pieces(w);
    } else {
        write_symbols(w);
    }
    if (w->codegen->model->trace_count > 0) {
        write_trace(w);
    }
    write_specials(w);
    ql_source_filter_write(w);
    write_reset(w);
    write_set(w);
    write_init(w);
    write_step(w);
    write_next(w);
    write_cost(w);
    ql_source_filter_questions_write(w);
    if (w->codegen->model->trace_count > 0) {
        write_check(w);
    }
    write_functions(w);
}

// The states that are carried from token to token, the outputs, and the settings of the sampler.
static void write_members(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;
    const struct ql_graph *graph = w->program->graph;
    char shape[QL_C_LINE_COLUMNS];

    for (int k = 0; k < model->layout.part_count; k++) {
        const struct ql_state_part *part = &model->layout.parts[k];
        ql_source_shape_write(shape, sizeof shape, part->dims, part->rank);
        (void)fprintf(w->header, "    %s %s[%d]; // %s%s%s\n", ql_c_type(part->type),
                      w->inputs[model->roles.states[k].input], part->count > 0 ? part->count : 1, shape,
                      part->kind == QL_STATE_APPEND    ? ", of which a token writes one entry"
                      : part->kind == QL_STATE_COUNTER ? ", the tokens of the text"
                                                       : "",
                      w->codegen->integer != NULL ? ", of all layers, one after another" : "");
    }
    for (int i = 0; i < graph->output_count; i++) {
        const struct ql_program_value *value = &w->program->values[graph->outputs[i]];
        if (!ql_text_model_is_state(model, i)) {
            (void)fprintf(w->header, "    %s %s[%d];%s\n", ql_c_type(value->type), w->outputs[i],
                          value->count > 0 ? value->count : 1,
                          i != model->roles.logits      ? ""
                          : w->codegen->integer != NULL ? " // of the token that comes next, in units of 2^-10"
                                                        : " // of the token that comes next");
        }
    }
    (void)fputs(w->codegen->integer != NULL
                    ? "    uint32_t temperature; // in units of 1 / 4096; 0 always takes the likeliest token\n"
                      "    uint32_t top_p;       // in units of 1 / 65536, from 1 to 65536, which is off\n"
                      "    int top_k;            // >= 1; 0 is off\n"
                    : "    float temperature; // >= 0; 0 always takes the likeliest token\n"
                      "    float top_p;       // in (0, 1]; 1 is off\n"
                      "    int top_k;         // >= 1; 0 is off\n",
                w->header);
    (void)fputs("    uint32_t random[4];\n", w->header);
}

// Long because it is the text of a header, in order.
void ql_source_text_header_write(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;
    const bool caller_workspace = w->unit->caller_workspace;

    ql_source_template_write(w, w->header, "enum {\n");
    ql_source_template_write(w, w->header, "    @_SYMBOLS = ");
    (void)fprintf(w->header, "%d, // tokens are 0 to %d\n", model->descriptor->vocabulary.count,
                  model->descriptor->vocabulary.count - 1);
    ql_source_template_write(w, w->header, "    @_BEGIN = ");
    (void)fprintf(w->header, "%d, // the token from which a text begins\n",
                  ql_descriptor_text_rules(model->descriptor).first_token);
    if (model->trace_count > 0) {
        ql_source_template_write(w, w->header, "    @_TRACE_STEPS = ");
        (void)fprintf(w->header, "%d, // of the self-test\n", model->trace_count);
    }
    ql_source_template_write(w, w->header, "    @_LOGIT_UNITS = ");
    (void)fprintf(w->header, "%d, // of a logit, to 1\n};\n\ntypedef %s ", w->codegen->integer != NULL ? 1024 : 1,
                  logits_type(w));
    ql_source_template_write(w, w->header, "$_logit;\n\n");
    if (caller_workspace) {
        (void)fputs(
            "// Workspace: scratch memory. Nothing in it needs to last from call to call, so texts can share it.\n",
            w->header);
        ql_source_workspace_write(w, w->header);
        (void)fputc('\n', w->header);
    }
    ql_source_template_write(w, w->header,
                             "// One text that is being written. Any number of them can be written in turns.\n"
                             "struct $_state {\n");
    write_members(w);
    ql_source_filter_member_write(w);
    if (caller_workspace) {
        ql_source_template_write(w, w->header,
                                 "    union $_workspace *workspace; // must live as long as this is used\n");
    }
    ql_source_template_write(
        w, w->header,
        "};\n\n"
        "// Begins a text: resets the state to zeros and the sampler to the model's own settings, and seeds the\n"
        "// random numbers.\n"
        "void $_init(struct $_state *state, ");
    ql_source_template_write(
        w, w->header, caller_workspace ? "union $_workspace *workspace, uint32_t seed);\n\n" : "uint32_t seed);\n\n");
    ql_source_template_write(
        w, w->header,
        "// Resets the state to zeros, as at the beginning of a text. Settings and random numbers stay.\n"
        "void $_reset(struct $_state *state);\n\n"
        "// Sets how to draw: temperature >= 0, top_p in (0, 1], top_k >= 0. A negative value stands for the model's "
        "own.\n"
        "void $_set(struct $_state *state, float temperature, float top_p, int top_k);\n\n"
        "// Takes a token; returns the logits of the one that comes next, which are the state's. Returns NULL for\n"
        "// a token that is out of range.\n"
        "const ");
    (void)fputs(logits_type(w), w->header);
    ql_source_template_write(
        w, w->header,
        " *$_step(struct $_state *state, int token);\n\n"
        "// Takes a token and draws the one that comes next. Begin with @_BEGIN, then pass what was drawn.\n"
        "// Returns -1 for a token that is out of range");
    const bool may_block = ql_source_has_guard(w) || ql_source_has_specials(w),
               is_integer = w->codegen->integer != NULL;
    (void)fputs(!may_block   ? ""
                : is_integer ? ", or when all tokens are blocked"
                             : ", when all tokens are blocked",
                w->header);
    (void)fputs(is_integer ? ".\n" : ", or when the logits are not finite.\n", w->header);
    ql_source_template_write(
        w, w->header,
        "int $_next(struct $_state *state, int token);\n\n"
        "// Returns the cost of a token that was drawn by the call before: minus the logarithm of its probability,\n"
        "// in units of 2^-10 nats. Of several texts, the one that costs least per character is the\n"
        "// likeliest according to the model.\n"
        "uint32_t $_cost(const struct $_state *state, int token);\n\n"
        "// Returns the characters of a token, as a string in UTF-8; \"\" for a token that is out of range.\n"
        "const char *$_symbol(int token);\n");
    ql_source_filter_header_write(w);
    if (model->trace_count > 0) {
        ql_source_template_write(
            w, w->header,
            "\n// The self-test: writes a text whose tokens and logits are known to the last bit. Returns 0 "
            "when all agree,\n"
            "// otherwise the number of the first step that differs, from 1. Needs an init afterwards.\n"
            "int $_check(struct $_state *state");
        ql_source_template_write(w, w->header, caller_workspace ? ", union $_workspace *workspace);\n" : ");\n");
    }
    ql_source_template_write(w, w->header,
                             "\n// The functions above for programs that treat models of several types alike.\n"
                             "extern const struct ql_model_functions $_functions;\n");
}
