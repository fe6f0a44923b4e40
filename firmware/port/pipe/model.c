// A port on a pipe for a language model in generated C, compiled with `quillet compile --name model`. It answers two of
// the requests of web/ort_server.js, with their members in this order and without spaces, one per line:
//   {"read":[TOKEN,...]}    {"logits":"HEX"}: the logits after each token, from zero state
//   {"write":{"temperature":X,"top_p":X,"top_k":N,"seed":N,"length":N}}    {"tokens":[TOKEN,...]}: a text
// Uses: the generated header, the C library. `quillet verify` compiles it with different compilers and options.
#include "model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct model_state state;

// As floats: for an integer model, exact up to 2^24 units.
static void write_logits(const model_logit *logits)
{
    for (int v = 0; v < MODEL_SYMBOLS; v++) {
        const float logit = (float)logits[v] / (float)MODEL_LOGIT_UNITS;
        uint32_t bits;
        memcpy(&bits, &logit, sizeof bits);
        printf("%02x%02x%02x%02x", (unsigned)(bits & 255), (unsigned)(bits >> 8 & 255), (unsigned)(bits >> 16 & 255),
               (unsigned)(bits >> 24));
    }
}

// After "[": tokens, separated by commas, up to the end of the line.
static void read_text(void)
{
    int token;

    model_init(&state, 0);
    printf("{\"logits\":\"");
    while (scanf("%d", &token) == 1) {
        const model_logit *logits = model_step(&state, token);
        if (logits != NULL) {
            write_logits(logits);
        }
        if (getc(stdin) != ',') {
            break;
        }
    }
    printf("\"}\n");
}

static void write_text(float temperature, float top_p, int top_k, uint32_t seed, int length)
{
    int token = MODEL_BEGIN;

    model_init(&state, seed);
    model_set(&state, temperature, top_p, top_k);
    printf("{\"tokens\":[");
    for (int i = 0; i < length && token >= 0; i++) {
        token = model_next(&state, token);
        printf("%s%d", i == 0 ? "" : ",", token);
    }
    printf("]}\n");
}

int main(void)
{
    char verb[8];
    float temperature, top_p;
    int top_k, length;
    uint32_t seed;

    while (scanf(" {\"%7[a-z]\":", verb) == 1) {
        if (strcmp(verb, "read") == 0 && getc(stdin) == '[') {
            read_text();
        } else if (strcmp(verb, "write") == 0 &&
                   scanf("{\"temperature\":%f,\"top_p\":%f,\"top_k\":%d,\"seed\":%" SCNu32 ",\"length\":%d",
                         &temperature, &top_p, &top_k, &seed, &length) == 5) {
            write_text(temperature, top_p, top_k, seed, length);
        } else {
            printf("{\"error\":\"this program does not know the request\"}\n");
        }
        fflush(stdout);
        if (scanf("%*[^\n]") == EOF) {
            break;
        }
    }
    return 0;
}
