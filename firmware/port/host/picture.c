// The panel's frame on a desktop: see picture.h.
// Uses: app/frame.h, libpng, POSIX.
#include "picture.h"

#include <errno.h>
#include <limits.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/frame.h"

enum { COLUMNS = 80, DOTS = 2 * COLUMNS, DOT_ROWS = DOTS * QL_FRAME_HEIGHT / QL_FRAME_WIDTH };

// A dot is 2.5 x 2.5 pixels, counted in halves. It is set when this share of them is black: less than half, so that
// hairlines remain.
enum { HALVES = 2 * QL_FRAME_WIDTH / DOTS, SET_PERCENT = 34 };

// More than any frame needs, even one that cannot be compressed.
enum { PNG_LIMIT_BYTES = 2 * QL_FRAME_WIDTH * QL_FRAME_HEIGHT };

// Writes to a temporary name, and renames: a reader finds the old picture or the new one, with the mode that it had. A
// symbolic link stays one. A device or a pipe is written directly.
static const char *write_file(const char *given, const uint8_t *bytes, size_t size)
{
    char temporary[PATH_MAX + 32], real[PATH_MAX];
    struct stat info;
    const bool exists = stat(given, &info) == 0, special = exists && !S_ISREG(info.st_mode);
    const char *path = exists && !special && realpath(given, real) != NULL ? real : given;
    const int length = snprintf(temporary, sizeof temporary, "%s.%ld.partial", path, (long)getpid());
    const char *name = special ? path : temporary;

    if (length >= (int)sizeof temporary) {
        return "the name is too long";
    }
    FILE *file = fopen(name, special ? "wb" : "wbx");
    if (file == NULL) {
        return strerror(errno);
    }
    const bool keeps = exists && !special;
    bool written = (!keeps || fchmod(fileno(file), info.st_mode & 07777) == 0) &&
                   fwrite(bytes, 1, size, file) == size && fflush(file) == 0 && (special || fsync(fileno(file)) == 0);
    written = fclose(file) == 0 && written && (special || rename(temporary, path) == 0);
    const char *why = written ? NULL : strerror(errno);
    if (!written && !special) {
        (void)remove(temporary);
    }
    return why;
}

const char *ql_picture_save(const char *path, const uint8_t *frame)
{
    // libpng's own function for writing to a file deletes the file after an error, even if it is a device.
    static uint8_t pixels[QL_FRAME_WIDTH * QL_FRAME_HEIGHT], png[PNG_LIMIT_BYTES];
    static png_image image;
    png_alloc_size_t size = sizeof png;

    for (int i = 0; i < QL_FRAME_WIDTH * QL_FRAME_HEIGHT; i++) {
        pixels[i] = ql_frame_is_black(frame, i % QL_FRAME_WIDTH, i / QL_FRAME_WIDTH) ? 0 : 255;
    }
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = QL_FRAME_WIDTH;
    image.height = QL_FRAME_HEIGHT;
    image.format = PNG_FORMAT_GRAY;
    if (png_image_write_to_memory(&image, png, &size, 0, pixels, 0, NULL) == 0) {
        return image.message;
    }
    return write_file(path, png, size);
}

static bool is_dot(const uint8_t *frame, int column, int row)
{
    int black = 0;

    for (int y = row * HALVES; y < (row + 1) * HALVES; y++) {
        for (int x = column * HALVES; x < (column + 1) * HALVES; x++) {
            black += ql_frame_is_black(frame, x / 2, y / 2);
        }
    }
    return black * 100 >= HALVES * HALVES * SET_PERCENT;
}

void ql_picture_print(FILE *stream, const uint8_t *frame, bool color)
{
    // The bit of each dot in a pattern, from U+2800 on.
    static const unsigned bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

    for (int row = 0; row < DOT_ROWS; row += 4) {
        (void)fputs(color ? "\033[30;107m" : "", stream);
        for (int column = 0; column < DOTS; column += 2) {
            unsigned pattern = 0;
            for (int i = 0; i < 8; i++) {
                pattern |= is_dot(frame, column + i % 2, row + i / 2) ? bits[i / 2][i % 2] : 0;
            }
            (void)fprintf(stream, "\xe2%c%c", (int)(0xa0 | pattern >> 6), (int)(0x80 | (pattern & 0x3f)));
        }
        (void)fputs(color ? "\033[0m\n" : "\n", stream);
    }
}
