// Does something that a check of UndefinedBehaviorSanitizer detects; the argument names the check. Exits with 0 if no
// check ends it. sanitizer_names_the_place_of_what_it_finds runs it. Uses: the C library.
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static volatile int largest = INT_MAX, zero = 0, many = 64;
static volatile uintptr_t nowhere = 0;
static int four[4];
static volatile int result;

int main(int argc, char **argv)
{
    const char *fault = argc == 2 ? argv[1] : "";

    if (strcmp(fault, "overflow") == 0) {
        result = largest + 1; // overflow
    } else if (strcmp(fault, "shift") == 0) {
        result = 1 << many; // shift
    } else if (strcmp(fault, "division") == 0) {
        result = 1 / zero; // division
    } else if (strcmp(fault, "bounds") == 0) {
        result = four[many]; // bounds
    } else if (strcmp(fault, "null") == 0) {
        result = *(int *)nowhere; // null
    } else if (strcmp(fault, "alignment") == 0) {
        result = *(int *)((uintptr_t)four + 1 + (uintptr_t)zero); // alignment
    } else {
        (void)fprintf(stderr, "usage: undefined_behavior FAULT\n");
        return 2;
    }
    return 0;
}
