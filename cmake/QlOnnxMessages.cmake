# Makes the library ql_onnx_messages: the messages of an ONNX file as C, generated from Debian's onnx.proto.
# Uses: protoc-c and protobuf-c through QlLibraries. The generated code stays in the build folder.

set(ql_messages "${CMAKE_BINARY_DIR}/generated/onnx_messages")
file(MAKE_DIRECTORY "${ql_messages}")

# What files of later versions of ONNX have, and Debian 12's onnx.proto lacks.
file(READ "${QL_ONNX_PROTO}" ql_proto)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${QL_ONNX_PROTO}")
if(NOT ql_proto MATCHES "attribute_proto = 11")
    string(REPLACE "message FunctionProto {" "message FunctionProto {\n  repeated AttributeProto attribute_proto = 11;"
        ql_proto "${ql_proto}")
endif()
if(NOT ql_proto MATCHES "overload = 13")
    string(REPLACE "message FunctionProto {" "message FunctionProto {\n  optional string overload = 13;"
        ql_proto "${ql_proto}")
    string(REPLACE "message NodeProto {" "message NodeProto {\n  optional string overload = 8;" ql_proto "${ql_proto}")
endif()
file(GENERATE OUTPUT "${ql_messages}/onnx.proto" CONTENT "${ql_proto}")

add_custom_command(OUTPUT "${ql_messages}/onnx.pb-c.c" "${ql_messages}/onnx.pb-c.h"
    COMMAND "${QL_PROTOC_C}" "--proto_path=${ql_messages}" "--c_out=${ql_messages}" onnx.proto
    DEPENDS "${ql_messages}/onnx.proto"
    COMMENT "")

# Not our code: its warnings are not ours either.
add_library(ql_onnx_messages STATIC "${ql_messages}/onnx.pb-c.c" "${ql_messages}/onnx.pb-c.h")
target_compile_options(ql_onnx_messages PRIVATE -w)
target_include_directories(ql_onnx_messages SYSTEM PUBLIC "${ql_messages}")
target_link_libraries(ql_onnx_messages PUBLIC PkgConfig::PROTOBUF_C)
