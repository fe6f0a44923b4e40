// The step `person`: from "Sen. George F. Will, Jr., \"Men At Work\", 1990" to "George F. Will Jr.".
// Each word of an attribution gets a role, until one cannot belong to a name; the words read so far are then spelled
// uniformly.
// Uses: corpus/{clean_step,person_letters,person_words}.
// If it is not certain that this is a person's full name, it drops the text: a names model is better off with fewer
// names.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "corpus/clean_step.h"
#include "corpus/person_letters.h"
#include "corpus/person_words.h"

// More words than this are a sentence or a title of nobility; longer words than this are not names.
enum { NAME_WORD_LIMIT = 5, NAME_WORD_SYMBOLS = 31, NAME_WORD_BYTES = 4 * NAME_WORD_SYMBOLS + 1 };

// Particles before a word are a separate entry.
struct name {
    char words[2 * NAME_WORD_LIMIT + 1][NAME_WORD_BYTES];
    size_t count;
    size_t links; // of these, the ones that are only links and do not count as words
};

// Short forms that are written out.
static const char *const written_out[][2] = {
    {"Wm", "William"},  {"Geo", "George"}, {"Chas", "Charles"}, {"Jas", "James"},
    {"Thos", "Thomas"}, {"Jos", "Joseph"}, {"Robt", "Robert"},  {"Benj", "Benjamin"},
};

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_possessive(const char *word)
{
    size_t length = strlen(word);

    return (length > 2 && (strcmp(word + length - 2, "'s") == 0 || strcmp(word + length - 2, "s'") == 0)) ||
           (length > 4 && (strcmp(word + length - 4, "’s") == 0 || strcmp(word + length - 4, "s’") == 0));
}

// The bytes of the comma, semicolon or colon of any script at the end of a word; 0 when there is none.
static size_t end_mark(const char *word, size_t length)
{
    static const char *const marks[] = {",", ";", ":", "،", "؛", "、", "，", "：", "；"};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const size_t size = strlen(marks[i]);
        if (length >= size && memcmp(word + length - size, marks[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

// Takes the next word of `text` at *position. `*ends` is set when punctuation after it ends the name.
static bool next_word(const struct ql_text *text, size_t *position, char word[NAME_WORD_BYTES], bool *ends)
{
    size_t i = *position;
    size_t length = 0;

    while (i < text->length && strchr(" \t\n", text->bytes[i]) != NULL) {
        i++;
    }
    for (int symbols = 0; symbols < NAME_WORD_SYMBOLS && i < text->length && strchr(" \t\n", text->bytes[i]) == NULL;
         symbols++) {
        const size_t start = i;
        (void)ql_symbol_read(text->bytes, text->length, &i);
        memcpy(word + length, text->bytes + start, i - start);
        length += i - start;
    }
    *ends = false;
    for (size_t mark = end_mark(word, length); mark > 0; mark = end_mark(word, length)) {
        length -= mark;
        *ends = true;
    }
    word[length] = '\0';
    *position = i;
    return length > 0;
}

// "(1976)": a year alone in parentheses after a name makes it the name of a film.
static bool is_year_of_work(const char *word)
{
    return word[0] == '(' && strspn(word + 1, "0123456789") == 4 && strcmp(word + 5, ")") == 0;
}

// A nickname in quotation marks: moves *position past it if another word of the name follows.
static bool nickname_skip(const struct ql_text *text, size_t *position, const char *word)
{
    static const char *const pairs[][2] = {{"\"", "\""}, {"'", "'"}, {"«", "»"}, {"“", "”"},   {"„", "“"}, {"„", "”"},
                                           {"”", "”"},   {"‘", "’"}, {"»", "«"}, {"「", "」"}, {"“", "“"}, {"’", "’"}};
    const char *start = text->bytes + *position;

    while (start > text->bytes && strchr(" \t\n", start[-1]) == NULL) {
        start--;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const size_t opening = strlen(pairs[i][0]);
        if (strncmp(word, pairs[i][0], opening) != 0) {
            continue;
        }
        const char *end = strstr(start + opening, pairs[i][1]);
        const char *behind = end == NULL ? NULL : end + strlen(pairs[i][1]);
        if (behind != NULL && behind[0] == ' ' && ql_person_word_is_large(behind + 1)) {
            *position = (size_t)(behind - text->bytes);
            return true;
        }
    }
    return false;
}

static void name_add(struct name *name, const char *word)
{
    assert(name->count <= 2 * NAME_WORD_LIMIT);
    (void)snprintf(name->words[name->count++], NAME_WORD_BYTES, "%s", word);
}

// The role of a word, given the name read so far.
enum role {
    ROLE_NAME,     // belongs to it
    ROLE_PARTICLE, // belongs to it if another word does: "van"
    ROLE_OPENER,   // comes before it
    ROLE_END,      // comes after it
    ROLE_NONE,     // shows that there is no name; *reason says why
};

static enum role refuse(const char **reason, const char *why)
{
    *reason = why;
    return ROLE_NONE;
}

// The role of a word that starts with a lower-case letter.
static enum role small_word_role(const struct name *name, const char *word, const char **reason)
{
    if (strcmp(word, "and") == 0 || strcmp(word, "with") == 0) {
        return name->count < 2 ? refuse(reason, "several_names") : ROLE_END;
    }
    if (strcmp(word, "of") == 0 || strcmp(word, "the") == 0) {
        return name->count < 2 ? refuse(reason, "epithet") : ROLE_END;
    }
    if (ql_person_words_check(ql_person_particles, word)) {
        return ROLE_PARTICLE;
    }
    if (ql_person_word_prefix(word) > 0) {
        return ROLE_NAME;
    }
    // "actress Mary Pickford", "Canadian novelist Robertson Davies"
    if (name->count < 2 && ql_person_words_check(ql_person_titles, word)) {
        return ROLE_OPENER;
    }
    return name->count == 0 ? refuse(reason, "no_name") : ROLE_END;
}

static enum role word_role(const struct name *name, const char *word, const char **reason)
{
    bool first = name->count == 0;

    if (first && (ql_person_words_check(ql_person_openers, word) || strchr(word, '@') != NULL)) {
        return ROLE_OPENER;
    }
    if (word[0] != '\0' && ql_person_words_check(ql_person_particles, word) && !is_lower(word[0]) &&
        !ql_person_word_is_large(word)) {
        return ROLE_PARTICLE; // "'t", and those of other alphabets
    }
    if (ql_person_word_prefix(word) > 0 && name->count > 0) {
        return ROLE_NAME; // "'s-Gravesande"
    }
    if (ql_person_word_is_quoted(word)) {
        bool work = word[0] != '<' && (first || is_year_of_work(word));
        return work ? refuse(reason, "title_of_work") : ROLE_END;
    }
    if (strcmp(word, "&") == 0 || strchr(word, '/') != NULL) {
        return name->count < 2 ? refuse(reason, "several_names") : ROLE_END;
    }
    if (is_possessive(word)) {
        return refuse(reason, "possessive");
    }
    if (ql_person_word_is_small(word)) {
        return small_word_role(name, word, reason);
    }
    if (ql_person_word_is_plain(word)) {
        return ROLE_NAME;
    }
    // "Ann Other 10/15/82", "Ann Other -- the singer"
    bool behind = name->count >= 2 && strchr("0123456789#-@", word[0]) != NULL;
    return behind ? ROLE_END : refuse(reason, "no_name");
}

static size_t words_left(const struct ql_text *text, size_t position)
{
    char word[NAME_WORD_BYTES];
    size_t count = 0;
    bool ends;

    while (next_word(text, &position, word, &ends)) {
        count++;
    }
    return count;
}

// The Dutch "in" of "in 't Veld"; any other "in" ends a name.
static bool is_in_the(const struct ql_text *text, size_t position, const char *word)
{
    char next[NAME_WORD_BYTES];
    bool ends;

    return strcmp(word, "in") == 0 && next_word(text, &position, next, &ends) &&
           (strcmp(next, "'t") == 0 || strcmp(next, "’t") == 0);
}

// Collects the words that may belong to a name. Returns a reason to drop it, or NULL.
static const char *name_read(struct name *name, const struct ql_text *text)
{
    char word[NAME_WORD_BYTES];
    char particle[NAME_WORD_BYTES] = ""; // read, but not yet followed by a capital
    const char *reason = NULL;
    size_t position = 0;
    bool ends = false;

    *name = (struct name){.count = 0};
    while (!ends && next_word(text, &position, word, &ends)) {
        if (name->count > 0 && nickname_skip(text, &position, word)) {
            ends = false;
            continue;
        }
        const bool linked = ql_person_words_check(ql_person_links, word) &&
                            (particle[0] != '\0' || (name->count >= 2 && words_left(text, position) == 1));
        enum role role = linked || is_in_the(text, position, word) ? ROLE_PARTICLE : word_role(name, word, &reason);
        if (role == ROLE_NONE || role == ROLE_END) {
            return reason;
        }
        if (role == ROLE_OPENER) {
            name->count = name->links = 0;
            ends = false;
        } else if (role == ROLE_PARTICLE) {
            // Two in a row ("van den") are kept together.
            size_t used = strlen(particle);
            (void)snprintf(particle + used, sizeof particle - used, used > 0 ? " %s" : "%s", word);
        } else {
            const bool link = ql_person_words_check(ql_person_links, particle);
            if (name->count - name->links + (particle[0] != '\0' && !link) >= NAME_WORD_LIMIT) {
                return "too_many_words";
            }
            if (particle[0] != '\0') {
                name->links += link;
                name_add(name, particle);
                particle[0] = '\0';
            }
            name_add(name, word);
        }
    }
    // After a comma only "Jr." and the like still belong to the name.
    if (ends && next_word(text, &position, word, &ends) && ql_person_words_check(ql_person_suffixes, word)) {
        name_add(name, word);
    }
    return NULL;
}

static void name_cut_first(struct name *name)
{
    name->count--;
    memmove(name->words[0], name->words[1], name->count * sizeof name->words[0]);
}

// Removes titles. False when only a title and one word are left ("Senator Claghorn").
static bool name_cut_titles(struct name *name)
{
    while (name->count > 2 && ql_person_words_check(ql_person_titles, name->words[0])) {
        name_cut_first(name);
    }
    if (name->count == 2 && ql_person_words_check(ql_person_titles, name->words[0])) {
        return ql_person_words_check(ql_person_naming_titles, name->words[0]);
    }
    return true;
}

// One spelling for one word, appended to `out`: initials with a period and a space each, capitals only where they
// belong, short forms written out.
static void word_write(struct ql_text *out, const char *word, bool last)
{
    size_t length = strlen(word);
    bool period = word[length - 1] == '.';
    size_t bare = length - period;

    for (size_t i = 0; i < sizeof written_out / sizeof written_out[0]; i++) {
        if (strlen(written_out[i][0]) == bare && memcmp(written_out[i][0], word, bare) == 0) {
            ql_text_write(out, written_out[i][1], strlen(written_out[i][1]));
            return;
        }
    }
    if (ql_person_words_check(ql_person_suffixes, word)) {
        bool roman = word[0] == 'I' || word[0] == 'i';
        ql_text_write(out, word, bare);
        ql_text_write(out, ".", roman ? 0 : 1);
    } else if (ql_person_words_check(ql_person_naming_titles, word)) {
        bool shortened = bare == 2;
        ql_text_write(out, word, bare);
        ql_text_write(out, ".", shortened ? 1 : 0);
    } else if (ql_person_word_is_initials(word)) {
        for (size_t i = 0; i < length;) {
            const size_t start = i;
            if (ql_symbol_is_upper(ql_symbol_read(word, length, &i))) {
                ql_text_write(out, " ", start == 0 ? 0 : 1);
                ql_text_write(out, word + start, i - start);
                ql_text_write_byte(out, '.');
            }
        }
    } else if (ql_person_word_is_capitals(word)) {
        ql_person_word_write_lowered(out, word);
    } else if (bare >= 3 && word[bare - 2] == '\'' && is_lower(word[bare - 1]) && is_lower(word[bare - 3])) {
        // An accent after its letter ("Poincar'e") is dropped like any other accent.
        ql_text_write(out, word, bare - 2);
        ql_text_write_byte(out, word[bare - 1]);
    } else {
        ql_text_write(out, word, last ? bare : length);
    }
}

// Returns why the words are not a person's full name, or NULL.
static const char *name_check(const struct name *name)
{
    size_t count = name->count; // without suffix

    while (count > 0 && ql_person_words_check(ql_person_suffixes, name->words[count - 1])) {
        count--;
    }
    size_t leading = count > 0 && ql_person_words_check(ql_person_leading_particles, name->words[0]);
    if (count < leading + 2 && !(count == 1 && ql_person_word_is_full(name->words[0]))) {
        return count == 0 ? "no_name" : "one_word";
    }
    for (size_t i = 0; i < count; i++) {
        const char *word = name->words[i];
        if (ql_person_words_check(ql_person_strangers, word) || (i == 0 && strcmp(word, "A") == 0)) {
            return "no_person";
        }
        if (ql_person_word_is_capitals(word) && ql_symbol_count_in(word, strlen(word)) <= 4) {
            return "acronym";
        }
    }
    if (ql_person_word_is_initials(name->words[count - 1])) {
        return "no_surname";
    }
    return NULL;
}

enum ql_status ql_step_person(struct ql_step_context *context, struct ql_text *text, const char **reason,
                              struct ql_error *error)
{
    struct ql_text *out = &context->scratch;
    struct name name;

    (void)error;
    *reason = name_read(&name, text);
    if (*reason == NULL && !name_cut_titles(&name)) {
        *reason = "one_word";
    }
    if (*reason == NULL) {
        *reason = name_check(&name);
    }
    if (*reason != NULL) {
        return QL_OK;
    }
    ql_text_reset(out);
    for (size_t i = 0; i < name.count; i++) {
        ql_text_write(out, i == 0 ? "" : " ", i == 0 ? 0 : 1);
        word_write(out, name.words[i], i + 1 == name.count);
    }
    ql_text_swap(text, out);
    return QL_OK;
}
