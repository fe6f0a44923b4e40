// A model's part of a source while it is written. Inside src/codegen only; other folders use codegen.h.
// Uses: base, codegen/c_text, codegen/codegen_types, onnx.
#ifndef QL_CODEGEN_SOURCE_H
#define QL_CODEGEN_SOURCE_H

#include "codegen/c_text.h"
#include "codegen/codegen_types.h"

struct ql_source {
    const struct ql_codegen_unit *unit;
    const struct ql_codegen *codegen; // of the model
    const struct ql_program *program;
    const char *prefix; // codegen->name
    FILE *source, *header;
    char header_id[16]; // what the source compares the header with
    struct ql_codegen_size size;
    struct ql_arena arena; // of the names and of the arrays below
    struct ql_c_names names;
    struct ql_source_value {
        const char *name; // of a root: the C variable that holds it; NULL where none is needed
        bool as_bits;     // a constant whose values are in NAME.values
        bool is_output;   // an output of the graph lies in the storage of this root
        bool is_read;     // a call or an output of the graph uses the storage of this root
        bool is_written;  // an input that holds a state, which is updated in place
        bool declared;    // a variable in the workspace that stands in the source already
    } * values;           // (program->value_count)
    const char **inputs;  // (graph->input_count) parameters; NULL for an input that is a constant
    const char **outputs; // (graph->output_count) parameters; NULL for a state that comes out where it went in
};

// Writes `text`, in which $ stands for the name of the model and @ for the same in capitals.
void ql_source_template_write(const struct ql_source *w, FILE *stream, const char *text);

// "(1, 1, 128)", cut where it is longer than `room`.
void ql_source_shape_write(char *text, size_t room, const int *dims, int rank);

// Writes the place of the model's static workspace, as a pointer: "&names_static_workspace".
void ql_source_static_workspace_write(const struct ql_source *w, FILE *stream);

// Names everything in the source, in its order, and finds which roots are outputs and which are read. `models` are those
// of the unit, one of which is `w`; those before it have their names. Out of memory, names.arena says so.
void ql_source_names_init(struct ql_source *w, const struct ql_source *models);

// source_run.c: the type of the workspace; the declaration of the graph's function, up to its closing parenthesis; the
// function itself; and whether it returns a bool, which is false for inputs that it cannot work on, or nothing.
bool ql_source_may_fail(const struct ql_source *w);
void ql_source_workspace_write(const struct ql_source *w, FILE *stream);
void ql_source_signature_write(const struct ql_source *w, FILE *stream, bool is_static);
void ql_source_run_write(struct ql_source *w);

// source_integer.c: the text before the constants of an integer form, and a constant that consists of structures.
void ql_source_integer_head_write(const struct ql_source *w);
void ql_source_integer_constant_write(const struct ql_source *w, const char *name,
                                      const struct ql_program_value *value);

// source_text.c: the functions that a model that writes has besides the one of the graph, and its part of the header.
void ql_source_text_write(const struct ql_source *w);
void ql_source_text_header_write(const struct ql_source *w);

// source_lexicon.c: where a model that writes has a lexicon, its tables, and the statements that source_filter.c puts
// besides those of the filter; its member of the state; its bytes in flash.
bool ql_source_has_lexicon(const struct ql_source *w);
uint32_t ql_source_lexicon_words(const struct ql_source *w); // 0 without one
void ql_source_lexicon_write(const struct ql_source *w);
void ql_source_lexicon_reset_write(const struct ql_source *w);
void ql_source_lexicon_step_write(const struct ql_source *w);
void ql_source_lexicon_member_write(const struct ql_source *w);
size_t ql_source_lexicon_bytes(const struct ql_text_model *model);

// source_filter.c: for a model with a filter or a lexicon, their tables; their statements in `reset`, in `step`, and in
// `next` (which then has `blocked` for the sampler); the functions that answer questions about them; their members of the
// state, and their part of the header.
bool ql_source_has_filter(const struct ql_source *w);
bool ql_source_has_guard(const struct ql_source *w);    // a filter or a lexicon
bool ql_source_has_specials(const struct ql_source *w); // tokens that stand for no text, which `next` blocks, too
void ql_source_filter_write(const struct ql_source *w);
void ql_source_filter_reset_write(const struct ql_source *w);
void ql_source_filter_step_write(const struct ql_source *w);
void ql_source_filter_block_write(const struct ql_source *w);
void ql_source_filter_questions_write(const struct ql_source *w);
void ql_source_filter_member_write(const struct ql_source *w);
void ql_source_filter_header_write(const struct ql_source *w);

// Its bytes in flash: of the table that models can share, and of what is bound to the model's vocabulary.
size_t ql_source_filter_shared_bytes(const struct ql_text_model *model);
size_t ql_source_filter_own_bytes(const struct ql_text_model *model);

#endif
