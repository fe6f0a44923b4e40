// A port on a pipe for C that takes arrays and returns arrays, whoever generated it: onnx2c, or `quillet compile
// --no-sampler`. Each line of input holds all inputs as the hexadecimal digits of their bytes, each line of output all
// outputs. Uses: the C library. `quillet verify --c FILE --entry FUNCTION` compiles it with
//   QL_PIPE_INPUTS, QL_PIPE_OUTPUTS  the bytes of each array, separated by commas
//   QL_PIPE_ENTRY, QL_PIPE_CALL(a)   the function, and its call with the arrays a[0], a[1] ...: inputs, then outputs
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t input_bytes[] = {QL_PIPE_INPUTS};
static const size_t output_bytes[] = {QL_PIPE_OUTPUTS};

enum { INPUTS = sizeof input_bytes / sizeof input_bytes[0], OUTPUTS = sizeof output_bytes / sizeof output_bytes[0] };

void QL_PIPE_ENTRY(); // the generated file declares the types of the parameters; here, all are pointers

static int read_bytes(unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned value;
        if (scanf("%2x", &value) != 1) {
            return 0;
        }
        bytes[i] = (unsigned char)value;
    }
    return 1;
}

static void write_bytes(const unsigned char *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        putchar(digits[bytes[i] >> 4]);
        putchar(digits[bytes[i] & 15]);
    }
}

int main(void)
{
    void *arrays[INPUTS + OUTPUTS];

    for (int i = 0; i < INPUTS + OUTPUTS; i++) {
        arrays[i] = malloc((i < INPUTS ? input_bytes[i] : output_bytes[i - INPUTS]) + 1);
        if (arrays[i] == NULL) {
            fprintf(stderr, "not enough memory\n");
            return 1;
        }
    }
    for (;;) {
        for (int i = 0; i < INPUTS; i++) {
            if (!read_bytes(arrays[i], input_bytes[i])) {
                return 0;
            }
        }
        // Elements that the function does not write must not keep plausible old values: as a float, 0xffffffff is NaN.
        for (int i = 0; i < OUTPUTS; i++) {
            memset(arrays[INPUTS + i], 0xff, output_bytes[i]);
        }
        QL_PIPE_CALL(arrays);
        for (int i = 0; i < OUTPUTS; i++) {
            write_bytes(arrays[INPUTS + i], output_bytes[i]);
        }
        putchar('\n');
        fflush(stdout);
    }
}
