// How a page comes about: texts that do not fit are replaced, and what never fits is given up.
// Uses: firmware/app/page.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/page.h"

// Writes the texts of a script one after another. A reset within a text leaves the rest of it out.
struct script {
    const char *const *texts; // the list ends with NULL; then the script begins anew
    int text, place;
    int resets;
    int first_token; // that came after the last reset
};

static void reset(void *model)
{
    struct script *script = model;

    if (script->resets++ > 0) {
        script->text = script->texts[script->text + 1] == NULL ? 0 : script->text + 1;
    }
    script->place = 0;
}

static int next(void *model, int token)
{
    struct script *script = model;
    const unsigned char symbol = (unsigned char)script->texts[script->text][script->place];

    if (script->place == 0) {
        script->first_token = token;
    }
    script->place++;
    return symbol == '\0' ? '\n' : symbol == '!' ? -1 : symbol;
}

// '#' is a symbol of three bytes, '%' one without any.
static const char *symbol(int token)
{
    static char symbols[256][2];

    symbols[token][0] = (char)token;
    return token == '#' ? "\xe2\x82\xac" : token == '%' ? "" : symbols[token];
}

static int measure(const void *font, const char *text, int bytes)
{
    (void)font;
    (void)text;
    return bytes;
}

static const struct ql_page_format format = {
    .ruler = {NULL, measure}, .quote = {20, 2}, .name = {10, 1}, .attempts = 3};

static struct script quotes, names;
static struct ql_page page;

static enum ql_page_result write_page(const char *const *quote_texts, const char *const *name_texts)
{
    quotes = (struct script){.texts = quote_texts};
    names = (struct script){.texts = name_texts};
    const struct ql_writer quotes_writer = {&quotes, reset, next, symbol, '\n'};
    const struct ql_writer names_writer = {&names, reset, next, symbol, '\n'};
    return ql_page_write(&page, &quotes_writer, &names_writer, &format);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void page_texts_that_fit_are_taken_at_once(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("Nothing is ever quite finished."), TEXTS("A. Nobody")), QL_PAGE_DONE);
    assert_string_equal(page.quote.text, "Nothing is ever quite finished.");
    assert_int_equal(page.quote.line_count, 2);
    assert_int_equal(page.quote.lines[0].bytes, strlen("Nothing is ever"));
    assert_string_equal(page.name.text, "A. Nobody");
    assert_int_equal(page.name.line_count, 1);
    assert_int_equal(page.attempts, 2);
}

static void page_text_begins_from_zero_state_after_a_newline(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("Yes."), TEXTS("No")), QL_PAGE_DONE);
    assert_int_equal(quotes.resets, 1);
    assert_int_equal(quotes.first_token, '\n');
    assert_int_equal(names.first_token, '\n');
}

static void page_long_quote_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(
        write_page(TEXTS("This one takes three lines, which is one too many.", "This one fits."), TEXTS("B.")),
        QL_PAGE_DONE);
    assert_string_equal(page.quote.text, "This one fits.");
    assert_int_equal(page.attempts, 3);
}

static void page_empty_texts_are_replaced(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("", "   ", "Words."), TEXTS("", "C.")), QL_PAGE_DONE);
    assert_string_equal(page.quote.text, "Words.");
    assert_string_equal(page.name.text, "C.");
}

static void page_long_name_is_replaced_and_the_quote_kept(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("Kept.", "Not asked for."), TEXTS("Too long a name", "D.")), QL_PAGE_DONE);
    assert_string_equal(page.quote.text, "Kept.");
    assert_string_equal(page.name.text, "D.");
    assert_int_equal(quotes.resets, 1);
}

static void page_is_given_up_after_the_attempts(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS(""), TEXTS("E.")), QL_PAGE_NO_QUOTE);
    assert_int_equal(quotes.resets, 3);
    assert_int_equal(names.resets, 0);
    assert_int_equal(write_page(TEXTS("F."), TEXTS("A name without end")), QL_PAGE_NO_NAME);
    assert_int_equal(names.resets, 3);
}

static void page_quote_without_end_is_stopped(void **state)
{
    static char endless[4 * QL_PARAGRAPH_BYTES];

    (void)state;
    memset(endless, 'a', sizeof endless - 1);
    assert_int_equal(write_page(TEXTS(endless, "G."), TEXTS("H.")), QL_PAGE_DONE);
    assert_string_equal(page.quote.text, "G.");
    memset(endless, '#', sizeof endless - 1);
    assert_int_equal(write_page(TEXTS(endless, "I."), TEXTS("J.")), QL_PAGE_DONE);
    assert_string_equal(page.quote.text, "I.");
    memset(endless, '%', sizeof endless - 1);
    assert_int_equal(write_page(TEXTS(endless, "K."), TEXTS("L.")), QL_PAGE_DONE);
    assert_string_equal(page.quote.text, "K.");
}

static void page_damaged_model_is_reported(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("a!"), TEXTS("M.")), QL_PAGE_NOT_FINITE);
    assert_int_equal(write_page(TEXTS("N."), TEXTS("O!")), QL_PAGE_NOT_FINITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_texts_that_fit_are_taken_at_once),
        cmocka_unit_test(page_text_begins_from_zero_state_after_a_newline),
        cmocka_unit_test(page_long_quote_is_replaced),
        cmocka_unit_test(page_empty_texts_are_replaced),
        cmocka_unit_test(page_long_name_is_replaced_and_the_quote_kept),
        cmocka_unit_test(page_is_given_up_after_the_attempts),
        cmocka_unit_test(page_quote_without_end_is_stopped),
        cmocka_unit_test(page_damaged_model_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
