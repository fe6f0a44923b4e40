// Runs cases in the layout of ONNX's own tests: each argument is a folder with model.onnx and the tensors.
// Reports which ones differ, and exits with 1 if any does. For tests in other languages. Uses: onnx_case.
#include <stdio.h>

#include "onnx/onnx_reader.h"
#include "onnx_case.h"

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        char path[1024];
        struct ql_graph graph = {0};
        struct ql_error error = {QL_OK, ""};
        (void)snprintf(path, sizeof path, "%s/model.onnx", argv[i]);
        if (ql_onnx_load(&graph, path, &error) != QL_OK || !onnx_case_run(&graph, argv[i], false, &error)) {
            (void)printf("%s: %s\n", argv[i], error.message);
            failed = 1;
        }
        ql_graph_free(&graph);
    }
    return failed;
}
