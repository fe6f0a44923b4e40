// The controller SSD1683.
// Uses: panel.h. Facts: the public data sheet, and the panel makers' own examples.
//
// Commands that are used, and their data:
//   12           software reset; BUSY
//   01 2B 01 00  driver output: 300 rows (012B is the last one), scanned from the first
//   3C 05        border: follows the waveform of white
//   18 80        the sensor inside measures the temperature, on which the waveform depends
//   21 40 00     update control 1: the red memory counts as 0; one chip
//   11 03        data entry: x rising, then y rising
//   44 00 31     window in x: bytes 0 to 49
//   45 00 00 2B 01  window in y: rows 0 to 299
//   4E 00        the address of the first byte: x
//   4F 00 00     and y
//   24 (15000 bytes)  the picture; 1 is white
//   22 F7        update control 2: clock and voltages on, temperature, waveform of a full update, display, all off
//   20           do these steps; BUSY for some 3 s
//   10 01        deep sleep; only the reset line ends it
// BUSY is high while the controller works.
//
// What a model of the controller must find: any command or data while BUSY, before the first reset, or in deep sleep; a
// set-up before the software reset; a wrong number of data bytes; a picture before its window and address are set, or of
// other than 15000 bytes; an update without its steps, without a temperature, or with the red memory in use and not
// written; no deep sleep after an update.
#ifndef QL_PANEL_SSD1683_H
#define QL_PANEL_SSD1683_H

#include "panel.h"

// As ql_panel_show.
enum ql_panel_result ql_ssd1683_show(const uint8_t *frame);

#endif
