// A program's values, and how it is freed: see program.h.
#include "onnx/program.h"

#include <stdlib.h>

const struct ql_program_value *ql_program_root(const struct ql_program *program, int value)
{
    return &program->values[program->values[value].root];
}

bool ql_program_is_in_place(const struct ql_program *program, struct ql_state_pair state)
{
    return program->values[program->graph->outputs[state.output]].root == program->graph->inputs[state.input];
}

void ql_program_free(struct ql_program *program)
{
    free(program->values);
    free(program->calls);
    ql_arena_free(&program->arena);
    *program = (struct ql_program){0};
}
