// graph_file FILE: writes an ONNX file of the graph given as lines on stdin (graph_text.h), for shell tests.
// Uses: graph_text, onnx/onnx_writer.
#include <stdio.h>

#include "graph_text.h"
#include "onnx/onnx_writer.h"

int main(int argc, char **argv)
{
    static char text[1 << 16];
    struct ql_graph graph = {0};
    struct ql_error error = {0};
    const size_t size = fread(text, 1, sizeof text - 1, stdin);

    text[size] = '\0';
    if (argc != 2 || graph_text_read(&graph, text, &error) != QL_OK || ql_onnx_save(argv[1], &graph, &error) != QL_OK) {
        (void)fprintf(stderr, "graph_file: %s\n", error.message);
        return 1;
    }
    ql_graph_free(&graph);
    return 0;
}
