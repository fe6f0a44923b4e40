// The controller UC8176, also sold as IL0398.
// Uses: panel.h. Facts: the public data sheet, and the panel makers' own examples.
//
// Commands that are used, and their data:
//   06 17 17 17  booster soft start: three phases of 10 ms, strength 3, minimal off time 6.58 us
//   04           power on; BUSY until the voltages stand
//   00 1F        panel setting: the glass's 400 x 300, waveform from the chip's own memory, black and white, scan up,
//                shift right, booster on, no soft reset
//   61 01 90 01 2C  resolution: 400 x 300
//   50 97        border white, 1 in the data is white (DDX = 01), the usual interval of 10 lines
//   10 (15000 bytes)  the old picture; the memory is lost in deep sleep, so white stands in for it
//   13 (15000 bytes)  the new picture
//   12           display refresh; BUSY for some 4 s
//   50 F7        border floating, so that no voltage stays on it
//   02           power off; BUSY until the voltages are gone
//   07 A5        deep sleep; only the reset line ends it
// BUSY is low while the controller works.
//
// What a model of the controller must find: any command or data while BUSY, before the first reset, or in deep sleep; a
// wrong number of data bytes; power on without booster soft start; a refresh without power, without a panel setting, or
// without 15000 bytes of the new picture; deep sleep with the voltages on, or with another byte than A5; no deep sleep
// after a refresh.
#ifndef QL_PANEL_UC8176_H
#define QL_PANEL_UC8176_H

#include "panel.h"

// As ql_panel_show.
enum ql_panel_result ql_uc8176_show(const uint8_t *frame);

#endif
