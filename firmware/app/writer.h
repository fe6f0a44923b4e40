// A model as the application sees it: something that writes one symbol after another. Generated code or a stub is behind.
// Uses: nothing.
#ifndef QL_APP_WRITER_H
#define QL_APP_WRITER_H

#include <stdbool.h>

// How to draw. What is negative is as the model's own descriptor says.
struct ql_sampling {
    float temperature; // 0 takes the likeliest symbol
    float top_p;       // in (0, 1]; 1 is off
    int top_k;         // 0 is off
};

// The port fills this in and keeps `model` alive. Tokens count from 0; the symbol of a token is a few bytes of UTF-8.
struct ql_writer {
    void *model;                         // handed to the functions below
    void (*reset)(void *model);          // begins a text; the random numbers go on
    int (*next)(void *model, int token); // takes a token and draws the one after it; -1: logits are not finite
    const char *(*symbol)(int token);    // NUL-terminated, valid for ever
    void (*sample)(void *model, const struct ql_sampling *sampling); // how to draw from now on
    int (*check)(void);           // the model's self-test, beside the text in hand: 0, or the first step that is wrong
    int newline;                  // the token that ends a text, and that comes before its first symbol
    bool (*refuses)(void *model); // asked when a newline was drawn: its text must not be shown; NULL: any text may
};

#endif
