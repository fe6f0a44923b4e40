// C from a graph as a stage and as a runner: see generated_code.h.
// Uses: base, onnx/program, verify/{runner,stages,workshop,process}.
#include "verify/generated_code.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "verify/process.h"
#include "verify/stages.h"

static enum ql_status no_memory(struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
}

// A name may begin with dashes, so it is given as --option=NAME, or after --.
enum ql_status ql_generated_code_write(const struct ql_workshop *workshop, const char *name, const char *model_path,
                                       bool plain, struct ql_error *error)
{
    char file[64], output[QL_WORKSHOP_PATH_BYTES];
    char *model = ql_bytes_format("--model=%s", model_path);
    const char *const argv[] = {workshop->tool,
                                "compile",
                                plain ? "--no-sampler" : "--sampler",
                                "--name",
                                name,
                                "--output",
                                output,
                                plain ? "--" : model,
                                plain ? model_path : NULL,
                                NULL};

    (void)snprintf(file, sizeof file, "%s.c", name);
    ql_workshop_path(workshop, output, file);
    const enum ql_status status = model == NULL ? no_memory(error) : ql_process_run(argv, error);
    free(model);
    return status;
}

enum ql_status ql_generated_integer_write(const struct ql_workshop *workshop, const char *descriptor_path,
                                          const char *quantize, const char *calibrate, struct ql_error *error)
{
    char output[QL_WORKSHOP_PATH_BYTES];
    char *model = ql_bytes_format("--model=%s", descriptor_path);
    char *text = ql_bytes_format("--calibrate=%s", calibrate == NULL ? "" : calibrate);
    const char *const argv[] = {workshop->tool,
                                "compile",
                                model,
                                "--name",
                                "model",
                                "--output",
                                output,
                                "--quantize",
                                quantize,
                                calibrate == NULL ? NULL : text,
                                NULL};

    ql_workshop_path(workshop, output, "model.c");
    const enum ql_status status = model == NULL || text == NULL ? no_memory(error) : ql_process_run(argv, error);
    free(model);
    free(text);
    return status;
}

enum ql_status ql_generated_stage_open(struct ql_stage *stage, const struct ql_workshop *workshop,
                                       const struct ql_compiler *compiler, int V, struct ql_error *error)
{
    char program[QL_WORKSHOP_PATH_BYTES], source[QL_WORKSHOP_PATH_BYTES], port[QL_WORKSHOP_PATH_BYTES];
    const char *const arguments[] = {"-I", workshop->folder, source, port, NULL};
    const char *const argv[] = {program, NULL};

    ql_workshop_path(workshop, program, "model");
    ql_workshop_path(workshop, source, "model.c");
    ql_workshop_data_path(workshop, port, "firmware/port/pipe/model.c");
    enum ql_status status = ql_compiler_run(compiler, program, arguments, error);
    return status == QL_OK ? ql_pipe_stage_open(stage, compiler->name, argv, V, error) : status;
}

// Adds the bytes of arrays to a definition for arrays.c: "8,1024,1024".
static void add_bytes(char **place, const struct ql_array *arrays, int count)
{
    for (int i = 0; i < count; i++) {
        *place += sprintf(*place, "%s%zu", i == 0 ? "" : ",", arrays[i].bytes);
    }
}

enum ql_status ql_arrays_runner_open(struct ql_runner *runner, const struct ql_workshop *workshop,
                                     const struct ql_compiler *compiler, const char *c_path, const char *entry,
                                     const struct ql_program *program, struct ql_error *error)
{
    char path[QL_WORKSHOP_PATH_BYTES], port[QL_WORKSHOP_PATH_BYTES], entry_definition[300];
    struct ql_runner shapes = {0};
    enum ql_status status = ql_runner_init(&shapes, program, error);
    const int arrays = shapes.input_count + shapes.output_count;
    char *definitions = status == QL_OK ? malloc(3 * (size_t)arrays * 24 + 400) : NULL;
    char *source = ql_bytes_format("%s%s", c_path[0] == '-' ? "./" : "", c_path); // not an option of the compiler

    if (definitions == NULL || source == NULL) {
        free(definitions);
        free(source);
        ql_runner_free(&shapes);
        return status == QL_OK ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory") : status;
    }
    char *place = definitions;
    const char *inputs = place;
    place += sprintf(place, "-DQL_PIPE_INPUTS=");
    add_bytes(&place, shapes.inputs, shapes.input_count);
    const char *outputs = ++place;
    place += sprintf(place, "-DQL_PIPE_OUTPUTS=");
    add_bytes(&place, shapes.outputs, shapes.output_count);
    const char *call = ++place;
    place += sprintf(place, "-DQL_PIPE_CALL(a)=%.200s(", entry);
    for (int i = 0; i < arrays; i++) {
        place += sprintf(place, "%sa[%d]", i == 0 ? "" : ",", i);
    }
    (void)sprintf(place, ")");
    (void)snprintf(entry_definition, sizeof entry_definition, "-DQL_PIPE_ENTRY=%.200s", entry);

    ql_workshop_path(workshop, path, "arrays");
    ql_workshop_data_path(workshop, port, "firmware/port/pipe/arrays.c");
    const char *const arguments[] = {inputs, outputs, call, entry_definition, source, port, NULL};
    status = ql_compiler_run(compiler, path, arguments, error);
    if (status == QL_OK) {
        status = ql_pipe_runner_open(runner, program, path, error);
    }
    free(definitions);
    free(source);
    ql_runner_free(&shapes);
    return status;
}
