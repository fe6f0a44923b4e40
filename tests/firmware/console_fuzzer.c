// Fuzz target: whatever arrives on the console, the device answers it and continues its page.
// Uses: firmware/app/appliance, the stub's models, fake_port.h.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "app/appliance.h"
#include "app/command.h"
#include "fake_port.h"

static enum ql_panel_result take_frame(enum ql_panel_controller panel, const uint8_t *frame)
{
    (void)frame;
    assert(panel == QL_PANEL_UC8176 || panel == QL_PANEL_SSD1683);
    return QL_PANEL_DONE;
}

// `bootsel` ends the device, and here the process; it is not what the fuzzer looks for. Deletions could form the word.
static bool may_leave(const uint8_t *data, size_t size)
{
    if (size > 0 && (memchr(data, '\b', size) != NULL || memchr(data, 0x7f, size) != NULL)) {
        return true;
    }
    const uint8_t *end = data + size;
    for (const uint8_t *b = size == 0 ? NULL : memchr(data, 'b', size); b != NULL && b + 7 <= end;
         b = memchr(b + 1, 'b', (size_t)(end - b - 1))) {
        if (memcmp(b, "bootsel", 7) == 0) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ql_appliance_settings settings = {
        .build = "fuzz",
        .seeded = true,
        .sampling = {-1.0f, -1.0f, -1},
        .panel = QL_PANEL_SSD1683,
        .show = take_frame,
    };
    static struct ql_appliance appliance;

    if (size > 100000 || may_leave(data, size)) {
        return 0;
    }
    fake_port_reset();
    ql_appliance_init(&appliance, &settings);
    fake_port.input = (const char *)data;
    fake_port.input_bytes = (int)size;
    while (fake_port.input_bytes > 0) {
        ql_appliance_step(&appliance);
        fake_port.now_us += 1000000;
        assert(appliance.pace_millionths <= 1000u * QL_COMMAND_MILLION);
        assert(appliance.sampling.temperature <= 100.0f && appliance.sampling.top_p <= 1.0f);
        assert(appliance.sampling.top_p != 0.0f && appliance.sampling.top_k <= 65535);
    }

    // Ends a partly typed line; then the device must obey. A page takes most of the time, so only one input in four
    // writes one.
    if (size % 4 != 0) {
        return 0;
    }
    const char *last_words = "\nseed 3\npace 0\n";
    fake_port_type(last_words);
    const uint32_t done = appliance.pages_done;
    for (int i = 0; i < 100000 && appliance.pages_done == done; i++) {
        ql_appliance_step(&appliance);
        fake_port.now_us += 1000;
    }
    assert(appliance.pages_done > done && appliance.seed == 3);
    return 0;
}
