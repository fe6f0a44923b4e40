// What counts as an overlap with held-out texts: 24 letters in a row, whatever is between them.
// Uses: cmocka, base/file, corpus.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "corpus/overlap.h"

static const char first[] = "overlap_test.1.txt";
static const char second[] = "overlap_test.2.txt";

static struct ql_overlap_set set;
static struct ql_error error;

static int set_up(void **state)
{
    static const char one[] = "The quick brown fox jumps over the lazy dog.\nBrevity is wit.\n\n...\nQ?\n";
    static const char two[] = "\xC3\x84hnliche W\xC3\xB6rter \xC3\xBC"
                              "ber \xC3\x84pfel und \xC3\x96l\n"
                              "Søren går på en straße længe og er glad\n"
                              "Ο ΟΔΥΣΣΕΥΣ ΚΑΙ Η ΠΗΝΕΛΟΠΗ ΗΡΘΑΝ";

    (void)state;
    assert_int_equal(ql_file_save(first, one, sizeof one - 1, &error), QL_OK);
    assert_int_equal(ql_file_save(second, two, sizeof two - 1, &error), QL_OK);
    return ql_overlap_set_load(&set, "overlap_test.1.txt,overlap_test.2.txt", &error) == QL_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ql_overlap_set_free(&set);
    return 0;
}

static bool overlaps(const char *text)
{
    return ql_overlap_set_check(&set, text, strlen(text));
}

static void run_of_24_letters_overlaps(void **state)
{
    (void)state;
    assert_true(overlaps("quick brown fox jumps over th")); // 24
    assert_false(overlaps("quick brown fox jumps over t")); // 23
    assert_true(overlaps("So QUICK-brown (fox), jumps... over THE cow"));
    assert_false(overlaps("The quick brown fox jumped over the lazy dog."));
    assert_true(overlaps("Quite \xC3\xA4HNLICHE w\xC3\x96rter, \xC3\x9C"
                         "ber \xC3\xA4pfel, under"));
}

// An item has been through `transliterate`, which may have taken accents away; a held-out file has not.
static void letters_are_compared_without_their_accents(void **state)
{
    (void)state;
    assert_true(overlaps("Ahnliche Worter uber Apfel und Ol"));
    assert_true(overlaps("A\xCC\x88hnliche Wo\xCC\x88rter u\xCC\x88"
                         "ber A\xCC\x88pfel und O\xCC\x88l"));
    assert_true(overlaps("Soren gar pa en strasse laenge og er glad"));
    assert_true(overlaps("SØREN GÅR PÅ EN STRASSE LÆNGE"));
    assert_true(overlaps("pa en strasse laenge og er glad"));
    assert_true(overlaps("ο οδυσσευς και η πηνελοπη ηρθαν εδω"));
    assert_false(overlaps("Ohnliche Wurter iber Epfel und Al"));
}

static void short_line_overlaps_with_itself_only(void **state)
{
    (void)state;
    assert_true(overlaps("BREVITY is wit!"));
    assert_false(overlaps("Brevity is wit, and length is none."));
    assert_false(overlaps("is wit"));
    assert_true(overlaps("q"));
    assert_false(overlaps("u"));
}

static void text_without_letters_does_not_overlap(void **state)
{
    (void)state;
    assert_false(overlaps(""));
    assert_false(overlaps("..."));
    assert_false(ql_overlap_set_check(&(struct ql_overlap_set){0}, "anything", 8));
}

static void set_knows_its_files(void **state)
{
    (void)state;
    assert_int_equal(set.path_count, 2);
    assert_string_equal(set.paths[1], second);
}

static void many_texts_are_all_found(void **state)
{
    enum { TEXTS = 5000, WORD = 26 };
    static char text[TEXTS * WORD + 1];
    struct ql_overlap_set many = {0};
    uint32_t random = 1;

    (void)state;
    for (size_t i = 0; i < TEXTS * WORD; i++) {
        random = random * 1664525 + 1013904223;
        text[i] = (char)(i % WORD == WORD - 1 ? '\n' : 'a' + (random >> 24) % 26);
    }
    assert_int_equal(ql_file_save(first, text, sizeof text - 1, &error), QL_OK);
    assert_int_equal(ql_overlap_set_load(&many, first, &error), QL_OK);
    assert_int_equal(many.count, 2 * TEXTS); // 25 letters have two runs of 24
    for (size_t i = 0; i < TEXTS; i++) {
        assert_true(ql_overlap_set_check(&many, text + i * WORD + 1, WORD - 2));
        assert_false(ql_overlap_set_check(&many, text + i * WORD + 2, WORD - 3));
    }
    ql_overlap_set_free(&many);
}

static void missing_file_is_an_error(void **state)
{
    struct ql_overlap_set missing = {0};

    (void)state;
    assert_int_equal(ql_overlap_set_load(&missing, "overlap_test.none", &error), QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "overlap_test.none"));
    ql_overlap_set_free(&missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(run_of_24_letters_overlaps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(letters_are_compared_without_their_accents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(short_line_overlaps_with_itself_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_without_letters_does_not_overlap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(set_knows_its_files, set_up, tear_down),
        cmocka_unit_test(many_texts_are_all_found),
        cmocka_unit_test(missing_file_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
