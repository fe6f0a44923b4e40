// ONNX's numbers for element types and ours.
// Uses: device/element.h, protobuf-c.
#ifndef QL_ONNX_ONNX_TYPES_H
#define QL_ONNX_ONNX_TYPES_H

#include <onnx.pb-c.h>

#include "device/element.h"

// QL_ELEMENT_NONE for strings, complex numbers and what later versions of ONNX add.
enum ql_element ql_onnx_type_decode(int64_t type);
int32_t ql_onnx_type_encode(enum ql_element type);

#endif
