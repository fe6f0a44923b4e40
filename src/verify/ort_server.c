// Starts ONNX Runtime in Node: see ort_server.h.
// Uses: base, verify/process.
#include "verify/ort_server.h"

#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 600000 }; // for an answer: a text of some thousand symbols from a large model

enum ql_status ql_ort_server_open(struct ql_process *process, const char *script, struct ql_error *error)
{
    char library[4096];
    const char *slash = strrchr(script, '/');
    const char *node = ql_process_check("node") ? "node" : "nodejs";
    const char *const argv[] = {node, script, NULL};

    (void)snprintf(library, sizeof library, "%.*snode_modules/onnxruntime-node",
                   slash == NULL ? 0 : (int)(slash - script) + 1, script);
    if (!ql_process_check(node)) {
        return ql_error_write(error, QL_ERROR_MISSING, "Node is not installed: run tools/bootstrap web");
    }
    if (access(script, R_OK) != 0) {
        return ql_error_write(error, QL_ERROR_MISSING, "%s is not there; QUILLET_DATA names the folder of web/",
                              script);
    }
    if (access(library, R_OK) != 0) {
        return ql_error_write(error, QL_ERROR_MISSING,
                              "onnxruntime-node is not installed: run tools/bootstrap web in the source tree; it would "
                              "be %s",
                              library);
    }
    process->patience_ms = PATIENCE_MS;
    return ql_process_open(process, argv, error);
}
