// uf2_writer: makes the UF2 file from a flash image, for firmware builds without picotool.
// Uses: uf2.h, the C library.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uf2.h"

#define FLASH_ADDRESS UINT32_C(0x10000000)
enum { FLASH_BYTES_MAX = 16 << 20 }; // the address range of the chips

static int fail(const char *path, const char *why)
{
    (void)fprintf(stderr, "uf2_writer: %s: %s\n", path, why);
    return EXIT_FAILURE;
}

// Reads the whole file. Returns NULL and prints the reason when that fails.
static uint8_t *read_image(size_t *bytes, const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *image = file == NULL ? NULL : malloc(FLASH_BYTES_MAX + 1);

    *bytes = image == NULL ? 0 : fread(image, 1, FLASH_BYTES_MAX + 1, file);
    if (image == NULL || ferror(file) != 0) {
        (void)fail(path, strerror(errno));
        *bytes = 0;
    } else if (*bytes == 0 || *bytes > FLASH_BYTES_MAX) {
        (void)fail(path, *bytes == 0 ? "the image is empty" : "the image is larger than any flash");
        *bytes = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (*bytes == 0) {
        free(image);
        image = NULL;
    }
    return image;
}

static int write_blocks(const char *path, const uint8_t *image, size_t bytes, uint32_t family)
{
    FILE *file = fopen(path, "wb");
    uint8_t block[QL_UF2_BLOCK_BYTES];

    if (file == NULL) {
        return fail(path, strerror(errno));
    }
    for (uint32_t i = 0; i < ql_uf2_count(bytes); i++) {
        ql_uf2_encode(block, i, image, bytes, FLASH_ADDRESS, family);
        (void)fwrite(block, 1, sizeof block, file);
    }
    const int failed = ferror(file);
    if (fclose(file) != 0 || failed != 0) {
        (void)remove(path);
        return fail(path, "cannot write the file");
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const int chip = argc != 5 || strcmp(argv[1], "--family") != 0 ? 0
                     : strcmp(argv[2], "rp2040") == 0              ? 2040
                     : strcmp(argv[2], "rp2350") == 0              ? 2350
                                                                   : 0;
    size_t bytes;

    if (chip == 0) {
        (void)fprintf(stderr, "usage: uf2_writer --family rp2040|rp2350 IMAGE.bin IMAGE.uf2\n");
        return 2;
    }
    uint8_t *image = read_image(&bytes, argv[3]);
    if (image == NULL) {
        return EXIT_FAILURE;
    }
    const int code = write_blocks(argv[4], image, bytes, chip == 2040 ? QL_UF2_FAMILY_RP2040 : QL_UF2_FAMILY_RP2350);
    free(image);
    return code;
}
