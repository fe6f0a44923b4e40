// The step `person`: from "Sen. George F. Will, Jr., \"Men At Work\", 1990" to "George F. Will Jr.".
// Each word of an attribution gets a role, until one cannot belong to a name; what was read is then spelled in one way.
// Uses: corpus/clean_step, corpus/person_words.
// Where it is not sure to have a person's full name, it drops the text: a names model is better off with fewer names.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "corpus/clean_step.h"
#include "corpus/person_words.h"

// More words than this are a sentence or a title of nobility; longer words than this are no names.
enum { NAME_WORD_LIMIT = 5, NAME_WORD_BYTES = 32 };

struct name {
    char words[NAME_WORD_LIMIT + 1][NAME_WORD_BYTES];
    size_t count;
};

// Short forms that are written out.
static const char *const written_out[][2] = {
    {"Wm", "William"},  {"Geo", "George"}, {"Chas", "Charles"}, {"Jas", "James"},
    {"Thos", "Thomas"}, {"Jos", "Joseph"}, {"Robt", "Robert"},  {"Benj", "Benjamin"},
};

static bool is_upper(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

// Letters of every alphabet count; bytes from 0x80 on are parts of letters here.
static bool is_letter(char byte)
{
    return is_upper(byte) || is_lower(byte) || (unsigned char)byte >= 0x80;
}

static bool starts_upper(const char *word)
{
    size_t next = 0;

    return ql_symbol_is_upper(ql_symbol_read(word, strlen(word), &next));
}

// "J." and "J", and "J.R.R.": capital letters with a period after each but perhaps the last.
static bool is_initials(const char *word)
{
    size_t letters = 0;

    for (size_t i = 0; word[i] != '\0'; letters++) {
        if (!is_upper(word[i])) {
            return false;
        }
        i++;
        if (word[i] == '.') {
            i++;
        } else if (word[i] != '\0') {
            return false;
        }
    }
    return letters > 0;
}

static bool is_capitals(const char *word)
{
    size_t letters = 0;

    for (; *word != '\0'; word++, letters++) {
        if (!is_upper(*word)) {
            return false;
        }
    }
    return letters >= 2;
}

// Letters, with apostrophes, hyphens and periods between or after them, and a capital at the start.
static bool is_plain_word(const char *word)
{
    if (!starts_upper(word)) {
        return false;
    }
    for (size_t i = 0; word[i] != '\0'; i++) {
        bool inner = word[i] == '\'' || word[i] == '-' || word[i] == '.';
        if (!is_letter(word[i]) && !(inner && i > 0)) {
            return false;
        }
    }
    return true;
}

static bool is_possessive(const char *word)
{
    size_t length = strlen(word);

    return length > 2 && (strcmp(word + length - 2, "'s") == 0 || strcmp(word + length - 2, "s'") == 0);
}

// Takes the next word of `text` at *position. `*ends` is set when punctuation behind it ends the name.
static bool next_word(const struct ql_text *text, size_t *position, char word[NAME_WORD_BYTES], bool *ends)
{
    size_t i = *position;
    size_t length = 0;

    while (i < text->length && strchr(" \t\n", text->bytes[i]) != NULL) {
        i++;
    }
    while (i < text->length && strchr(" \t\n", text->bytes[i]) == NULL && length < NAME_WORD_BYTES - 1) {
        word[length++] = text->bytes[i++];
    }
    *ends = false;
    while (length > 0 && strchr(",;:", word[length - 1]) != NULL) {
        length--;
        *ends = true;
    }
    word[length] = '\0';
    *position = i;
    return length > 0;
}

// "(1976)": a year alone in parentheses behind a name makes it the name of a film.
static bool is_year_of_work(const char *word)
{
    return word[0] == '(' && strspn(word + 1, "0123456789") == 4 && strcmp(word + 5, ")") == 0;
}

// A nickname in quotation marks: moves *position behind it if a further word of the name follows.
static bool nickname_skip(const struct ql_text *text, size_t *position, const char *word)
{
    if (word[0] != '"' && word[0] != '\'') {
        return false;
    }
    const char *start = text->bytes + *position;
    while (start > text->bytes && strchr(" \t\n", start[-1]) == NULL) {
        start--;
    }
    const char *end = strchr(start + 1, word[0]);
    if (end == NULL || end[1] != ' ' || !is_upper(end[2])) {
        return false;
    }
    *position = (size_t)(end + 1 - text->bytes);
    return true;
}

static void name_add(struct name *name, const char *word)
{
    assert(name->count <= NAME_WORD_LIMIT);
    (void)snprintf(name->words[name->count++], NAME_WORD_BYTES, "%s", word);
}

// What a word is to the name that has been read so far.
enum role {
    ROLE_NAME,     // belongs to it
    ROLE_PARTICLE, // belongs to it if a further word does: "van"
    ROLE_OPENER,   // stands in front of it
    ROLE_END,      // stands behind it
    ROLE_NONE,     // shows that there is no name; *reason says why
};

static enum role refuse(const char **reason, const char *why)
{
    *reason = why;
    return ROLE_NONE;
}

// The role of a word that starts with a small letter.
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
    if (strchr("\"_([<{'`", word[0]) != NULL) {
        bool work = word[0] != '<' && (first || is_year_of_work(word));
        return work ? refuse(reason, "title_of_work") : ROLE_END;
    }
    if (strcmp(word, "&") == 0 || strchr(word, '/') != NULL) {
        return name->count < 2 ? refuse(reason, "several_names") : ROLE_END;
    }
    if (is_possessive(word)) {
        return refuse(reason, "possessive");
    }
    if (is_lower(word[0])) {
        return small_word_role(name, word, reason);
    }
    if (is_plain_word(word)) {
        return ROLE_NAME;
    }
    // "Ann Other 10/15/82", "Ann Other -- the singer"
    bool behind = name->count >= 2 && strchr("0123456789#-@", word[0]) != NULL;
    return behind ? ROLE_END : refuse(reason, "no_name");
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
        enum role role = word_role(name, word, &reason);
        if (role == ROLE_NONE || role == ROLE_END) {
            return reason;
        }
        if (role == ROLE_OPENER) {
            name->count = 0;
            ends = false;
        } else if (role == ROLE_PARTICLE) {
            // Two in a row ("van den") are kept together.
            size_t used = strlen(particle);
            (void)snprintf(particle + used, sizeof particle - used, used > 0 ? " %s" : "%s", word);
        } else {
            if (name->count + (particle[0] != '\0') >= NAME_WORD_LIMIT) {
                return "too_many_words";
            }
            if (particle[0] != '\0') {
                name_add(name, particle);
                particle[0] = '\0';
            }
            name_add(name, word);
        }
    }
    // Behind a comma only "Jr." and the like still belong to the name.
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

// Removes titles. False when only a rank and one word are left ("Senator Claghorn").
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
    } else if (is_initials(word)) {
        for (size_t i = 0; i < length; i++) {
            if (is_upper(word[i])) {
                ql_text_write(out, i == 0 ? "" : " ", i == 0 ? 0 : 1);
                ql_text_write_byte(out, word[i]);
                ql_text_write_byte(out, '.');
            }
        }
    } else if (is_capitals(word)) {
        ql_text_write_byte(out, word[0]);
        for (size_t i = 1; i < length; i++) {
            ql_text_write_byte(out, (char)(word[i] - 'A' + 'a'));
        }
    } else if (bare >= 3 && word[bare - 2] == '\'' && is_lower(word[bare - 1]) && is_lower(word[bare - 3])) {
        // An accent behind its letter ("Poincar'e") is dropped like any other accent.
        ql_text_write(out, word, bare - 2);
        ql_text_write_byte(out, word[bare - 1]);
    } else {
        ql_text_write(out, word, last ? bare : length);
    }
}

// Why the words are no person's full name, or NULL.
static const char *name_check(const struct name *name)
{
    size_t count = name->count; // without suffix

    while (count > 0 && ql_person_words_check(ql_person_suffixes, name->words[count - 1])) {
        count--;
    }
    size_t leading = count > 0 && ql_person_words_check(ql_person_leading_particles, name->words[0]);
    if (count < leading + 2) {
        return count == 0 ? "no_name" : "one_word";
    }
    for (size_t i = 0; i < count; i++) {
        const char *word = name->words[i];
        if (ql_person_words_check(ql_person_strangers, word) || (i == 0 && strcmp(word, "A") == 0)) {
            return "no_person";
        }
        if (is_capitals(word) && strlen(word) <= 4) {
            return "acronym";
        }
    }
    if (is_initials(name->words[count - 1])) {
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
