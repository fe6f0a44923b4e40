// ONNX's numbers for element types and ours: see onnx_types.h.
#include "onnx/onnx_types.h"

static const int32_t numbers[] = {
    [QL_ELEMENT_NONE] = ONNX__TENSOR_PROTO__DATA_TYPE__UNDEFINED,
    [QL_ELEMENT_F32] = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    [QL_ELEMENT_F64] = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE,
    [QL_ELEMENT_F16] = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16,
    [QL_ELEMENT_BF16] = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16,
    [QL_ELEMENT_S64] = ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
    [QL_ELEMENT_S32] = ONNX__TENSOR_PROTO__DATA_TYPE__INT32,
    [QL_ELEMENT_S16] = ONNX__TENSOR_PROTO__DATA_TYPE__INT16,
    [QL_ELEMENT_S8] = ONNX__TENSOR_PROTO__DATA_TYPE__INT8,
    [QL_ELEMENT_U64] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT64,
    [QL_ELEMENT_U32] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT32,
    [QL_ELEMENT_U16] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT16,
    [QL_ELEMENT_U8] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
    [QL_ELEMENT_BOOL] = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL,
};

enum ql_element ql_onnx_type_decode(int64_t type)
{
    for (int element = QL_ELEMENT_F32; element <= QL_ELEMENT_BOOL; element++) {
        if (numbers[element] == type) {
            return (enum ql_element)element;
        }
    }
    return QL_ELEMENT_NONE;
}

int32_t ql_onnx_type_encode(enum ql_element type)
{
    return numbers[type];
}
