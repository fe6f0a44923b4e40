// Looks for listed words: see word_checker.h.
// Uses: the C library.
#include "word_checker.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The letters that a byte can stand for, besides itself.
static const char *letters_of(char byte)
{
    static const struct {
        char sign;
        const char *letters;
    } signs[] = {{'0', "o"},  {'1', "il"}, {'3', "e"},     {'4', "a"},    {'5', "s"}, {'6', "g"},
                 {'7', "t"},  {'8', "b"},  {'9', "g"},     {'@', "a"},    {'$', "s"}, {'!', "il"},
                 {'|', "il"}, {'+', "t"},  {'*', "aeiou"}, {'#', "aeiou"}};
    static char own[2];

    if (isalpha((unsigned char)byte)) {
        own[0] = (char)tolower((unsigned char)byte);
        return own;
    }
    for (size_t k = 0; k < sizeof signs / sizeof signs[0]; k++) {
        if (signs[k].sign == byte) {
            return signs[k].letters;
        }
    }
    return "";
}

static bool stands_for(char byte, char letter)
{
    static signed char known[256][128]; // the answers so far: 1 yes, -1 no
    signed char *answer = &known[(unsigned char)byte][(unsigned char)letter & 127];

    if (*answer == 0) {
        *answer = strchr(letters_of(byte), letter) != NULL ? 1 : -1;
    }
    return *answer > 0;
}

// Whether two bytes are of the same kind: both the letter A, or both signs for it.
static bool same_letter(char a, char b)
{
    char left[8], right[8];

    (void)snprintf(left, sizeof left, "%s", letters_of(a));
    (void)snprintf(right, sizeof right, "%s", letters_of(b));
    return left[0] != '\0' && strcmp(left, right) == 0;
}

// A non-ASCII byte is a letter that stands for no other.
static bool is_boundary(char byte)
{
    return byte == '\0' || ((unsigned char)byte < 0x80 && !isalpha((unsigned char)byte));
}

static bool is_joiner(char byte)
{
    return byte != '\0' && strchr("'-./\\_`~^", byte) != NULL;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

// One letter of a word may stand for several equal ones of the text, when these and those before them are three or
// more. Returns the next end of such a run, after `end` (or, for the first one, after the letter at `place`); NULL for
// none.
static const char *next_run_end(const char *text, const char *place, const char *end)
{
    const char *first = place;

    while (first > text && same_letter(first[-1], *place)) {
        first--;
    }
    end = end == NULL ? place + 1 : end + 1;
    for (const char *k = place; k < end; k++) {
        if (!same_letter(*k, *place)) {
            return NULL;
        }
    }
    return end - first >= 3 ? end : next_run_end(text, place, end);
}

// The letters of the entry from `word` on, side by side in the text from `place` on.
static bool reads_plain(const struct word_entry *entry, const char *word, const char *text, const char *place)
{
    if (*word == '\0') {
        return entry->open_end || is_boundary(*place);
    }
    if (*word == ' ') {
        const char *end = place;
        while (is_joiner(*end) || is_space(*end)) {
            end++;
        }
        return end > place && reads_plain(entry, word + 1, text, end);
    }
    if (*place == '\0' || !stands_for(*place, *word)) {
        return false;
    }
    if (reads_plain(entry, word + 1, text, place + 1)) {
        return true;
    }
    for (const char *end = next_run_end(text, place, NULL); end != NULL; end = next_run_end(text, place, end)) {
        if (reads_plain(entry, word + 1, text, end)) {
            return true;
        }
    }
    return false;
}

static size_t letter_count(const struct word_entry *entry)
{
    return strchr(entry->letters, ' ') != NULL ? 0 : strlen(entry->letters);
}

// The letters of the entry, with joiners between some of them.
static bool reads_joined(const struct word_entry *entry, const char *word, const char *text, const char *place)
{
    if (*word == '\0') {
        return entry->open_end || is_boundary(*place);
    }
    while (word > entry->letters && is_joiner(*place)) {
        place++;
    }
    if (*place == '\0' || !stands_for(*place, *word)) {
        return false;
    }
    if (reads_joined(entry, word + 1, text, place + 1)) {
        return true;
    }
    for (const char *end = next_run_end(text, place, NULL); end != NULL; end = next_run_end(text, place, end)) {
        if (reads_joined(entry, word + 1, text, end)) {
            return true;
        }
    }
    return false;
}

static bool reads_spelled(const struct word_entry *entry, const char *word, const char *text, const char *place);

// The same, after the letter that `word` points to.
static bool goes_on_spelled(const struct word_entry *entry, const char *word, const char *text, const char *place)
{
    const char *end = place;

    if (word[1] == '\0') {
        return is_boundary(*place);
    }
    while (is_joiner(*end) || is_space(*end)) {
        end++;
    }
    return end > place && reads_spelled(entry, word + 1, text, end);
}

// The letters of the entry, each alone.
static bool reads_spelled(const struct word_entry *entry, const char *word, const char *text, const char *place)
{
    if (*place == '\0' || !stands_for(*place, *word)) {
        return false;
    }
    if (goes_on_spelled(entry, word, text, place + 1)) {
        return true;
    }
    for (const char *end = next_run_end(text, place, NULL); end != NULL; end = next_run_end(text, place, end)) {
        if (goes_on_spelled(entry, word, text, end)) {
            return true;
        }
    }
    return false;
}

const struct word_entry *word_checker_find(const struct word_checker *checker, const char *text)
{
    for (const char *place = text; *place != '\0'; place++) {
        const bool begins = place == text || is_boundary(place[-1]);
        for (size_t k = 0; k < checker->count; k++) {
            const struct word_entry *entry = &checker->entries[k];
            if (!stands_for(*place, entry->letters[0])) {
                continue;
            }
            if ((begins || entry->open_start) && reads_plain(entry, entry->letters, text, place)) {
                return entry;
            }
            if (begins && letter_count(entry) >= 3 &&
                (reads_joined(entry, entry->letters, text, place) ||
                 reads_spelled(entry, entry->letters, text, place))) {
                return entry;
            }
        }
    }
    return NULL;
}

void word_checker_init(struct word_checker *checker, const char *path)
{
    FILE *stream = fopen(path, "r");
    char line[256];

    *checker = (struct word_checker){0};
    if (stream == NULL) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof line, stream) != NULL) {
        struct word_entry entry = {.open_start = line[0] == '*'};
        size_t count = 0;
        line[strcspn(line, "\t\r\n")] = '\0';
        const size_t length = strlen(line);
        if (line[0] == '#' || length == 0) {
            continue;
        }
        entry.open_end = line[length - 1] == '*';
        for (size_t k = 0; k < length && count + 1 < sizeof entry.letters; k++) {
            if (line[k] != '*') {
                const bool gap = is_joiner(line[k]) || is_space(line[k]);
                entry.letters[count++] = gap ? ' ' : letters_of(line[k])[0];
            }
        }
        checker->entries = realloc(checker->entries, (checker->count + 1) * sizeof *checker->entries);
        if (checker->entries == NULL) {
            perror("word_checker");
            exit(1);
        }
        checker->entries[checker->count++] = entry;
    }
    (void)fclose(stream);
}

void word_checker_free(struct word_checker *checker)
{
    free(checker->entries);
}
