// The bytes of a text, part by part: see text_window.h.
// Uses: base/{file,text_file}, POSIX.
#include "corpus/text_window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text_file.h"

enum { WINDOW_BYTES = 1 << 20 };

static enum ql_status no_read(struct ql_error *error, const char *path, const char *reason)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot read: %s", path, reason);
}

// Return the length of a UTF-8 byte order mark at the beginning of a text, or -1 for that of another encoding.
static int mark_bytes(int descriptor)
{
    unsigned char bytes[4] = {0};
    const ssize_t got = pread(descriptor, bytes, sizeof bytes, 0);

    if (got == 4 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        return 3;
    }
    const bool other = got < 4 || memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0 ||
                       memcmp(bytes, "\0\0\xFE\xFF", 4) == 0;
    return other ? -1 : 0;
}

// Opens a large regular file in UTF-8. False for everything else, which ql_text_file_open accepts, or refuses with its
// own message.
static bool open_large(struct ql_text_window *window, const char *path)
{
    struct stat info;

    if (strcmp(path, "-") == 0 || stat(path, &info) != 0 || !S_ISREG(info.st_mode) ||
        (size_t)info.st_size < ql_text_window_large_bytes || (size_t)info.st_size > ql_file_limit_bytes) {
        return false;
    }
    window->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (window->descriptor < 0) {
        return false;
    }
    const int mark = mark_bytes(window->descriptor);
    window->block = mark < 0 ? NULL : malloc(WINDOW_BYTES);
    if (window->block == NULL) {
        ql_text_window_close(window);
        return false;
    }
    window->mark_bytes = (size_t)mark;
    window->data = window->block;
    window->file_bytes = (size_t)info.st_size;
    return true;
}

enum ql_status ql_text_window_open(struct ql_text_window *window, const char *path, struct ql_error *error)
{
    *window = (struct ql_text_window){.descriptor = -1};
    if (open_large(window, path)) {
        return ql_text_window_move(window, 0, path, error);
    }
    const enum ql_status status = ql_text_file_open(&window->view, path, error);
    if (status == QL_OK) {
        window->data = window->view.data;
        window->size_bytes = window->view.size_bytes;
        window->file_bytes = window->view.size_bytes;
        window->complete = true;
    }
    return status;
}

enum ql_status ql_text_window_move(struct ql_text_window *window, size_t used, const char *path, struct ql_error *error)
{
    if (window->complete) {
        return QL_OK;
    }
    memmove(window->block, window->block + used, window->size_bytes - used);
    window->size_bytes -= used;
    window->offset += used;
    while (window->size_bytes < WINDOW_BYTES && !window->complete) {
        const ssize_t got =
            read(window->descriptor, window->block + window->size_bytes, WINDOW_BYTES - window->size_bytes);
        if (got < 0 && errno != EINTR) {
            return no_read(error, path, strerror(errno));
        }
        window->size_bytes += got > 0 ? (size_t)got : 0;
        window->complete = got == 0;
    }
    const size_t end = window->offset + window->size_bytes;
    if (end > window->file_bytes || (window->complete && end < window->file_bytes)) {
        return no_read(error, path, "another program is changing it at this moment");
    }
    return QL_OK;
}

void ql_text_window_close(struct ql_text_window *window)
{
    if (window->descriptor >= 0) {
        (void)close(window->descriptor);
    }
    free(window->block);
    ql_file_close(&window->view);
    *window = (struct ql_text_window){.descriptor = -1};
}
