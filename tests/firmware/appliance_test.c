// The device's behavior on a simulated board: pages are written, commands are obeyed in the middle of them, and every
// failure ends in a message and another page. Uses: firmware/app/appliance, the stub's models, fake_port.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/appliance.h"
#include "app/stub.h"
#include "fake_port.h"

enum { STEPS_LIMIT = 20000000, DAY_S = 86400 };

static struct ql_appliance appliance;
static struct ql_appliance_settings settings;
static int frames_shown, panels_broken;
static enum ql_panel_controller last_panel;
static uint8_t last_frame[QL_FRAME_BYTES];

static enum ql_panel_result take_frame(enum ql_panel_controller panel, const uint8_t *frame)
{
    (void)frame;
    frames_shown++;
    last_panel = panel;
    memcpy(last_frame, frame, sizeof last_frame);
    fake_port.now_us += 4000000; // a refresh
    return panels_broken-- > 0 ? QL_PANEL_BUSY_TIMEOUT : QL_PANEL_DONE;
}

static int set_up(void **state)
{
    (void)state;
    fake_port_reset();
    frames_shown = 0;
    panels_broken = 0;
    settings = (struct ql_appliance_settings){
        .build = "test",
        .seeded = true,
        .seed = 5,
        .sampling = {-1.0f, -1.0f, -1},
        .panel = QL_PANEL_SSD1683,
        .show = take_frame,
    };
    return 0;
}

static void start(void)
{
    frames_shown = 0;
    ql_appliance_init(&appliance, &settings);
}

// Pages that the panel shows, or fails to.
static void step_until_pages(int pages)
{
    for (int i = 0; frames_shown < pages; i++) {
        assert_true(i < STEPS_LIMIT);
        ql_appliance_step(&appliance);
    }
}

static void step(int count)
{
    for (int i = 0; i < count; i++) {
        ql_appliance_step(&appliance);
    }
}

static int count(const char *words)
{
    int found = 0;

    for (const char *place = fake_port.output; (place = strstr(place, words)) != NULL; place++) {
        found++;
    }
    return found;
}

// The output from the last occurrence of the words on.
static const char *last(const char *words)
{
    const char *found = NULL;

    for (const char *place = fake_port.output; (place = strstr(place, words)) != NULL; place++) {
        found = place;
    }
    if (found == NULL) {
        fail_msg("'%s' is not in: %s", words, fake_port.output);
    }
    return found;
}

static void appliance_writes_shows_and_waits_for_a_day(void **state)
{
    (void)state;
    start();
    step_until_pages(1);
    assert_int_equal(frames_shown, 1);
    assert_int_equal(
        count(
            "= start test\n= seed 5\n= quotes filter off lexicon off\n= names filter off lexicon off\n= page begin 1\n"
            "= mark begin\n"),
        1);
    assert_int_equal(count("= page done\n= wait 86396\n"), 1); // a day from the beginning of this page
    assert_string_equal(last("= wait"), "= wait 86396\n");
    step_until_pages(2);
    assert_true(fake_port.now_us >= DAY_S * UINT64_C(1000000));
    assert_true(fake_port.now_us < (DAY_S + 60) * UINT64_C(1000000));
}

static void appliance_text_comes_symbol_by_symbol(void **state)
{
    (void)state;
    start();
    step(3);
    assert_int_equal(strlen(last("= mark begin\n")), strlen("= mark begin\n") + 3);
    assert_int_equal(fake_port.clicks, 3);
}

static void appliance_interval_is_a_third_of_a_day_where_the_jumper_is_closed(void **state)
{
    (void)state;
    fake_port.interval_closed = true;
    start();
    step_until_pages(2);
    assert_true(fake_port.now_us < (DAY_S / 3 + 60) * UINT64_C(1000000));
}

static void appliance_interval_of_the_build_overrules_the_jumper(void **state)
{
    (void)state;
    settings.interval_s = 120;
    start();
    step_until_pages(3);
    assert_true(fake_port.now_us < 300 * UINT64_C(1000000));
}

static void appliance_sleeps_where_nobody_is_attached(void **state)
{
    (void)state;
    fake_port.attached = false;
    start();
    step_until_pages(3);
    assert_int_equal(fake_port.sleeps, 2);
    assert_in_range(fake_port.slept_s, 2 * DAY_S - 20, 2 * DAY_S);
}

static void appliance_seed_fixes_the_pages(void **state)
{
    char first[4096];

    (void)state;
    start();
    step_until_pages(1);
    fake_port_type("seed 9\n");
    step_until_pages(3);
    assert_true(strlen(last("= seed 9\n")) < sizeof first);
    // Without the numbers of the pages and the times.
    strcpy(first, strstr(last("= seed 9\n"), "= mark begin"));
    first[strcspn(first, "#")] = '\0';
    const size_t length = (size_t)(strstr(first, "= page begin") - first);
    step(100);
    fake_port_type("seed 9\n");
    step_until_pages(4);
    assert_memory_equal(strstr(last("= seed 9\n"), "= mark begin"), first, length - strlen("= wait 86396\n"));
}

static void appliance_seed_is_chance_where_the_build_has_none(void **state)
{
    (void)state;
    settings.seeded = false;
    fake_port.entropy = 4000000000u;
    start();
    assert_int_equal(count("= seed 4000000000\n"), 1);
}

static void appliance_next_begins_another_page_at_once(void **state)
{
    (void)state;
    start();
    step(5);
    fake_port_type("next\n");
    step(1);
    assert_int_equal(count("= page begin 2\n"), 1);
    step_until_pages(1);
    fake_port_type("next\r\n");
    step_until_pages(2);
    assert_true(fake_port.now_us < 60 * UINT64_C(1000000));
    assert_int_equal(count("= page begin"), 3);
}

// A program reads the last line before "= mark end".
static void appliance_text_is_written_again_after_an_answer(void **state)
{
    char text[64];

    (void)state;
    start();
    step(7);
    (void)snprintf(text, sizeof text, "%s", last("= mark begin\n") + strlen("= mark begin\n"));
    fake_port_type("stats\nnonsense\n");
    step(1);
    const char *end = last("= error command unknown; help lists them\n");
    end = strchr(end, '\n') + 1;
    assert_memory_equal(end, text, 7);
    assert_int_equal(strlen(end), 8); // and one more
}

static void appliance_every_command_is_answered_in_the_middle_of_a_text(void **state)
{
    (void)state;
    start();
    step(4);
    fake_port_type("help\ntemperature 0.5\ntop_p own\ntop_k 3\npace 0\npanel uc8176\nstats\nselftest\n\n");
    step(1);
    assert_int_equal(count("= help "), 12);
    assert_int_equal(count("\n= temperature 0.5\n"), 1);
    assert_int_equal(count("\n= top_p own\n"), 1);
    assert_int_equal(count("\n= top_k 3\n"), 1);
    assert_int_equal(count("\n= pace 0.0\n"), 1);
    assert_int_equal(count("\n= panel uc8176\n"), 1);
    assert_int_equal(count("\n= stats us_per_char "), 1);
    assert_int_equal(count(" stack_bytes 1234 second_stack_bytes 567 battery_mv 4500 seed 5 "), 1);
    assert_int_equal(count("\n= selftest begin\n= selftest pass\n"), 1);
    assert_int_equal(fake_port.stretched_s, 0);
    assert_true(appliance.sampling.temperature == 0.5f);
    assert_int_equal(appliance.sampling.top_k, 3);
    step_until_pages(1);
    assert_int_equal(last_panel, QL_PANEL_UC8176);
}

static void appliance_panel_command_shows_the_page_again(void **state)
{
    (void)state;
    start();
    step_until_pages(1);
    fake_port_type("panel uc8176\n");
    step(2);
    assert_int_equal(frames_shown, 2);
    assert_int_equal(last_panel, QL_PANEL_UC8176);
    assert_int_equal(count("= page begin"), 1);
}

static void appliance_pace_sets_the_rhythm_and_the_console_stays_alive(void **state)
{
    (void)state;
    start();
    fake_port_type("pace 2\n");
    step(1);
    const uint64_t before_us = fake_port.now_us;
    const uint32_t symbols = appliance.symbols;
    while (appliance.symbols < symbols + 10) {
        ql_appliance_step(&appliance);
    }
    assert_in_range(fake_port.now_us - before_us, 4500000, 5500000);
    fake_port_type("pace 0\nnext\n");
    step(1);
    assert_int_equal(count("= page begin 2\n"), 1);
}

static void appliance_shows_progress_while_there_is_a_choice(void **state)
{
    (void)state;
    settings.best = 3;
    start();
    step(2);
    assert_string_equal(last("= mark begin\n"), "= mark begin\n");
    assert_int_equal(fake_port.clicks, 0);
    fake_port_type("best 2\npace 1000\n");
    step_until_pages(1);
    assert_int_equal(count("\n= best 2\n"), 1);
    assert_int_equal(count("\n= candidate 1 of 3 "), 1);
    assert_int_equal(count("\n= candidate 3 of 3 "), 1);
    assert_int_equal(count("\n= candidate 1 of 2 "), 0);
    assert_int_equal(count("= rejected quote"), 0);
    assert_non_null(strstr(last(" of 3 "), appliance.page.quote)); // and not before it has been chosen
    assert_int_equal(count(appliance.page.quote), 1);
    step_until_pages(2);
    assert_int_equal(count("\n= candidate 1 of 2 "), 1);
    assert_int_equal(count("\n= candidate 1 of 3 "), 1);
    fake_port_type("best 0\nbest 51\n");
    step(1);
    assert_int_equal(count("= error command best takes N"), 2);
}

// The functions of a stub, except for one.
static struct ql_model_functions damaged;

static const struct ql_model_functions *damage(int (*next)(void *, int), int (*check)(void *, void *))
{
    damaged = ql_stub_functions;
    damaged.next = next != NULL ? next : damaged.next;
    damaged.check = check;
    return &damaged;
}

static int next_of_equals_signs(void *model, int token)
{
    static const char text[] = "= page done\n=\n";
    static size_t place;

    (void)model;
    (void)token;
    const int next = (unsigned char)text[place];
    place = (place + 1) % (sizeof text - 1);
    return next;
}

// What a model writes is no line for programs, even if it looks like one.
static void appliance_text_is_no_line_for_programs(void **state)
{
    (void)state;
    start();
    appliance.plan.quotes.model = damage(next_of_equals_signs, NULL);
    appliance.plan.names.model = appliance.plan.quotes.model;
    step(4);
    fake_port_type("stats\n");
    step_until_pages(1);
    assert_int_equal(count("= mark begin\n = pa\n= stats "), 1);
    assert_int_equal(count("\n = page done\n= mark end 12 0\n= mark begin\n =\n= mark end 2 0\n"), 1);
    assert_int_equal(count("\n= page done\n"), 1);
    assert_string_equal(appliance.page.quote, "= page done");
    assert_string_equal(appliance.page.name, "=");
}

static void appliance_malformed_lines_are_answered_and_harmless(void **state)
{
    (void)state;
    start();
    step(2);
    fake_port_type(
        "seed\nseed x\nseed 99999999999\n\x01\x02\nnextnextnextnextnextnextnextnextnextnextnextnextnextnextnext"
        "nextnextnextnext\n");
    step(1);
    assert_int_equal(count("= error command seed needs a value: N"), 1);
    assert_int_equal(count("= error command seed takes N"), 2);
    assert_int_equal(count("= error command unknown"), 1);
    assert_int_equal(count("= error command too long"), 1);
    assert_int_equal(count("= page begin"), 1);
    step_until_pages(1);
}

static void appliance_flood_does_not_keep_it_from_its_work(void **state)
{
    static char flood[1 << 20];

    (void)state;
    for (size_t i = 0; i < sizeof flood - 1; i++) {
        flood[i] = i % 97 == 0 ? '\n' : (char)(i * 31 % 256 == 0 ? 1 : i * 31 % 256);
    }
    start();
    fake_port_type(flood);
    step_until_pages(1);
    assert_true(fake_port.input_bytes > 0);
    assert_int_equal(frames_shown, 1);
}

static void appliance_broken_panel_is_reported_and_tried_again(void **state)
{
    (void)state;
    panels_broken = 3;
    start();
    step_until_pages(3);
    fake_port_type("stats\n");
    step(1);
    assert_int_equal(count(" pages 0 "), 1); // shown
    step_until_pages(4);
    fake_port_type("stats\n");
    step(1);
    assert_int_equal(count(" pages 1 "), 1);
    assert_int_equal(count("= error panel busy timeout\n= wait 10\n"), 1);
    assert_int_equal(count("= error panel busy timeout\n= wait 20\n"), 1);
    assert_int_equal(count("= error panel busy timeout\n= wait 40\n"), 1);
    assert_int_equal(count("= page done\n"), 1);
}

// A page that is written is not written again because of the panel.
static void appliance_broken_panel_gets_the_same_page_again(void **state)
{
    static uint8_t first[QL_FRAME_BYTES];

    (void)state;
    panels_broken = 2;
    start();
    step_until_pages(1);
    memcpy(first, last_frame, sizeof first);
    step_until_pages(3);
    assert_int_equal(count("= page begin"), 1);
    assert_int_equal(count("= page done\n= wait 86400\n"), 1); // a day from when the panel showed it
    assert_memory_equal(last_frame, first, sizeof first);
    step_until_pages(4);
    assert_int_equal(count("= page begin"), 2);
    panels_broken = 1;
    fake_port_type("next\n");
    step_until_pages(5);
    fake_port_type("next\n"); // another one in place of that which the panel did not show
    step_until_pages(6);
    assert_int_equal(count("= page begin"), 4);
}

static void appliance_lasting_fault_is_tried_at_the_interval(void **state)
{
    (void)state;
    panels_broken = 1000;
    settings.interval_s = 60;
    start();
    step_until_pages(8);
    assert_int_equal(count("= wait 60\n"), 5);
    assert_int_equal(count("= wait 10\n"), 1);
    panels_broken = 0;
    step_until_pages(9);
    assert_string_equal(last("= page done\n"), "= page done\n= wait 60\n"); // the page is to be seen as long as others
    assert_int_equal(count("= page begin"), 1);
}

// What hung may hang again: the wait is that after as many failures in a row.
static void appliance_resets_by_the_watchdog_are_reported_and_waited_for(void **state)
{
    static const struct {
        uint32_t resets, wait_s;
    } cases[] = {{1, 10}, {2, 20}, {3, 40}, {9, 2560}, {14, 81920}, {15, DAY_S}, {UINT32_MAX, DAY_S}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char lines[80];
        set_up(NULL);
        fake_port.watchdog_resets = cases[i].resets;
        start();
        (void)snprintf(lines, sizeof lines, "= error watchdog restarted the device\n= wait %u\n", cases[i].wait_s);
        assert_int_equal(count(lines), 1);
        assert_int_equal(count("= page begin"), 0);
        step_until_pages(1);
        assert_true(fake_port.now_us >= cases[i].wait_s * UINT64_C(1000000));
        assert_int_equal(fake_port.watchdog_resets, 0);
    }
}

static void appliance_counts_resets_until_a_page_is_shown(void **state)
{
    (void)state;
    fake_port.watchdog_resets = 2;
    panels_broken = 1;
    start();
    fake_port_type("next\n"); // is obeyed at once
    step_until_pages(1);
    assert_true(fake_port.now_us < 20 * UINT64_C(1000000));
    assert_string_equal(last("= error panel"), "= error panel busy timeout\n= wait 40\n");
    assert_int_equal(fake_port.watchdog_resets, 2);
    step_until_pages(2);
    assert_int_equal(fake_port.watchdog_resets, 0);
}

static void appliance_feeds_the_watchdog_in_time(void **state)
{
    (void)state;
    settings.interval_s = 600;
    fake_port.step_us = 100;
    start();
    step_until_pages(20);
    assert_true(fake_port.longest_hunger_us < 8000000);
}

// A writer whose output is not a number, and one that never ends a text that fits.
static int next_not_finite(void *model, int token)
{
    (void)model;
    (void)token;
    return -1;
}

static int next_without_end(void *model, int token)
{
    (void)model;
    (void)token;
    return 'a';
}

static void appliance_damaged_model_is_reported_and_tried_again(void **state)
{
    (void)state;
    settings.interval_s = 3600;
    start();
    step(3);
    appliance.plan.names.model = damage(next_not_finite, NULL);
    for (int i = 0; i < STEPS_LIMIT && count("= error model output is not a number\n") < 3; i++) {
        ql_appliance_step(&appliance);
    }
    assert_int_equal(count("= error model output is not a number\n"), 3);
    fake_port_type("seed 1\n");
    step_until_pages(1);
    assert_int_equal(frames_shown, 1);
}

static void appliance_page_that_never_fits_is_given_up(void **state)
{
    (void)state;
    start();
    appliance.plan.quotes.model = damage(next_without_end, NULL);
    for (int i = 0; i < STEPS_LIMIT && count("= error quote none of 50 fits\n") == 0; i++) {
        ql_appliance_step(&appliance);
    }
    assert_int_equal(count("= rejected quote too long\n"), 49);
    assert_int_equal(frames_shown, 0);
    fake_port_type("seed 1\n");
    step_until_pages(1);
}

static int check_fails(void *state, void *workspace)
{
    (void)workspace;
    memset(state, 0, damaged.state_bytes);
    return 7;
}

static const void *checked_state;

// The state claims to be large, but is the stub's.
static int check_the_small_state(void *state, void *workspace)
{
    (void)workspace;
    checked_state = state;
    ((struct ql_stub *)state)->rest = NULL;
    return 0;
}

// At the start of a board, the self-tests come before the first page.
static void appliance_with_damaged_models_keeps_the_old_picture(void **state)
{
    (void)state;
    settings.checks_models = true;
    settings.interval_s = 60;
    start();
    assert_int_equal(count("= selftest"), 0); // passed
    step_until_pages(1);
    assert_int_equal(count("= page done\n"), 1);

    set_up(NULL);
    settings.checks_models = true;
    settings.interval_s = 60;
    fake_port.watchdog_resets = 1; // so that the models can be damaged before they are checked
    start();
    const struct ql_model_functions *whole = appliance.models.names.model;
    appliance.models.names.model = damage(NULL, check_fails);
    for (int i = 0; i < STEPS_LIMIT && count("= wait 60\n") < 2; i++) {
        ql_appliance_step(&appliance);
    }
    assert_int_equal(count("= selftest fail names_step 7\n= error model the image is damaged\n= wait 20\n"), 1);
    fake_port_type("next\n");
    step(1);
    assert_string_equal(last("= selftest"),
                        "= selftest fail names_step 7\n= error model the image is damaged\n= wait 60\n");
    assert_int_equal(count("= page begin"), 0);
    assert_int_equal(frames_shown, 0);
    assert_int_equal(fake_port.stretched_s, 0);
    appliance.models.names.model = whole; // a fault that passes
    step_until_pages(1);
    assert_int_equal(count("= page done\n"), 1);
}

static void appliance_selftest_says_where_a_model_is_wrong(void **state)
{
    (void)state;
    start();
    appliance.models.names.model = damage(NULL, check_fails);
    fake_port_type("selftest\n");
    step(1);
    assert_int_equal(count("= selftest begin\n= selftest fail names_step 7\n"), 1);
    step_until_pages(1);
}

// The self-test's state is in the frame, which the panel may still have to show.
static void appliance_selftest_leaves_the_page_as_it_is(void **state)
{
    static uint8_t before[QL_FRAME_BYTES];

    (void)state;
    start();
    step_until_pages(1);
    memcpy(before, last_frame, sizeof before);
    appliance.models.quotes.model = damage(NULL, check_fails);
    fake_port_type("selftest\n");
    step(1);
    assert_int_equal(count("= selftest fail quotes_step 7\n"), 1);
    fake_port_type("panel ssd1683\n");
    step(2);
    assert_int_equal(frames_shown, 2);
    assert_memory_equal(last_frame, before, sizeof before);
}

// The state of a decoder is larger than the frame: its self-test overwrites the current text, whose page is then
// written again, unchanged.
static void appliance_selftest_of_a_large_state_begins_the_page_anew(void **state)
{
    static struct ql_model_functions large;
    char first[QL_PAGE_TEXT_BYTES];

    (void)state;
    start();
    step_until_pages(1);
    (void)snprintf(first, sizeof first, "%s", appliance.page.quote);
    start();
    large = *appliance.models.quotes.model;
    large.state_bytes = QL_FRAME_BYTES + 1;
    large.check = check_the_small_state;
    appliance.models.quotes.model = &large;
    step(5);
    checked_state = NULL;
    fake_port_type("selftest\n");
    step(1);
    assert_ptr_equal(checked_state, appliance.models.quotes.state);
    assert_int_equal(count("= selftest pass\n= page begin 2\n= mark begin\n"), 1);
    step_until_pages(1);
    assert_string_equal(appliance.page.quote, first);
    fake_port_type("selftest\n");
    step(1);
    assert_int_equal(count("= page begin 3\n"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(appliance_writes_shows_and_waits_for_a_day, set_up),
        cmocka_unit_test_setup(appliance_text_comes_symbol_by_symbol, set_up),
        cmocka_unit_test_setup(appliance_interval_is_a_third_of_a_day_where_the_jumper_is_closed, set_up),
        cmocka_unit_test_setup(appliance_interval_of_the_build_overrules_the_jumper, set_up),
        cmocka_unit_test_setup(appliance_sleeps_where_nobody_is_attached, set_up),
        cmocka_unit_test_setup(appliance_seed_fixes_the_pages, set_up),
        cmocka_unit_test_setup(appliance_seed_is_chance_where_the_build_has_none, set_up),
        cmocka_unit_test_setup(appliance_next_begins_another_page_at_once, set_up),
        cmocka_unit_test_setup(appliance_text_is_written_again_after_an_answer, set_up),
        cmocka_unit_test_setup(appliance_every_command_is_answered_in_the_middle_of_a_text, set_up),
        cmocka_unit_test_setup(appliance_panel_command_shows_the_page_again, set_up),
        cmocka_unit_test_setup(appliance_pace_sets_the_rhythm_and_the_console_stays_alive, set_up),
        cmocka_unit_test_setup(appliance_shows_progress_while_there_is_a_choice, set_up),
        cmocka_unit_test_setup(appliance_text_is_no_line_for_programs, set_up),
        cmocka_unit_test_setup(appliance_malformed_lines_are_answered_and_harmless, set_up),
        cmocka_unit_test_setup(appliance_flood_does_not_keep_it_from_its_work, set_up),
        cmocka_unit_test_setup(appliance_broken_panel_is_reported_and_tried_again, set_up),
        cmocka_unit_test_setup(appliance_broken_panel_gets_the_same_page_again, set_up),
        cmocka_unit_test_setup(appliance_lasting_fault_is_tried_at_the_interval, set_up),
        cmocka_unit_test_setup(appliance_resets_by_the_watchdog_are_reported_and_waited_for, set_up),
        cmocka_unit_test_setup(appliance_counts_resets_until_a_page_is_shown, set_up),
        cmocka_unit_test_setup(appliance_feeds_the_watchdog_in_time, set_up),
        cmocka_unit_test_setup(appliance_damaged_model_is_reported_and_tried_again, set_up),
        cmocka_unit_test_setup(appliance_page_that_never_fits_is_given_up, set_up),
        cmocka_unit_test_setup(appliance_with_damaged_models_keeps_the_old_picture, set_up),
        cmocka_unit_test_setup(appliance_selftest_says_where_a_model_is_wrong, set_up),
        cmocka_unit_test_setup(appliance_selftest_leaves_the_page_as_it_is, set_up),
        cmocka_unit_test_setup(appliance_selftest_of_a_large_state_begins_the_page_anew, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
