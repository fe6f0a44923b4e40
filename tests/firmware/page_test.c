// How a page is written: texts that do not fit are replaced, and after too many attempts the page is given up.
// Uses: firmware/app/page.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/page.h"

enum { INIT_LIMIT = 64 };

// Writes the texts of a script one after another. An init within a text skips the rest of it.
struct script {
    const char *const *texts; // the list ends with NULL; then the script starts over
    int text, place;
    int inits;
    int first_token; // the first one after the last init
    uint32_t seeds[INIT_LIMIT];
    float temperature;
};

static void init(void *model, void *workspace, uint32_t seed)
{
    struct script *script = model;

    (void)workspace;
    assert_true(script->inits < INIT_LIMIT);
    script->seeds[script->inits] = seed;
    if (script->inits++ > 0) {
        script->text = script->texts[script->text + 1] == NULL ? 0 : script->text + 1;
    }
    script->place = 0;
}

static void set(void *model, float temperature, float top_p, int top_k)
{
    (void)top_p;
    (void)top_k;
    ((struct script *)model)->temperature = temperature;
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

// '#' is a symbol of three bytes, '%' one without any, '&' a piece of four.
static const char *symbol(int token)
{
    static char symbols[256][2];

    symbols[token][0] = (char)token;
    return token == '#' ? "\xe2\x82\xac" : token == '%' ? "" : token == '&' ? "and " : symbols[token];
}

// A text with a question mark is one that must not be shown.
static bool refuses(const void *model)
{
    const struct script *script = model;
    return strchr(script->texts[script->text], '?') != NULL;
}

// A digit costs a hundred times its value, anything else nothing.
static uint32_t cost(const void *model, int token)
{
    (void)model;
    return token >= '0' && token <= '9' ? 100 * (uint32_t)(token - '0') : 0;
}

// At most 40 bytes of quote and 10 of name.
static bool fits(void *context, const char *quote, const char *name)
{
    (void)context;
    return strlen(quote) <= 40 && (name == NULL || strlen(name) <= 10);
}

static const struct ql_model_functions functions = {
    .init = init, .set = set, .next = next, .cost = cost, .symbol = symbol, .begin = '\n', .refuses = refuses};
static const struct ql_sampling sampling = {0.7f, 1.0f, 0};
static struct script quotes, names;
static struct ql_page_plan plan;
static struct ql_page page;

static void plan_page(const char *const *quote_texts, const char *const *name_texts)
{
    quotes = (struct script){.texts = quote_texts};
    names = (struct script){.texts = name_texts};
    plan = (struct ql_page_plan){
        .quotes = {&functions, &quotes},
        .names = {&functions, &names},
        .sampling = &sampling,
        .fits = fits,
        .attempts = 3,
    };
}

static enum ql_page_event write_page(const char *const *quote_texts, const char *const *name_texts)
{
    plan_page(quote_texts, name_texts);
    return ql_page_write(&page, &plan, 11);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void page_texts_that_fit_are_taken_at_once(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("Nothing is ever quite finished."), TEXTS("A. Nobody")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "Nothing is ever quite finished.");
    assert_string_equal(page.name, "A. Nobody");
    assert_int_equal(page.attempts, 2);
}

static void page_text_begins_from_zero_state_after_a_newline(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("Yes."), TEXTS("No")), QL_PAGE_DONE);
    assert_int_equal(quotes.inits, 1);
    assert_int_equal(quotes.first_token, '\n');
    assert_int_equal(names.first_token, '\n');
}

static void page_long_quote_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(
        write_page(TEXTS("This one takes fifty bytes, which is ten too many.", "This one fits."), TEXTS("B.")),
        QL_PAGE_DONE);
    assert_string_equal(page.quote, "This one fits.");
    assert_int_equal(page.attempts, 3);
}

static void page_refused_texts_are_replaced(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("Says who?", "Says I."), TEXTS("A?", "B?", "C.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "Says I.");
    assert_string_equal(page.name, "C.");
    assert_int_equal(page.attempts, 5);
}

static void page_empty_texts_are_replaced(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("", "   ", "Words."), TEXTS("", "C.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "Words.");
    assert_string_equal(page.name, "C.");
}

static void page_long_name_is_replaced_and_the_quote_kept(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("Kept.", "Not asked for."), TEXTS("Too long a name", "D.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "Kept.");
    assert_string_equal(page.name, "D.");
    assert_int_equal(quotes.inits, 1);
}

static void page_is_given_up_after_the_attempts(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS(""), TEXTS("E.")), QL_PAGE_NO_QUOTE);
    assert_int_equal(quotes.inits, 3);
    assert_int_equal(names.inits, 0);
    assert_int_equal(write_page(TEXTS("F."), TEXTS("A name without end")), QL_PAGE_NO_NAME);
    assert_int_equal(names.inits, 3);
}

static void page_quote_without_end_is_stopped(void **state)
{
    static char endless[4 * QL_PAGE_TEXT_BYTES];

    (void)state;
    memset(endless, 'a', sizeof endless - 1);
    assert_int_equal(write_page(TEXTS(endless, "G."), TEXTS("H.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "G.");
    memset(endless, '#', sizeof endless - 1);
    assert_int_equal(write_page(TEXTS(endless, "I."), TEXTS("J.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "I.");
    memset(endless, '%', sizeof endless - 1);
    assert_int_equal(write_page(TEXTS(endless, "K."), TEXTS("L.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "K.");
}

static void page_gives_an_event_for_each_symbol(void **state)
{
    const enum ql_page_event expected[] = {
        QL_PAGE_EMPTY,  QL_PAGE_SYMBOL, QL_PAGE_SYMBOL,   QL_PAGE_QUOTED, QL_PAGE_SYMBOL,
        QL_PAGE_SYMBOL, QL_PAGE_SYMBOL, QL_PAGE_SYMBOL,   QL_PAGE_SYMBOL, QL_PAGE_SYMBOL,
        QL_PAGE_SYMBOL, QL_PAGE_SYMBOL, QL_PAGE_SYMBOL,   QL_PAGE_SYMBOL, QL_PAGE_SYMBOL,
        QL_PAGE_SYMBOL, QL_PAGE_SYMBOL, QL_PAGE_TOO_LONG, QL_PAGE_SYMBOL, QL_PAGE_DONE,
    };

    (void)state;
    plan_page(TEXTS("", "P."), TEXTS("Thirteen long", "Q"));
    ql_page_init(&page, &plan, 11);
    assert_string_equal(ql_page_text(&page), "");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(ql_page_step(&page), expected[i]);
    }
    assert_string_equal(page.symbol, "Q");
    assert_string_equal(ql_page_text(&page), "Q");
}

static void page_text_in_hand_can_be_read_at_any_time(void **state)
{
    (void)state;
    plan_page(TEXTS("R#", "S"), TEXTS("T"));
    ql_page_init(&page, &plan, 11);
    assert_int_equal(ql_page_step(&page), QL_PAGE_SYMBOL);
    assert_string_equal(ql_page_text(&page), "R");
    assert_int_equal(ql_page_step(&page), QL_PAGE_SYMBOL);
    assert_string_equal(ql_page_text(&page), "R\xe2\x82\xac");
    assert_int_equal(ql_page_step(&page), QL_PAGE_QUOTED);
    assert_string_equal(ql_page_text(&page), "");
    assert_string_equal(page.quote, "R\xe2\x82\xac");
}

static void page_damaged_model_is_reported(void **state)
{
    (void)state;
    assert_int_equal(write_page(TEXTS("a!"), TEXTS("M.")), QL_PAGE_NOT_FINITE);
    assert_int_equal(write_page(TEXTS("N."), TEXTS("O!")), QL_PAGE_NOT_FINITE);
}

// With `best` candidates of at least `shortest` characters.
static enum ql_page_event choose_page(int best, int shortest, const char *const *quote_texts,
                                      const char *const *name_texts)
{
    plan_page(quote_texts, name_texts);
    plan.attempts = 6;
    plan.best = best;
    plan.shortest = shortest;
    return ql_page_write(&page, &plan, 11);
}

static void page_candidate_with_the_lowest_mean_is_taken(void **state)
{
    (void)state;
    // 900 / 10, 500 / 6, 800 / 9, and one that is not requested.
    assert_int_equal(choose_page(3, 0, TEXTS("nine: 333", "five5", "eight: 8", "none"), TEXTS("A.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "five5");
    assert_string_equal(page.name, "A.");
    assert_int_equal(quotes.inits, 3);
    assert_int_equal(names.inits, 1);
    assert_int_equal(page.attempts, 4);
    // The sum alone does not decide.
    assert_int_equal(choose_page(2, 0, TEXTS("1", "a long one at 5"), TEXTS("A.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "a long one at 5");
    // Each character of a piece counts: 500 / 10 after 500 / 4.
    assert_int_equal(choose_page(2, 0, TEXTS("5xx", "5&&"), TEXTS("A.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "5and and ");
    // Of equal ones, the first wins.
    assert_int_equal(choose_page(3, 0, TEXTS("7first", "second", "third."), TEXTS("A.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "second");
}

static void page_candidate_that_is_long_enough_stands_before_a_shorter_one(void **state)
{
    (void)state;
    assert_int_equal(choose_page(3, 8, TEXTS("seven..", "eight 99", "eight 98"), TEXTS("A.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "eight 98");
    assert_int_equal(choose_page(2, 9, TEXTS("9", "1"), TEXTS("A.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "1");
}

static void page_candidates_that_are_none_are_left_out(void **state)
{
    (void)state;
    assert_int_equal(
        choose_page(4, 0, TEXTS("", "What?", "This one takes fifty bytes, which is ten too many.", "999"), TEXTS("A.")),
        QL_PAGE_DONE);
    assert_string_equal(page.quote, "999");
    // If none of the four qualifies, more are drawn until one does.
    assert_int_equal(choose_page(4, 0, TEXTS("", "?", " ", "?", "9", "1"), TEXTS("A.")), QL_PAGE_DONE);
    assert_string_equal(page.quote, "9");
    assert_int_equal(quotes.inits, 5);
    assert_int_equal(choose_page(4, 0, TEXTS(""), TEXTS("A.")), QL_PAGE_NO_QUOTE);
    assert_int_equal(quotes.inits, 6);
    assert_int_equal(choose_page(4, 0, TEXTS("9", "1!"), TEXTS("A.")), QL_PAGE_NOT_FINITE);
}

static void page_candidates_have_seeds_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(choose_page(3, 0, TEXTS("1", "2", "3"), TEXTS("Too long a name", "A.")), QL_PAGE_DONE);
    assert_int_equal(quotes.seeds[0], 11);
    assert_int_equal(quotes.seeds[1], ql_random_derive(11, 1));
    assert_int_equal(quotes.seeds[2], ql_random_derive(11, 2));
    assert_int_equal(names.seeds[0], 12);
    assert_int_equal(names.seeds[1], ql_random_derive(12, 1));
    assert_true(quotes.temperature == 0.7f);
    assert_true(names.temperature == 0.7f);
}

static void page_chosen_quote_comes_symbol_by_symbol(void **state)
{
    const enum ql_page_event expected[] = {
        QL_PAGE_DRAFT, QL_PAGE_CHOICE, QL_PAGE_DRAFT,  QL_PAGE_DRAFT,  QL_PAGE_DRAFT,  QL_PAGE_CHOICE,
        QL_PAGE_DRAFT, QL_PAGE_DRAFT,  QL_PAGE_CHOICE, QL_PAGE_SYMBOL, QL_PAGE_SYMBOL,
    };
    int drawn = 0;

    (void)state;
    plan_page(TEXTS("9", "8#8", "4#"), TEXTS("B"));
    plan.best = 3;
    ql_page_init(&page, &plan, 11);
    plan.best = 1; // for the next page
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(ql_page_text(&page), i < 10 ? "" : "4");
        assert_int_equal(ql_page_step(&page), expected[i]);
        drawn += page.drawn_characters;
    }
    assert_int_equal(drawn, 9); // newlines included
    assert_string_equal(page.symbol, "\xe2\x82\xac");
    assert_string_equal(ql_page_text(&page), "4\xe2\x82\xac");
    assert_int_equal(ql_page_step(&page), QL_PAGE_QUOTED);
    assert_string_equal(ql_page_text(&page), "");
    assert_int_equal(ql_page_step(&page), QL_PAGE_SYMBOL);
    assert_string_equal(ql_page_text(&page), "B");
    assert_int_equal(ql_page_step(&page), QL_PAGE_DONE);
}

// The limit counts tokens, without the newline, which may come as the next one.
static void page_ends_a_text_where_the_context_ends(void **state)
{
    static const char *const few[] = {"A proverb.", NULL}, *const many[] = {"A long proverb.", "Proverb.", NULL};
    static const char *const any[] = {"Anon.", NULL};
    struct ql_model_functions limited = functions;

    (void)state;
    limited.item_limit = 11;
    plan_page(few, any);
    plan.quotes.model = &limited;
    assert_int_equal(ql_page_write(&page, &plan, 0), QL_PAGE_DONE);
    assert_string_equal(page.quote, "A proverb.");
    limited.item_limit = 10;
    plan_page(many, any);
    plan.quotes.model = &limited;
    ql_page_init(&page, &plan, 0);
    for (int k = 1; k < 10; k++) {
        assert_int_equal(ql_page_step(&page), QL_PAGE_SYMBOL);
    }
    assert_int_equal(ql_page_step(&page), QL_PAGE_TOO_LONG);
    assert_int_equal(ql_page_write(&page, &plan, 0), QL_PAGE_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_texts_that_fit_are_taken_at_once),
        cmocka_unit_test(page_text_begins_from_zero_state_after_a_newline),
        cmocka_unit_test(page_long_quote_is_replaced),
        cmocka_unit_test(page_refused_texts_are_replaced),
        cmocka_unit_test(page_empty_texts_are_replaced),
        cmocka_unit_test(page_long_name_is_replaced_and_the_quote_kept),
        cmocka_unit_test(page_is_given_up_after_the_attempts),
        cmocka_unit_test(page_quote_without_end_is_stopped),
        cmocka_unit_test(page_gives_an_event_for_each_symbol),
        cmocka_unit_test(page_text_in_hand_can_be_read_at_any_time),
        cmocka_unit_test(page_damaged_model_is_reported),
        cmocka_unit_test(page_candidate_with_the_lowest_mean_is_taken),
        cmocka_unit_test(page_candidate_that_is_long_enough_stands_before_a_shorter_one),
        cmocka_unit_test(page_candidates_that_are_none_are_left_out),
        cmocka_unit_test(page_candidates_have_seeds_of_their_own),
        cmocka_unit_test(page_chosen_quote_comes_symbol_by_symbol),
        cmocka_unit_test(page_ends_a_text_where_the_context_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
