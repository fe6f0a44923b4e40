// The word lists of the step `person`. Each list is one string: words in small letters, a space before and after each.
// Which words belong here was found by reading the attributions of Debian's fortunes.
// Uses: nothing.
#ifndef QL_CORPUS_PERSON_WORDS_H
#define QL_CORPUS_PERSON_WORDS_H

#include <stdbool.h>
#include <stddef.h>

// Ranks and professions before a name; they are removed when two words remain.
extern const char ql_person_titles[];

// The titles under which people are known by one name: "Lord Byron", "Dr. Seuss".
extern const char ql_person_naming_titles[];

// What may stand in front of a name without belonging to it: "attributed to".
extern const char ql_person_openers[];

// What may follow a name: "Jr.".
extern const char ql_person_suffixes[];

// Small words inside of a name: "van", "de".
extern const char ql_person_particles[];

// The same joined to a name by an apostrophe or hyphen, "d'Alembert", "al-Khwarizmi", and without one, "deGrasse".
extern const char ql_person_prefixes[];
extern const char ql_person_joined_prefixes[];

// Small words that belong to a name only after a particle, "von und zu", or after two words, "Gaudí i Cornet".
extern const char ql_person_links[];

// Of the particles, the ones that make one name of two words when they come first: "De Maintenon", "La Rochefoucauld".
extern const char ql_person_leading_particles[];

// Words which show that a phrase names a work, an organization, a thing, or nobody. None of them is common as a name.
extern const char ql_person_strangers[];

// True when the list has the word, whatever its case and with or without a period at its end.
bool ql_person_words_check(const char *list, const char *word);

#endif
