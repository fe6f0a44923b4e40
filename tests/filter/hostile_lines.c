// Counts the lines that contain a listed word. Usage: hostile_lines WORDS < lines. Prints a line like hostile_count.
// Uses: word_checker, the C library.
#include <stdio.h>
#include <string.h>

#include "word_checker.h"

enum { LINE_BYTES = 4096 };

int main(int argc, char **argv)
{
    struct word_checker checker;
    char line[LINE_BYTES];
    long items = 0;
    long found = 0;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: hostile_lines WORDS < lines\n");
        return 2;
    }
    word_checker_init(&checker, argv[1]);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        found += word_checker_find(&checker, line) != NULL;
        items++;
    }
    word_checker_free(&checker);
    (void)printf("items %ld with_words %ld\n", items, found);
    return 0;
}
