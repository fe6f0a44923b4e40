// What the panel's drivers send over the wires, byte for byte, and how they end when BUSY does not.
// Uses: firmware/panel, with a port of its own that writes down what it is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/frame.h"
#include "panel/panel.h"
#include "port/port.h"

enum { NEVER = 1000, REFRESH_US = 4000000 };

static const uint64_t NEVER_US = UINT64_MAX;

// What was seen on the wires: "reset", "wait", "C06" for a command, " 17" for data. Many equal bytes are abbreviated as
// " FF*15000", and the picture as " frame".
static struct {
    char text[4096];
    bool select, data, reset;
    bool idle_level;                             // of BUSY
    int waits;                                   // after a reset or a command
    int stuck_wait;                              // the number of the first wait that does not end
    bool is_free;                                // a reset ends it
    uint8_t refresh;                             // the command that begins a refresh
    uint64_t refresh_delay_us, refresh_begin_us; // from the command to BUSY, and when that is
    uint64_t time_us;
    bool was_asked;
    int run_bytes; // of the current data
    uint8_t run[QL_FRAME_BYTES + 1];
} wires;

static uint8_t frame[QL_FRAME_BYTES];

static void add(const char *text)
{
    assert_true(strlen(wires.text) + strlen(text) < sizeof wires.text);
    strcat(wires.text, text);
}

static void end_run(void)
{
    char item[32];

    if (wires.run_bytes == QL_FRAME_BYTES && memcmp(wires.run, frame, QL_FRAME_BYTES) == 0) {
        add(" frame");
    } else if (wires.run_bytes > 16) {
        for (int i = 1; i < wires.run_bytes; i++) {
            assert_int_equal(wires.run[i], wires.run[0]);
        }
        (void)snprintf(item, sizeof item, " %02X*%d", wires.run[0], wires.run_bytes);
        add(item);
    } else {
        for (int i = 0; i < wires.run_bytes; i++) {
            (void)snprintf(item, sizeof item, " %02X", wires.run[i]);
            add(item);
        }
    }
    wires.run_bytes = 0;
}

void ql_port_pin_write(enum ql_port_pin pin, bool high)
{
    if (pin == QL_PORT_PANEL_SELECT && high && !wires.select) {
        end_run();
        add("\n");
    }
    if (pin == QL_PORT_PANEL_RESET && high && !wires.reset) {
        add("reset\n");
        wires.was_asked = false;
        if (wires.is_free && wires.waits >= wires.stuck_wait) {
            wires.stuck_wait = NEVER;
        }
    }
    *(pin == QL_PORT_PANEL_SELECT ? &wires.select : pin == QL_PORT_PANEL_DATA ? &wires.data : &wires.reset) = high;
}

void ql_port_panel_write(const uint8_t *bytes, int count)
{
    assert_false(wires.select);
    assert_true(wires.reset);
    for (int i = 0; i < count; i++) {
        if (wires.data) {
            assert_true(wires.run_bytes < QL_FRAME_BYTES);
            wires.run[wires.run_bytes++] = bytes[i];
        } else {
            char item[8];
            if (bytes[i] == wires.refresh && wires.refresh_delay_us != NEVER_US) {
                wires.refresh_begin_us = wires.time_us + wires.refresh_delay_us;
            }
            (void)snprintf(item, sizeof item, "C%02X", bytes[i]);
            add(item);
        }
    }
    wires.was_asked = false;
}

bool ql_port_panel_busy_pin(void)
{
    if (!wires.was_asked) {
        wires.was_asked = true;
        wires.waits++;
        add("wait\n");
    }
    const bool is_refreshing =
        wires.time_us >= wires.refresh_begin_us && wires.time_us - wires.refresh_begin_us < REFRESH_US;
    return wires.waits >= wires.stuck_wait || is_refreshing ? !wires.idle_level : wires.idle_level;
}

uint64_t ql_port_time_us(void)
{
    return wires.time_us;
}

void ql_port_wait_us(uint32_t duration_us)
{
    assert_true(duration_us <= 10000);
    wires.time_us += duration_us;
}

// refresh_delay_us: from the command to BUSY; NEVER_US for a pin that nothing drives.
static enum ql_panel_result show_late(enum ql_panel_controller controller, bool idle_level, int stuck_wait,
                                      bool is_free, uint64_t refresh_delay_us)
{
    memset(&wires, 0, sizeof wires);
    wires.select = wires.data = wires.reset = true;
    wires.refresh = controller == QL_PANEL_UC8176 ? 0x12 : 0x20;
    wires.refresh_delay_us = refresh_delay_us;
    wires.refresh_begin_us = NEVER_US;
    wires.idle_level = idle_level;
    wires.stuck_wait = stuck_wait;
    wires.is_free = is_free;
    for (int i = 0; i < QL_FRAME_BYTES; i++) {
        frame[i] = (uint8_t)(i * 7 + i / 50);
    }
    return ql_panel_show(controller, frame);
}

static enum ql_panel_result show(enum ql_panel_controller controller, bool idle_level, int stuck_wait, bool is_free)
{
    return show_late(controller, idle_level, stuck_wait, is_free, 0);
}

static const char uc8176_page[] = "reset\nwait\n"
                                  "C06 17 17 17\nC04\nwait\n"
                                  "C00 1F\nC61 01 90 01 2C\nC50 97\n"
                                  "C10 FF*15000\nC13 frame\n"
                                  "C12\nwait\n"
                                  "C50 F7\nC02\nwait\n"
                                  "C07 A5\n";

static const char ssd1683_page[] = "reset\nwait\n"
                                   "C12\nwait\n"
                                   "C01 2B 01 00\nC3C 05\nC18 80\nC21 40 00\nC11 03\n"
                                   "C44 00 31\nC45 00 00 2B 01\nC4E 00\nC4F 00 00\n"
                                   "C24 frame\nC22 F7\nC20\nwait\n"
                                   "C10 01\n";

static void panel_uc8176_gets_what_its_sheet_asks(void **state)
{
    (void)state;
    assert_int_equal(show(QL_PANEL_UC8176, true, NEVER, false), QL_PANEL_DONE);
    assert_string_equal(wires.text, uc8176_page);
}

static void panel_ssd1683_gets_what_its_sheet_asks(void **state)
{
    (void)state;
    assert_int_equal(show(QL_PANEL_SSD1683, false, NEVER, false), QL_PANEL_DONE);
    assert_string_equal(wires.text, ssd1683_page);
}

// The page up to its wait number `wait`, then `tail`.
static void assert_page_ends(const char *page, int wait, const char *tail)
{
    const char *end = page;

    for (int i = 0; i < wait; i++) {
        end = strstr(end, "wait\n") + strlen("wait\n");
    }
    assert_memory_equal(wires.text, page, (size_t)(end - page));
    assert_string_equal(wires.text + (end - page), tail);
}

static void panel_busy_that_never_ends_is_a_timeout(void **state)
{
    const uint64_t limit_us = 1000 * (uint64_t)(5 * QL_PANEL_READY_TIMEOUT_MS + QL_PANEL_REFRESH_TIMEOUT_MS);

    (void)state;
    for (int wait = 1; wait <= 4; wait++) {
        assert_int_equal(show(QL_PANEL_UC8176, true, wait, false), QL_PANEL_BUSY_TIMEOUT);
        assert_page_ends(uc8176_page, wait, "reset\nwait\n");
        assert_true(wires.time_us < limit_us);
    }
    for (int wait = 1; wait <= 3; wait++) {
        assert_int_equal(show(QL_PANEL_SSD1683, false, wait, false), QL_PANEL_BUSY_TIMEOUT);
        assert_page_ends(ssd1683_page, wait, "reset\nwait\n");
        assert_true(wires.time_us < limit_us);
    }
}

static void panel_busy_that_a_reset_ends_leaves_it_asleep(void **state)
{
    (void)state;
    assert_int_equal(show(QL_PANEL_UC8176, true, 3, true), QL_PANEL_BUSY_TIMEOUT);
    assert_page_ends(uc8176_page, 3, "reset\nwait\nC07 A5\n");
    assert_true(wires.time_us >= 1000 * (uint64_t)QL_PANEL_REFRESH_TIMEOUT_MS);
    assert_int_equal(show(QL_PANEL_SSD1683, false, 3, true), QL_PANEL_BUSY_TIMEOUT);
    assert_page_ends(ssd1683_page, 3, "reset\nwait\nC10 01\n");
    assert_true(wires.time_us >= 1000 * (uint64_t)QL_PANEL_REFRESH_TIMEOUT_MS);
}

static void panel_other_controller_is_a_timeout(void **state)
{
    (void)state;
    assert_int_equal(show(QL_PANEL_UC8176, false, NEVER, false), QL_PANEL_BUSY_TIMEOUT);
    assert_string_equal(wires.text, "reset\nwait\nreset\nwait\n");
    assert_int_equal(show(QL_PANEL_SSD1683, true, NEVER, false), QL_PANEL_BUSY_TIMEOUT);
    assert_string_equal(wires.text, "reset\nwait\nreset\nwait\n");
}

// The pin keeps the level at which one of the two controllers is ready: the pull-down of the pad, or a pull-up.
static void panel_that_is_missing_is_a_timeout(void **state)
{
    (void)state;
    assert_int_equal(show_late(QL_PANEL_SSD1683, false, NEVER, false, NEVER_US), QL_PANEL_BUSY_TIMEOUT);
    assert_page_ends(ssd1683_page, 3, "reset\nwait\nC10 01\n");
    assert_true(wires.time_us < 1000000);
    assert_int_equal(show_late(QL_PANEL_UC8176, true, NEVER, false, NEVER_US), QL_PANEL_BUSY_TIMEOUT);
    assert_page_ends(uc8176_page, 3, "reset\nwait\nC07 A5\n");
    assert_true(wires.time_us < 1000000);
}

static void panel_whose_busy_comes_late_is_waited_for(void **state)
{
    const uint64_t late_us = 50000;

    (void)state;
    assert_int_equal(show_late(QL_PANEL_UC8176, true, NEVER, false, late_us), QL_PANEL_DONE);
    assert_string_equal(wires.text, uc8176_page);
    assert_true(wires.time_us >= late_us + REFRESH_US);
    assert_int_equal(show_late(QL_PANEL_SSD1683, false, NEVER, false, late_us), QL_PANEL_DONE);
    assert_string_equal(wires.text, ssd1683_page);
    assert_true(wires.time_us >= late_us + REFRESH_US);
}

static void panel_controllers_have_names(void **state)
{
    enum ql_panel_controller controller;

    (void)state;
    assert_true(ql_panel_find(&controller, "uc8176", 6));
    assert_int_equal(controller, QL_PANEL_UC8176);
    assert_true(ql_panel_find(&controller, "ssd1683 ", 7));
    assert_int_equal(controller, QL_PANEL_SSD1683);
    assert_string_equal(ql_panel_name(controller), "ssd1683");
    assert_false(ql_panel_find(&controller, "", 0));
    assert_false(ql_panel_find(&controller, "SSD1683", 7));
    assert_false(ql_panel_find(&controller, "ssd1683", 6));
    assert_false(ql_panel_find(&controller, "ssd16833", 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(panel_uc8176_gets_what_its_sheet_asks),
        cmocka_unit_test(panel_ssd1683_gets_what_its_sheet_asks),
        cmocka_unit_test(panel_busy_that_never_ends_is_a_timeout),
        cmocka_unit_test(panel_busy_that_a_reset_ends_leaves_it_asleep),
        cmocka_unit_test(panel_other_controller_is_a_timeout),
        cmocka_unit_test(panel_that_is_missing_is_a_timeout),
        cmocka_unit_test(panel_whose_busy_comes_late_is_waited_for),
        cmocka_unit_test(panel_controllers_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
