// The e-paper panel of 4.2 inches, 400 x 300 pixels: shows a frame and sends the controller to sleep.
// It has been sold with two controllers, which have the same wires but different commands; see uc8176.h and ssd1683.h.
// Uses: stdbool.h, stddef.h, stdint.h; the wires are those of port/port.h.
#ifndef QL_PANEL_PANEL_H
#define QL_PANEL_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ql_panel_controller {
    QL_PANEL_UC8176,  // also sold as IL0398: Waveshare's first version, Good Display's GDEW042T2
    QL_PANEL_SSD1683, // Waveshare's version 2 (since 2023), Good Display's GDEY042T81
};

enum ql_panel_result {
    QL_PANEL_DONE,
    // BUSY did not end in time, or a refresh did not begin: nothing is connected, or it is the other controller. What the
    // panel shows is unknown.
    QL_PANEL_BUSY_TIMEOUT,
};

// Timeouts for BUSY: of a reset or a switch of the voltages, and of a refresh, which takes about 4 s, and several times
// as long in the cold.
enum { QL_PANEL_READY_TIMEOUT_MS = 2000, QL_PANEL_REFRESH_TIMEOUT_MS = 30000 };

// Wakes the controller by a reset, sets it up, refreshes the whole panel, and sends it to deep sleep. The picture stays
// without power. Ends in any case, after 40 s at the latest: after a timeout it resets the controller, which takes the
// voltages from the glass, and sends it to sleep if it is ready then.
// frame: see app/frame.h.
enum ql_panel_result ql_panel_show(enum ql_panel_controller controller, const uint8_t *frame);

// "uc8176" and "ssd1683". The name has `bytes` bytes. False: there is no controller of that name.
bool ql_panel_find(enum ql_panel_controller *controller, const char *name, size_t bytes);
const char *ql_panel_name(enum ql_panel_controller controller);

#endif
