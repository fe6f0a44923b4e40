// The main loop of the device: writes a page, shows it, waits, and starts again; meanwhile it reads the console.
// Uses: the other files of app/, panel/, and port/port.h for all that is not memory and arithmetic.
#ifndef QL_APP_APPLIANCE_H
#define QL_APP_APPLIANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "console.h"
#include "frame.h"
#include "layout.h"
#include "models.h"
#include "page.h"
#include "panel/panel.h"

// What a build fixes.
struct ql_appliance_settings {
    const char *build; // what this is, for the console: version, board, kind of models
    bool seeded;       // the first page has `seed`; otherwise chance decides
    uint32_t seed;
    struct ql_sampling sampling;
    int best;            // candidates for a quote, until the console says otherwise
    uint32_t interval_s; // from page to page; 0 leaves it to jumper J2
    bool checks_models;  // no page is begun before the models have passed their self-test
    enum ql_panel_controller panel;
    enum ql_panel_result (*show)(enum ql_panel_controller panel, const uint8_t *frame); // ql_panel_show, on a board
};

struct ql_appliance {
    const struct ql_appliance_settings *settings;
    struct ql_console console;
    struct ql_models models;
    struct ql_sampling sampling;
    enum ql_panel_controller panel;
    uint32_t pace_millionths; // characters a second; 0: no limit
    uint32_t seed;            // of the pages
    uint32_t page_number;     // of those of this seed, that comes next

    enum { QL_APPLIANCE_WRITING, QL_APPLIANCE_SHOWING, QL_APPLIANCE_WAITING } state;
    struct ql_page_plan plan;
    struct ql_page page;
    struct ql_layout layout;
    bool trusts_models;   // they have passed their self-test, or need not
    bool written;         // page and layout are those of a whole page
    bool unshown;         // the panel has failed to show it
    uint32_t pages_begun; // since the start
    uint32_t pages_done;  // shown by the panel

    uint64_t due_us;       // WRITING: of the next symbol; WAITING: of the next page
    uint64_t text_us;      // when the text in hand was begun
    uint64_t page_us;      // when the page was begun, or shown after failures of the panel
    int64_t thinking_us;   // that the models took for `symbols` symbols of this page
    uint32_t symbols;      // drawn for this page, those of rejected texts and the ends of texts included
    uint32_t text_symbols; // likewise, for the text in hand
    uint32_t retry_s;      // after the next failure
};

// Begins the first page, or, after a reset by the watchdog, waits before it. `settings` must outlive the appliance, of
// which there is one, because there is one of each model.
void ql_appliance_init(struct ql_appliance *appliance, const struct ql_appliance_settings *settings);

// Does the next small piece of work: reads the console, and then draws a symbol, refreshes the panel, or waits a
// little. Call it in an endless loop.
void ql_appliance_step(struct ql_appliance *appliance);

#endif
