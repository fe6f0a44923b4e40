// Prints one value of a JSON file: json_get FILE PLACE, where the place is like "columns.0.items.3". Strings are
// printed without quotes, arrays and objects as their number of elements, everything else as JSON.
// Exits with 1 when the file is not JSON or the place is not in it. Uses: jansson.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    json_error_t error;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: json_get FILE PLACE\n");
        return 2;
    }
    json_t *root = json_load_file(argv[1], JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        (void)fprintf(stderr, "%s:%d: %s\n", argv[1], error.line, error.text);
        return 1;
    }
    const json_t *value = root;
    for (char *step = strtok(argv[2], "."); step != NULL && value != NULL; step = strtok(NULL, ".")) {
        value = json_is_array(value) ? json_array_get(value, strtoul(step, NULL, 10)) : json_object_get(value, step);
    }
    if (value == NULL) {
        (void)fprintf(stderr, "%s: has no such place\n", argv[1]);
    } else if (json_is_string(value)) {
        (void)puts(json_string_value(value));
    } else if (json_is_array(value) || json_is_object(value)) {
        (void)printf("%zu\n", json_array_size(value) + json_object_size(value));
    } else {
        (void)json_dumpf(value, stdout, JSON_ENCODE_ANY);
        (void)putchar('\n');
    }
    int exit_code = value == NULL;
    json_decref(root);
    return exit_code;
}
