# Makes the library ql_onnx_messages: the messages of an ONNX file as C, generated from Debian's onnx.proto.
# Uses: protoc-c and protobuf-c through QlLibraries. The generated code stays in the build folder.

set(ql_messages "${CMAKE_BINARY_DIR}/generated/onnx_messages")
file(MAKE_DIRECTORY "${ql_messages}")
get_filename_component(ql_onnx_proto_folder "${QL_ONNX_PROTO}" DIRECTORY)

add_custom_command(OUTPUT "${ql_messages}/onnx.pb-c.c" "${ql_messages}/onnx.pb-c.h"
    COMMAND "${QL_PROTOC_C}" "--proto_path=${ql_onnx_proto_folder}" "--c_out=${ql_messages}" onnx.proto
    DEPENDS "${QL_ONNX_PROTO}"
    COMMENT "")

# Not our code: its warnings are not ours either.
add_library(ql_onnx_messages STATIC "${ql_messages}/onnx.pb-c.c" "${ql_messages}/onnx.pb-c.h")
target_compile_options(ql_onnx_messages PRIVATE -w)
target_include_directories(ql_onnx_messages SYSTEM PUBLIC "${ql_messages}")
target_link_libraries(ql_onnx_messages PUBLIC PkgConfig::PROTOBUF_C)
