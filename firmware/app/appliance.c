// Writes, shows, waits: see appliance.h. Every failure leads to a line on the console and a later attempt, at another page
// or, if the panel failed, at the same one.
// Uses: app/, panel/, port/port.h.
#include "appliance.h"

#include <string.h>

#include "command.h"
#include "port/port.h"

enum {
    CONSOLE_BYTES_PER_STEP = 256, // a flood of input must not block the device
    WAIT_SLICE_US = 10000,        // between two looks at the console
    DAY_S = 24 * 60 * 60,         // J2 open
    THIRD_OF_DAY_S = 8 * 60 * 60, // J2 closed
    FIRST_RETRY_S = 10,           // after a failure; doubled from failure to failure, up to the interval
    SELFTEST_LIMIT_S = 300,       // far more than any two models that fit into the flash need
};

#define SECOND_US UINT64_C(1000000)

static uint32_t interval_s(const struct ql_appliance *appliance)
{
    if (appliance->settings->interval_s > 0) {
        return appliance->settings->interval_s;
    }
    return ql_port_jumper_closed(QL_PORT_JUMPER_INTERVAL) ? THIRD_OF_DAY_S : DAY_S;
}

static bool fits(void *context, const char *quote, const char *name)
{
    struct ql_appliance *appliance = context;
    return ql_layout_write(&appliance->layout, quote, name) == QL_LAYOUT_DONE;
}

static void begin_text(struct ql_appliance *appliance)
{
    appliance->text_symbols = 0;
    ql_console_say(&appliance->console, "mark begin");
    appliance->text_us = ql_port_time_us();
    appliance->due_us = appliance->text_us;
}

static void end_text(struct ql_appliance *appliance)
{
    struct ql_console *console = &appliance->console;
    const uint64_t duration_us = ql_port_time_us() - appliance->text_us;

    ql_console_begin(console, "mark end");
    ql_console_add_number(console, appliance->text_symbols);
    ql_console_add_number(console, (int64_t)duration_us);
    ql_console_end(console);
}

static void wait_until(struct ql_appliance *appliance, uint64_t due_us)
{
    const uint64_t now_us = ql_port_time_us();

    appliance->state = QL_APPLIANCE_WAITING;
    appliance->due_us = due_us > now_us ? due_us : now_us;
    ql_console_begin(&appliance->console, "wait");
    ql_console_add_number(&appliance->console, (int64_t)((appliance->due_us - now_us + SECOND_US / 2) / SECOND_US));
    ql_console_end(&appliance->console);
}

static void wait_for_next_page(struct ql_appliance *appliance)
{
    appliance->retry_s = FIRST_RETRY_S;
    wait_until(appliance, appliance->page_us + interval_s(appliance) * SECOND_US);
}

// Reports what went wrong, and tries again later: soon at first, because the fault may be gone; then less and less
// often, because it may persist, and the battery must last.
static void fail(struct ql_appliance *appliance, const char *what)
{
    const uint32_t interval = interval_s(appliance);
    const uint32_t retry_s = appliance->retry_s < interval ? appliance->retry_s : interval;

    ql_console_begin(&appliance->console, "error");
    ql_console_add(&appliance->console, what);
    ql_console_end(&appliance->console);
    appliance->retry_s = 2 * retry_s;
    wait_until(appliance, ql_port_time_us() + retry_s * SECOND_US);
}

static void add_pair(struct ql_console *console, const char *key, int64_t value)
{
    ql_console_add(console, key);
    ql_console_add_number(console, value);
}

// The state of a self-test is in the frame, beside that of the current text, or, if it is larger, in place of that
// text's state.
static bool fits_frame(const struct ql_writer *writer)
{
    return writer->model->state_bytes <= QL_FRAME_BYTES;
}

// Runs a model's self-test. Returns 0, or the number of the first wrong step.
static int check_model(const struct ql_writer *writer)
{
    if (writer->model->check == NULL) {
        return 0;
    }
    if (!fits_frame(writer)) {
        return writer->model->check(writer->state, NULL);
    }
    const int step = writer->model->check(ql_port_frame_take(), NULL);
    ql_port_frame_give();
    return step;
}

// Runs the self-tests of both models. Returns whether they pass, and reports where they do not.
static bool check_models(struct ql_appliance *appliance)
{
    struct ql_console *console = &appliance->console;

    ql_port_watchdog_stretch(SELFTEST_LIMIT_S);
    const int quotes_step = check_model(&appliance->models.quotes);
    const int names_step = check_model(&appliance->models.names);
    ql_port_watchdog_stretch(0);
    if (quotes_step == 0 && names_step == 0) {
        return true;
    }
    ql_console_begin(console, "selftest fail");
    if (quotes_step != 0) {
        add_pair(console, "quotes_step", quotes_step);
    }
    if (names_step != 0) {
        add_pair(console, "names_step", names_step);
    }
    ql_console_end(console);
    return false;
}

// Begins the next page, if the models have passed their self-test since the start. Damaged weights would write nonsense
// over the picture that is there.
static void begin_page(struct ql_appliance *appliance)
{
    struct ql_console *console = &appliance->console;

    appliance->written = false;
    appliance->unshown = false;
    appliance->trusts_models = appliance->trusts_models || check_models(appliance);
    if (!appliance->trusts_models) {
        fail(appliance, "model the image is damaged");
        return;
    }
    appliance->state = QL_APPLIANCE_WRITING;
    appliance->pages_begun++;
    appliance->page_us = ql_port_time_us();
    appliance->thinking_us = 0;
    appliance->symbols = 0;
    ql_page_init(&appliance->page, &appliance->plan, ql_page_seed(appliance->seed, appliance->page_number++));
    ql_console_begin(console, "page begin");
    ql_console_add_number(console, appliance->pages_begun);
    ql_console_end(console);
    begin_text(appliance);
}

// Reports a model's filter and lexicon.
static void say_guards(struct ql_console *console, const char *kind, const struct ql_model_functions *model)
{
    ql_console_begin(console, kind);
    ql_console_add(console, "filter");
    ql_console_add(console, model->refuses != NULL ? "on" : "off");
    ql_console_add(console, "lexicon");
    if (model->words > 0) {
        ql_console_add_number(console, model->words);
        ql_console_add(console, "words");
    } else {
        ql_console_add(console, "off");
    }
    ql_console_end(console);
}

// Sets the seed: everything drawn from now on follows from it.
static void take_seed(struct ql_appliance *appliance, uint32_t seed)
{
    struct ql_console *console = &appliance->console;

    appliance->seed = seed;
    appliance->page_number = 0;
    ql_models_init(&appliance->models, &appliance->sampling, seed, seed + 1);
    appliance->plan.quotes = appliance->models.quotes;
    appliance->plan.names = appliance->models.names;
    ql_console_begin(console, "seed");
    ql_console_add_number(console, seed);
    ql_console_end(console);
}

// Reports which candidate is complete: its cost, in bits per character, or why it is not a candidate.
static void say_candidate(struct ql_appliance *appliance, const char *why)
{
    const struct ql_page *page = &appliance->page;
    struct ql_console *console = &appliance->console;

    const int number = page->plan->attempts - page->left; // may exceed the requested number if none of those qualifies

    ql_console_begin(console, "candidate");
    ql_console_add_number(console, number);
    ql_console_add(console, "of");
    ql_console_add_number(console, number > page->best ? page->plan->attempts : page->best);
    if (why == NULL) {
        ql_console_add(console, "bits");
        ql_console_add_millionths(
            console, (uint32_t)(page->candidate.cost * UINT64_C(1442695) / QL_COST_ONE / page->candidate.characters));
    } else {
        ql_console_add(console, why);
    }
    ql_console_end(console);
}

static void reject(struct ql_appliance *appliance, bool choosing, const char *why)
{
    if (choosing) {
        say_candidate(appliance, why);
        return;
    }
    end_text(appliance);
    ql_console_begin(&appliance->console, "rejected");
    ql_console_add(&appliance->console, appliance->page.naming ? "name" : "quote");
    ql_console_add(&appliance->console, why);
    ql_console_end(&appliance->console);
    begin_text(appliance);
}

// Draws a symbol, or a piece of several, when it is due.
static void write_symbol(struct ql_appliance *appliance)
{
    const uint64_t now_us = ql_port_time_us();

    if (now_us < appliance->due_us) {
        const uint64_t left_us = appliance->due_us - now_us;
        ql_port_wait_us(left_us < WAIT_SLICE_US ? (uint32_t)left_us : WAIT_SLICE_US);
        return;
    }
    const bool choosing = appliance->page.choosing;
    const enum ql_page_event event = ql_page_step(&appliance->page);
    appliance->thinking_us += (int64_t)(ql_port_time_us() - now_us);
    const uint32_t symbols = (uint32_t)appliance->page.drawn_characters;
    appliance->symbols += symbols;
    appliance->text_symbols += symbols;
    if (appliance->pace_millionths > 0 && !choosing) { // text drawn for a choice is not shown
        appliance->due_us =
            now_us + (symbols == 0 ? 1 : symbols) * (SECOND_US * QL_COMMAND_MILLION / appliance->pace_millionths);
    }
    switch (event) {
    case QL_PAGE_SYMBOL:
        ql_console_write(&appliance->console, appliance->page.symbol);
        ql_port_click();
        break;
    case QL_PAGE_DRAFT:
        break;
    case QL_PAGE_CHOICE:
        say_candidate(appliance, NULL);
        break;
    case QL_PAGE_EMPTY:
        reject(appliance, choosing, "empty");
        break;
    case QL_PAGE_TOO_LONG:
        reject(appliance, choosing, "too long");
        break;
    case QL_PAGE_REFUSED:
        reject(appliance, choosing, "refused");
        break;
    case QL_PAGE_QUOTED:
        end_text(appliance);
        begin_text(appliance);
        break;
    case QL_PAGE_DONE:
        end_text(appliance);
        appliance->written = true;
        appliance->state = QL_APPLIANCE_SHOWING;
        break;
    case QL_PAGE_NO_QUOTE:
        end_text(appliance);
        fail(appliance, "quote none of 50 fits");
        break;
    case QL_PAGE_NO_NAME:
        end_text(appliance);
        fail(appliance, "name none of 50 fits");
        break;
    case QL_PAGE_NOT_FINITE:
        end_text(appliance);
        fail(appliance, "model output is not a number");
        break;
    }
}

// Reports how many letters of the page the typeface lacks.
static void say_boxes(struct ql_console *console, int missing)
{
    if (missing > 0) {
        ql_console_begin(console, "boxes");
        ql_console_add_number(console, missing);
        ql_console_add(console, "letters are not in the typeface");
        ql_console_end(console);
    }
}

static void show_page(struct ql_appliance *appliance)
{
    uint8_t *frame = ql_port_frame_take();

    ql_layout_draw(frame, &appliance->layout);
    const enum ql_panel_result result = appliance->settings->show(appliance->panel, frame);
    ql_port_frame_give();
    const bool was_unshown = appliance->unshown;
    appliance->unshown = result != QL_PANEL_DONE;
    if (result == QL_PANEL_DONE) {
        appliance->pages_done++;
        if (was_unshown) {
            appliance->page_us = ql_port_time_us(); // by now its interval may be over
        }
        say_boxes(&appliance->console, appliance->layout.missing);
        ql_console_say(&appliance->console, "page done");
        ql_port_watchdog_forget();
        wait_for_next_page(appliance);
    } else {
        fail(appliance, "panel busy timeout");
    }
}

static void wait_a_little(struct ql_appliance *appliance)
{
    const uint64_t now_us = ql_port_time_us();

    if (now_us >= appliance->due_us && appliance->unshown) {
        appliance->state = QL_APPLIANCE_SHOWING; // the page is written: only the panel is tried again
    } else if (now_us >= appliance->due_us) {
        begin_page(appliance);
    } else if (ql_port_console_attached() || appliance->due_us - now_us < SECOND_US) {
        const uint64_t left_us = appliance->due_us - now_us;
        ql_port_wait_us(left_us < WAIT_SLICE_US ? (uint32_t)left_us : WAIT_SLICE_US);
    } else {
        ql_port_sleep_s((uint32_t)((appliance->due_us - now_us) / SECOND_US));
    }
}

static void list_commands(struct ql_console *console)
{
    for (int verb = QL_COMMAND_HELP; verb <= QL_COMMAND_BOOTSEL; verb++) {
        const struct ql_command_form *form = &ql_command_forms[verb];
        ql_console_begin(console, "help");
        ql_console_add(console, form->name);
        if (form->use[0] != '\0') {
            ql_console_add(console, form->use);
        }
        ql_console_write(console, ":");
        ql_console_add(console, form->does);
        ql_console_end(console);
    }
}

static void write_stats(struct ql_appliance *appliance)
{
    struct ql_console *console = &appliance->console;
    const int64_t symbols = appliance->symbols;

    ql_console_begin(console, "stats");
    add_pair(console, "us_per_char", symbols == 0 ? 0 : appliance->thinking_us / symbols);
    add_pair(console, "stack_bytes", ql_port_stack_used_bytes(false));
    add_pair(console, "second_stack_bytes", ql_port_stack_used_bytes(true));
    add_pair(console, "battery_mv", ql_port_battery_mv());
    add_pair(console, "seed", appliance->seed);
    add_pair(console, "pages", appliance->pages_done);
    add_pair(console, "attempts", appliance->page.attempts);
    add_pair(console, "uptime_s", (int64_t)(ql_port_time_us() / SECOND_US));
    ql_console_end(console);
}

// Starts the current page over after a self-test that has overwritten the state of its text.
static void write_again(struct ql_appliance *appliance)
{
    const struct ql_models *models = &appliance->models;

    if (appliance->state == QL_APPLIANCE_WRITING && !(fits_frame(&models->quotes) && fits_frame(&models->names))) {
        appliance->page_number--;
        begin_page(appliance);
    }
}

static void run_selftest(struct ql_appliance *appliance)
{
    ql_console_say(&appliance->console, "selftest begin");
    if (check_models(appliance)) {
        ql_console_say(&appliance->console, "selftest pass");
    }
    write_again(appliance);
}

static void take_sampling(struct ql_appliance *appliance, const struct ql_command *command)
{
    // In double precision, a fraction with six decimals becomes the same float that strtod gives.
    const float fraction = command->own ? -1.0f : (float)((double)command->value / QL_COMMAND_MILLION);

    switch (command->verb) {
    case QL_COMMAND_TEMPERATURE:
        appliance->sampling.temperature = fraction;
        break;
    case QL_COMMAND_TOP_P:
        appliance->sampling.top_p = fraction;
        break;
    default:
        appliance->sampling.top_k = command->own ? -1 : (int)command->value;
        break;
    }
    ql_writer_set(&appliance->models.quotes, &appliance->sampling);
    ql_writer_set(&appliance->models.names, &appliance->sampling);
}

// Confirms what was understood.
static void confirm(struct ql_console *console, const struct ql_command *command)
{
    const struct ql_command_form *form = &ql_command_forms[command->verb];

    ql_console_begin(console, form->name);
    if (command->own) {
        ql_console_add(console, "own");
    } else if (command->verb == QL_COMMAND_PANEL) {
        ql_console_add(console, ql_panel_name((enum ql_panel_controller)command->value));
    } else if (form->fraction) {
        ql_console_add_millionths(console, command->value);
    } else {
        ql_console_add_number(console, command->value);
    }
    ql_console_end(console);
}

static void obey(struct ql_appliance *appliance, const struct ql_command *command)
{
    switch (command->verb) {
    case QL_COMMAND_NONE:
        break;
    case QL_COMMAND_HELP:
        list_commands(&appliance->console);
        break;
    case QL_COMMAND_NEXT:
        begin_page(appliance);
        break;
    case QL_COMMAND_SEED:
        take_seed(appliance, command->value);
        begin_page(appliance);
        break;
    case QL_COMMAND_TEMPERATURE:
    case QL_COMMAND_TOP_P:
    case QL_COMMAND_TOP_K:
        take_sampling(appliance, command);
        confirm(&appliance->console, command);
        break;
    case QL_COMMAND_BEST:
        appliance->plan.best = (int)command->value; // for the next page
        confirm(&appliance->console, command);
        break;
    case QL_COMMAND_PACE:
        appliance->pace_millionths = command->value;
        if (appliance->state == QL_APPLIANCE_WRITING) {
            appliance->due_us = ql_port_time_us();
        }
        confirm(&appliance->console, command);
        break;
    case QL_COMMAND_PANEL:
        appliance->panel = (enum ql_panel_controller)command->value;
        confirm(&appliance->console, command);
        if (appliance->written) {
            appliance->state = QL_APPLIANCE_SHOWING;
        }
        break;
    case QL_COMMAND_STATS:
        write_stats(appliance);
        break;
    case QL_COMMAND_SELFTEST:
        run_selftest(appliance);
        break;
    case QL_COMMAND_BOOTSEL:
        ql_console_say(&appliance->console, "bootsel");
        ql_port_bootsel();
    }
}

static void refuse(struct ql_console *console, const struct ql_command *command, const char *why)
{
    const struct ql_command_form *form = &ql_command_forms[command->verb];

    ql_console_begin(console, "error command");
    ql_console_add(console, form->name);
    ql_console_add(console, why);
    ql_console_add(console, form->use[0] == '\0' ? "nothing" : form->use);
    ql_console_add(console, "-");
    ql_console_add(console, form->does);
    ql_console_end(console);
}

static void take_line(struct ql_appliance *appliance)
{
    struct ql_console *console = &appliance->console;
    struct ql_command command;

    switch (ql_command_read(&command, console->line)) {
    case QL_COMMAND_READ:
        obey(appliance, &command);
        break;
    case QL_COMMAND_UNKNOWN:
        ql_console_say(console, "error command unknown; help lists them");
        break;
    case QL_COMMAND_NO_VALUE:
        refuse(console, &command, "needs a value:");
        break;
    case QL_COMMAND_VALUE:
        refuse(console, &command, "takes");
        break;
    }
}

// Handles the input since the last call. An answer interrupts a line of text, so the text is written again from its
// beginning, and its last line is always complete.
static void hear_console(struct ql_appliance *appliance)
{
    struct ql_console *console = &appliance->console;
    const bool within_line = console->within_line;

    for (int taken = 0; taken < CONSOLE_BYTES_PER_STEP; taken++) {
        const int byte = ql_port_console_read();
        if (byte < 0) {
            break;
        }
        switch (ql_console_take(console, (uint8_t)byte)) {
        case QL_CONSOLE_NOTHING:
            break;
        case QL_CONSOLE_LINE:
            take_line(appliance);
            break;
        case QL_CONSOLE_TOO_LONG:
            ql_console_say(console, "error command too long; help lists them");
            break;
        }
    }
    if (within_line && !console->within_line && appliance->state == QL_APPLIANCE_WRITING) {
        ql_console_write(console, ql_page_text(&appliance->page));
    }
}

void ql_appliance_init(struct ql_appliance *appliance, const struct ql_appliance_settings *settings)
{
    const uint32_t resets = ql_port_watchdog_resets();

    memset(appliance, 0, sizeof *appliance);
    appliance->settings = settings;
    appliance->sampling = settings->sampling;
    appliance->panel = settings->panel;
    appliance->trusts_models = !settings->checks_models;
    appliance->plan.fits = fits;
    appliance->plan.context = appliance;
    appliance->plan.sampling = &appliance->sampling;
    appliance->plan.attempts = QL_PAGE_ATTEMPTS;
    appliance->plan.best = settings->best;
    appliance->plan.shortest = QL_PAGE_SHORTEST;
    appliance->retry_s = FIRST_RETRY_S;
    appliance->console.within_line = true; // a line may be left over from before a reset
    ql_console_begin(&appliance->console, "start");
    ql_console_add(&appliance->console, settings->build);
    ql_console_end(&appliance->console);
    take_seed(appliance, settings->seeded ? settings->seed : ql_port_entropy());
    say_guards(&appliance->console, "quotes", appliance->models.quotes.model);
    say_guards(&appliance->console, "names", appliance->models.names.model);
    if (resets == 0) {
        begin_page(appliance);
        return;
    }
    for (uint32_t i = 1; i < resets && appliance->retry_s < interval_s(appliance); i++) {
        appliance->retry_s *= 2; // the failure before each earlier reset
    }
    fail(appliance, "watchdog restarted the device");
}

void ql_appliance_step(struct ql_appliance *appliance)
{
    ql_port_watchdog_feed();
    hear_console(appliance);
    switch (appliance->state) {
    case QL_APPLIANCE_WRITING:
        write_symbol(appliance);
        break;
    case QL_APPLIANCE_SHOWING:
        show_page(appliance);
        break;
    case QL_APPLIANCE_WAITING:
        wait_a_little(appliance);
        break;
    }
}
