// Counts the words of lines that are not in a list, by the rules of docs/lexicon.md alone: the oracle of the lexicon's
// tests. It shares nothing with src/filter and device/: it is a sorted list and a search in it.
// Usage: spelled_lines WORDS < lines. ASCII only; a byte beyond that counts as a letter that is in no word. Prints
// "items N words M unlisted K", and the first lines with an unlisted word to stderr.
// Uses: the C library.
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 4096, WORD_LIMIT = 200000, SHOWN_LIMIT = 5 };

static char *words[WORD_LIMIT];
static size_t word_count;

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void load_words(const char *path)
{
    char line[LINE_BYTES];
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        (void)fprintf(stderr, "spelled_lines: cannot read %s\n", path);
        exit(2);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0' && (word_count == WORD_LIMIT || (words[word_count++] = strdup(line)) == NULL)) {
            (void)fprintf(stderr, "spelled_lines: %s has too many words\n", path);
            exit(2);
        }
    }
    (void)fclose(file);
    qsort(words, word_count, sizeof words[0], compare);
}

static bool is_listed(char *word)
{
    return bsearch(&word, words, word_count, sizeof words[0], compare) != NULL;
}

static bool is_letter(char symbol)
{
    return isalnum((unsigned char)symbol) || (unsigned char)symbol >= 0x80;
}

// Whether a sign between two symbols belongs to their word.
static bool joins(char left, char sign, char right)
{
    if (sign == ',') {
        return isdigit((unsigned char)left) && isdigit((unsigned char)right);
    }
    return sign != '\0' && strchr("'-.", sign) != NULL && is_letter(left) && is_letter(right);
}

// Counts the words of a line into *count. Returns how many of them are not listed, or begin where no word may begin.
static int check(const char *line, long *count)
{
    bool may_begin = true, in_new_sentence = true;
    int unlisted = 0;

    for (const char *at = line; *at != '\0';) {
        if (is_letter(*at)) {
            char word[LINE_BYTES];
            size_t length = 0;
            while (is_letter(at[length]) || (length > 0 && joins(at[length - 1], at[length], at[length + 1]))) {
                word[length] = at[length];
                length++;
            }
            word[length] = '\0';
            bool good = may_begin && is_listed(word);
            if (!good && may_begin && in_new_sentence && isupper((unsigned char)word[0])) {
                word[0] = (char)tolower((unsigned char)word[0]);
                good = is_listed(word);
            }
            unlisted += !good;
            (*count)++;
            at += length;
            may_begin = false;
            in_new_sentence = false;
            continue;
        }
        if (*at == ' ' || *at == '\t') {
            may_begin = true;
        } else if (strchr(".!?:", *at) != NULL) {
            may_begin = false;
            in_new_sentence = true;
        } else if (strchr("\"'()[]{}", *at) != NULL) {
            in_new_sentence = in_new_sentence || may_begin;
        } else {
            may_begin = false;
            in_new_sentence = false;
        }
        at++;
    }
    return unlisted;
}

int main(int argc, char **argv)
{
    char line[LINE_BYTES];
    long items = 0, count = 0, unlisted = 0, shown = 0;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: spelled_lines WORDS < lines\n");
        return 2;
    }
    load_words(argv[1]);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        const int found = check(line, &count);
        if (found > 0 && shown++ < SHOWN_LIMIT) {
            (void)fprintf(stderr, "unlisted: %s\n", line);
        }
        unlisted += found;
        items++;
    }
    (void)printf("items %ld words %ld unlisted %ld\n", items, count, unlisted);
    for (size_t i = 0; i < word_count; i++) {
        free(words[i]);
    }
    return 0;
}
