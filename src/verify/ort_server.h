// Starts web/ort_server.js: ONNX Runtime in Node, behind a pipe.
// Uses: base, verify/process.
#ifndef QL_VERIFY_ORT_SERVER_H
#define QL_VERIFY_ORT_SERVER_H

#include "base/status.h"
#include "verify/process.h"

// Errors: QL_ERROR_MISSING when node, the script or onnxruntime-node is not installed; the message says what to do.
enum ql_status ql_ort_server_open(struct ql_process *process, const char *script, struct ql_error *error);

#endif
