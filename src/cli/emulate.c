// `quillet emulate`: runs an image of the firmware on an emulated Pico. The emulator is a separate program, in Node.
// Uses: base, verify/emulator, POSIX; emulator/emulate.js, which reads the options.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "verify/emulator.h"

int ql_cli_emulate(int argc, char **argv)
{
    char data[QL_DATA_PATH_BYTES];
    struct ql_emulator emulator;
    struct ql_error error;

    if (ql_cli_data_folder(data, "emulator/emulate.js", &error) != QL_OK ||
        ql_emulator_find(&emulator, data, &error) != QL_OK) {
        return ql_cli_fail("emulate", &error);
    }
    char **arguments = calloc((size_t)argc + 2, sizeof arguments[0]);
    if (arguments != NULL) {
        arguments[0] = (char *)emulator.node;
        arguments[1] = emulator.script;
        memcpy(arguments + 2, argv + 1, (size_t)(argc - 1) * sizeof arguments[0]);
        (void)execvp(arguments[0], arguments);
    }
    (void)ql_error_write(&error, QL_ERROR_SYSTEM, "cannot start %s: %s", emulator.node, strerror(errno));
    free(arguments);
    return ql_cli_fail("emulate", &error);
}
