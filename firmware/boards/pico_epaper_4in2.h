// Pins of a Raspberry Pi Pico or Pico 2 on Waveshare's Pico-ePaper-4.2, and of what is soldered to it.
// Uses: nothing. Numbers are those of the GPIO; docs/device.md has the pins of the board.
#ifndef QL_BOARDS_PICO_EPAPER_4IN2_H
#define QL_BOARDS_PICO_EPAPER_4IN2_H

enum {
    QL_BOARD_PANEL_SPI = 1, // which of the two SPI
    QL_BOARD_PANEL_CLOCK = 10,
    QL_BOARD_PANEL_DIN = 11,
    QL_BOARD_PANEL_SELECT = 9,
    QL_BOARD_PANEL_DATA = 8,
    QL_BOARD_PANEL_RESET = 12,
    QL_BOARD_PANEL_BUSY = 13,
    QL_BOARD_PANEL_HZ = 4000000, // of SPI's clock; both controllers allow more

    QL_BOARD_PIEZO = 2,            // beside GND
    QL_BOARD_JUMPER_SOUND = 18,    // J1, beside GND
    QL_BOARD_JUMPER_INTERVAL = 21, // J2, beside GND

    QL_BOARD_UART_TX = 0, // the console of QUOTES_UART
    QL_BOARD_UART_RX = 1,
};

#endif
