// A random decoder's graph, and two sessions on it: one that keeps all values and runs the calls as the nodes have them,
// and one that runs the calls as they are rewritten for texts.
// Uses: ql_engine, cmocka.
#ifndef QL_TESTS_DECODER_FIXTURE_H
#define QL_TESTS_DECODER_FIXTURE_H

#include "engine/text_session.h"
#include "model/model.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"

struct decoder_fixture {
    struct ql_model model;
    struct ql_graph graph;
    struct ql_descriptor descriptor;
    struct ql_text_session plain, rewritten;
    uint32_t random; // of the tokens
};

// Makes the graph. A test may change it before the sessions are opened.
void decoder_fixture_make(struct decoder_fixture *fixture, struct ql_dimensions d);

// Opens both sessions, or none and returns false if the graph cannot be run.
bool decoder_fixture_open(struct decoder_fixture *fixture);

void decoder_fixture_close(struct decoder_fixture *fixture);

// The number of calls of a kernel in a session's program.
int decoder_fixture_count(const struct ql_text_session *session, enum ql_kernel_id kernel);

// Steps both sessions over a random token, or over `count` of them. Returns false if a logit differs in any bit.
bool decoder_fixture_step(struct decoder_fixture *fixture);
bool decoder_fixture_agrees(struct decoder_fixture *fixture, int count);

#endif
