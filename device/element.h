// The types that the elements of a tensor can have, by the names that the kernels' suffixes use.
// Uses: nothing.
#ifndef QL_DEVICE_ELEMENT_H
#define QL_DEVICE_ELEMENT_H

enum ql_element {
    QL_ELEMENT_NONE, // no value, or a type that has no place here (strings, complex numbers)
    QL_ELEMENT_F32,
    QL_ELEMENT_F64,
    QL_ELEMENT_F16,  // IEEE 754 binary16
    QL_ELEMENT_BF16, // the upper half of a binary32
    QL_ELEMENT_S64,
    QL_ELEMENT_S32,
    QL_ELEMENT_S16,
    QL_ELEMENT_S8,
    QL_ELEMENT_U64,
    QL_ELEMENT_U32,
    QL_ELEMENT_U16,
    QL_ELEMENT_U8,
    QL_ELEMENT_BOOL, // one byte, 0 or 1
};

#endif
