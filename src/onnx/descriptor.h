// The descriptor: the JSON file beside a model, with what one must know to let it write. docs/descriptor.md has the format.
// Uses: base, corpus/vocabulary, model, jansson.
#ifndef QL_ONNX_DESCRIPTOR_H
#define QL_ONNX_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/sha256.h"
#include "base/status.h"
#include "corpus/vocabulary.h"
#include "model/model.h"
#include "model/state_layout.h"
#include "model/text_rules.h"

enum {
    QL_DESCRIPTOR_PATH_BYTES = 4096,
    QL_DESCRIPTOR_NAME_BYTES = 256,
    QL_DESCRIPTOR_STATE_LIMIT = 31, // pairs of state input and state output; with the tokens, QL_FLOW_LIMIT inputs
    QL_DESCRIPTOR_RESET_LIMIT = QL_TEXT_RESET_LIMIT,
    QL_DESCRIPTOR_WINDOW_LIMIT = 1 << 14, // tokens of a window
    QL_DESCRIPTOR_CONSTANT_LIMIT = 8,     // inputs that stay the same
    QL_DESCRIPTOR_NUMBER_LIMIT = 4096,    // numbers of all of them together
};

struct ql_descriptor {
    char filename[QL_DESCRIPTOR_PATH_BYTES]; // of the .onnx file; as it stands in the JSON, relative to its folder
    char path[QL_DESCRIPTOR_PATH_BYTES];     // of the same file, from where we are; set by ql_descriptor_load
    char sha256[QL_SHA256_TEXT_BYTES];       // of the same file; "" when not said
    char type[QL_DESCRIPTOR_NAME_BYTES];     // "lstm", "gru", "rnn", or what else the model is; "" when not said
    int sequence_length;                     // tokens per sequence in training; 0 when not said
    int window;                              // tokens that a model without a state takes at a time; 0 when not said
    double temperature, top_p;               // what to sample with by default; see device/sampler.h
    int top_k;
    int hidden_size, hidden_layers;  // 0 when not said
    struct ql_vocabulary vocabulary; // in the model's order: symbols need not be sorted, and pieces come after them

    // Optional. The state is reset before these tokens: "reset" in the JSON, a string of symbols, such as "\n" for a
    // model of separate items.
    int resets[QL_DESCRIPTOR_RESET_LIMIT];
    int reset_count;
    // Optional. The token that goes in where a text begins, "begin" in the JSON, and the one that ends an item, "end",
    // which resets the state and whose symbol is the newline, however the JSON writes it. Where both are there, the graph
    // is given the first in the place of the second (engine/token_graph.h), and a text begins with the second.
    bool has_begin, has_end;
    int begin, end;
    // Optional names of the graph's inputs and outputs, for models in which they are not evident; "" when not said.
    char tokens[QL_DESCRIPTOR_NAME_BYTES]; // "tokens"
    char logits[QL_DESCRIPTOR_NAME_BYTES]; // "logits"
    struct {
        char input[QL_DESCRIPTOR_NAME_BYTES], output[QL_DESCRIPTOR_NAME_BYTES];
        enum ql_state_kind kind;
        bool is_certain; // the JSON says "replace": the graph's dependencies need not agree with the pair
    } states[QL_DESCRIPTOR_STATE_LIMIT]; // "states": [["h0", "hn"], ["keys", "new_keys", "append"]]
    int state_count;
    // Optional. Inputs that stay the same over a text, such as a category: "constants": {"category": [0, 1]}.
    struct {
        char input[QL_DESCRIPTOR_NAME_BYTES];
        int first, count; // of constant_numbers
    } constants[QL_DESCRIPTOR_CONSTANT_LIMIT];
    int constant_count;
    double constant_numbers[QL_DESCRIPTOR_NUMBER_LIMIT];
};

// Returns whether a path is that of a descriptor: one that ends in ".json", or in ".onnx", for which
// ql_descriptor_load says what to give.
bool ql_descriptor_is_path(const char *path);

// Reads a descriptor. `filename` and `vocabulary` must be there; for the others there are defaults (temperature 1,
// top_p 1, top_k 0). Fields that are not named above are left alone. Tokens that stand for no text have symbols from
// QL_TEXT_SPECIAL on. Errors: a file that is unreadable, a model, or not JSON; a field of the wrong kind or out of its
// range, a symbol twice, an invalid piece; each with the file and the field.
enum ql_status ql_descriptor_load(struct ql_descriptor *descriptor, const char *path, struct ql_error *error);

// The same from text; `path` is for the messages and for the folder of the model.
enum ql_status ql_descriptor_read(struct ql_descriptor *descriptor, const char *text, size_t size_bytes,
                                  const char *path, struct ql_error *error);

// Writes a descriptor as JSON to a stream, whose errors are left to the caller. Errors: those of ql_descriptor_read,
// for a descriptor that it would refuse; a file name that is not UTF-8; no memory.
enum ql_status ql_descriptor_write(const struct ql_descriptor *descriptor, FILE *stream, struct ql_error *error);

// Writes a descriptor, whole or not at all, without the optional fields that are not said.
enum ql_status ql_descriptor_save(const struct ql_descriptor *descriptor, const char *path, struct ql_error *error);

// Returns the token of a symbol, or -1.
int ql_descriptor_encode(const struct ql_descriptor *descriptor, uint32_t symbol);

// Sets the names of tokens, logits and states to those of a graph with this state.
void ql_descriptor_set_state(struct ql_descriptor *descriptor, const struct ql_state_layout *layout);

// Sets the symbols and the resets to those of a trained model.
void ql_descriptor_set_info(struct ql_descriptor *descriptor, const struct ql_model_info *info);

// The rules of the model's texts. A text begins with the end symbol, where there is one, or the begin symbol.
struct ql_text_rules ql_descriptor_text_rules(const struct ql_descriptor *descriptor);

#endif
