// The emulator of the Pico: see emulator.h.
// Uses: base, verify/{process,stages,workshop}, POSIX.
#include "verify/emulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/process.h"
#include "verify/stages.h"

// About 250 cycles for each parameter and character, in float without a floating-point unit; the emulator does 150 million
// cycles a second or more. Half of the time is for reading, half for writing.
enum { PARAMETERS_IN_TEN_SECONDS = 5000000, LONGEST = 500 };

enum ql_status ql_emulator_find(struct ql_emulator *emulator, const char *data_folder, struct ql_error *error)
{
    char library[QL_WORKSHOP_PATH_BYTES];

    emulator->node = ql_process_check("node") ? "node" : "nodejs";
    (void)snprintf(emulator->script, sizeof emulator->script, "%s/emulator/emulate.js", data_folder);
    (void)snprintf(library, sizeof library, "%s/emulator/node_modules/rp2040js", data_folder);
    if (!ql_process_check(emulator->node)) {
        return ql_error_write(error, QL_ERROR_MISSING, "Node is not installed: run tools/bootstrap pico");
    }
    if (access(emulator->script, R_OK) != 0) {
        return ql_error_write(error, QL_ERROR_MISSING, "%s is not there; QUILLET_DATA names the folder of emulator/",
                              emulator->script);
    }
    if (access(library, R_OK) != 0) {
        return ql_error_write(error, QL_ERROR_MISSING,
                              "%s is not there: run tools/bootstrap pico in the source tree, or npm ci in %s/emulator",
                              library, data_folder);
    }
    return QL_OK;
}

// The Pico SDK, in the places where the firmware's build looks for it, too.
static enum ql_status find_sdk(char *path, const char *data_folder, struct ql_error *error)
{
    char unpacked[QL_WORKSHOP_PATH_BYTES], proof[QL_WORKSHOP_PATH_BYTES];
    const char *const places[] = {getenv("PICO_SDK_PATH"), "/usr/src/pico-sdk", unpacked};

    (void)snprintf(unpacked, sizeof unpacked, "%s/third_party/pico/pico-sdk", data_folder);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i] != NULL &&
            snprintf(proof, sizeof proof, "%s/pico_sdk_init.cmake", places[i]) < (int)sizeof proof &&
            access(proof, R_OK) == 0) {
            (void)snprintf(path, QL_WORKSHOP_PATH_BYTES, "%s", places[i]);
            return QL_OK;
        }
    }
    return ql_error_write(error, QL_ERROR_MISSING, "the Pico SDK is not installed: run tools/bootstrap pico");
}

static enum ql_status build_image(char *image, const struct ql_workshop *workshop, struct ql_error *error)
{
    char project[QL_WORKSHOP_PATH_BYTES], folder[QL_WORKSHOP_PATH_BYTES], sdk[QL_WORKSHOP_PATH_BYTES];
    char sdk_option[QL_WORKSHOP_PATH_BYTES + 32], model_option[QL_WORKSHOP_PATH_BYTES + 32];
    const char *const configure[] = {
        "cmake",    "-S",         project, "-B",    folder, "-D", "CMAKE_BUILD_TYPE=Release",
        sdk_option, model_option, "-G",    "Ninja", NULL};
    const char *const build[] = {"cmake", "--build", folder, NULL};

    if (!ql_process_check("cmake") || !ql_process_check("ninja")) {
        return ql_error_write(error, QL_ERROR_MISSING, "cmake or ninja is not installed: run tools/bootstrap");
    }
    if (!ql_process_check("arm-none-eabi-gcc")) {
        return ql_error_write(error, QL_ERROR_MISSING, "arm-none-eabi-gcc is not installed: run tools/bootstrap pico");
    }
    if (strpbrk(workshop->folder, ";\"\\$#\n") != NULL) {
        return ql_error_write(
            error, QL_ERROR_MISSING,
            "%s: CMake takes a character of this path for something else; set TMPDIR to another folder",
            workshop->folder);
    }
    enum ql_status status = find_sdk(sdk, workshop->data_folder, error);
    if (status != QL_OK) {
        return status;
    }
    ql_workshop_data_path(workshop, project, "firmware/port/pipe/pico");
    ql_workshop_path(workshop, folder, "pico");
    ql_workshop_path(workshop, image, "pico/model.elf");
    (void)snprintf(sdk_option, sizeof sdk_option, "-DPICO_SDK_PATH=%s", sdk);
    (void)snprintf(model_option, sizeof model_option, "-DQL_MODEL_DIR=%s", workshop->folder);
    status = ql_process_run(configure, error);
    return status == QL_OK ? ql_process_run(build, error) : status;
}

enum ql_status ql_emulated_stage_open(struct ql_stage *stage, const struct ql_workshop *workshop, int V,
                                      struct ql_error *error)
{
    struct ql_emulator emulator;
    char image[QL_WORKSHOP_PATH_BYTES];

    enum ql_status status = ql_emulator_find(&emulator, workshop->data_folder, error);
    if (status == QL_OK) {
        status = build_image(image, workshop, error);
    }
    if (status != QL_OK) {
        return status;
    }
    const char *const argv[] = {emulator.node, emulator.script, image, "--panel", "none", "--quiet", NULL};
    return ql_pipe_stage_open(stage, QL_EMULATED_STAGE, argv, V, error);
}

int ql_emulated_length(long parameters)
{
    const long length = PARAMETERS_IN_TEN_SECONDS / (parameters > 0 ? parameters : 1);
    return length < 1 ? 1 : length > LONGEST ? LONGEST : (int)length;
}
