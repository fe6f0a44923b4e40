// SHA-256: see sha256.h.
#include "base/sha256.h"

#include <errno.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_digits(char text[QL_SHA256_TEXT_BYTES], SHA2_CTX *hash)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256Final(digest, hash);
    for (size_t i = 0; i < sizeof digest; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
}

void ql_sha256_write(char text[QL_SHA256_TEXT_BYTES], const void *data, size_t size_bytes)
{
    SHA2_CTX hash;

    SHA256Init(&hash);
    SHA256Update(&hash, data, size_bytes);
    write_digits(text, &hash);
}

enum ql_status ql_sha256_read_file(char text[QL_SHA256_TEXT_BYTES], int descriptor, const char *path,
                                   struct ql_error *error)
{
    unsigned char bytes[1 << 14];
    SHA2_CTX hash;
    off_t place = 0;

    SHA256Init(&hash);
    for (;;) {
        ssize_t got = pread(descriptor, bytes, sizeof bytes, place);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot read: %s", path, strerror(errno));
        }
        if (got == 0) {
            break;
        }
        SHA256Update(&hash, bytes, (size_t)got);
        place += got;
    }
    write_digits(text, &hash);
    return QL_OK;
}
