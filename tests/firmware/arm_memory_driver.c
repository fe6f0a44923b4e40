// The board's memcpy and memset, under other names, for all lengths up to two rounds of each loop and all alignments:
// every byte is right, and none outside is touched. Uses: newlib. Runs in QEMU.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void *board_memcpy(void *to, const void *from, size_t bytes);
void *board_memset(void *to, int byte, size_t bytes);

enum { LONGEST = 130, MARGIN = 8, ROOM = LONGEST + 2 * MARGIN };

static _Alignas(uint32_t) uint8_t from[ROOM], to[ROOM], expected[ROOM];

static int check(const char *what, int bytes, int place, const void *result)
{
    if (result != to + MARGIN + place || memcmp(to, expected, ROOM) != 0) {
        printf("%s of %d bytes to %d: wrong\n", what, bytes, place);
        return 1;
    }
    return 0;
}

int main(void)
{
    int failures = 0;

    for (int i = 0; i < ROOM; i++) {
        from[i] = (uint8_t)(i * 37 + 11);
    }
    for (int bytes = 0; bytes <= LONGEST - 4; bytes++) {
        for (int place = 0; place < 4; place++) {
            for (int source = 0; source < 4; source++) {
                for (int i = 0; i < ROOM; i++) {
                    const int k = i - MARGIN - place;
                    to[i] = (uint8_t)~i;
                    expected[i] = k >= 0 && k < bytes ? from[MARGIN + source + k] : (uint8_t)~i;
                }
                failures += check("a copy", bytes, place,
                                  board_memcpy(to + MARGIN + place, from + MARGIN + source, (size_t)bytes));
            }
            for (int i = 0; i < ROOM; i++) {
                const int k = i - MARGIN - place;
                to[i] = (uint8_t)~i;
                expected[i] = k >= 0 && k < bytes ? (uint8_t)(200 + place) : (uint8_t)~i;
            }
            failures +=
                check("a setting", bytes, place, board_memset(to + MARGIN + place, 0x300 + 200 + place, (size_t)bytes));
        }
    }
    printf("%d failures\n", failures);
    return failures > 0;
}
