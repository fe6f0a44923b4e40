// Files that change together: see file_set.h.
//
// The list consists of a line with its kind, the pairs of names (each ended by a zero byte), and the SHA-256 of all
// that. A list that does not match its hash was never complete, so nothing was renamed, and it is ignored. The order of
// a change: the list is synced to disk; all old files get other names; all new files get theirs; the folder is synced
// to disk; the list is removed. So the names never belong to two results at once, not even for a program that does not
// know the list: it finds files missing for a moment, or until the tool runs again after a kill.
//
// Where a rename fails, the change is undone in three steps. The new files that have names give them up; meanwhile the
// list is still true, and the change can be finished. A digit in the list changes, which from then on says that the old
// files get their names back. They get them. After a kill, or if a step fails, the list stays for the next process.
#include "base/file_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory_stream.h"
#include "base/sha256.h"
#include "base/system.h"

const char ql_temporary_prefix[] = ".quillet-";
const char ql_temporary_suffix[] = ".partial";

static const char list_name[] = ".quillet-set";
static const char list_head[] = "quillet set 1\n";

// The place of the digit: 1 while a change is made, 0 while it is undone. The hash is that of a list with 1, because
// only one byte can change at once.
enum { LIST_DIGIT = sizeof list_head - 3 };

enum { LIST_LIMIT_BYTES = 1 << 20, WAIT_STEPS = 1000, WAIT_STEP_NS = 10000000 };

bool ql_temporary_name_check(const char *name)
{
    const size_t size = strlen(name), prefix = strlen(ql_temporary_prefix), suffix = strlen(ql_temporary_suffix);

    return size > prefix + suffix && strncmp(name, ql_temporary_prefix, prefix) == 0 &&
           strcmp(name + size - suffix, ql_temporary_suffix) == 0 && strchr(name, '/') == NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

char *ql_file_path_beside(const char *path, const char *name)
{
    return ql_bytes_format("%.*s%s", (int)(base_name(path) - path), path, name);
}

void ql_file_sync_folder(const char *path)
{
    // Some file systems refuse to sync a folder; the file itself is safe even then.
    char *folder = ql_file_path_beside(path, ".");
    int descriptor = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor >= 0) {
        (void)ql_system_sync(descriptor);
        (void)close(descriptor);
    }
    free(folder);
}

// --- The list ---

// The names of a change, which point into the list's bytes.
struct list {
    char *bytes;
    size_t size_bytes;
    size_t pair_count;
    bool undone; // the old files get their names back
};

// True for a name that a list may contain: a file in the folder, or in a real folder directly within it.
static bool name_is_inside(const char *name)
{
    const char *slash = strchr(name, '/');

    return name[0] != '\0' && name[0] != '/' && strncmp(name, "../", 3) != 0 &&
           (slash == NULL || (strchr(slash + 1, '/') == NULL && slash[1] != '\0'));
}

static bool folders_are_same(const char *a, const char *b)
{
    const ptrdiff_t size = base_name(a) - a;
    return base_name(b) - b == size && strncmp(a, b, (size_t)size) == 0;
}

static const char *list_first(const struct list *list)
{
    return list->bytes + strlen(list_head);
}

static bool list_check(struct list *list)
{
    const size_t head = strlen(list_head), digits = QL_SHA256_TEXT_BYTES - 1;
    char sha256[QL_SHA256_TEXT_BYTES];
    const char *temporary = NULL; // of the pair
    size_t names = 0;

    if (list->size_bytes < head + digits) {
        return false;
    }
    list->undone = list->bytes[LIST_DIGIT] == '0';
    if (list->undone) {
        list->bytes[LIST_DIGIT] = '1';
    }
    if (memcmp(list->bytes, list_head, head) != 0) {
        return false;
    }
    const char *end = list->bytes + list->size_bytes - digits;
    ql_sha256_write(sha256, list->bytes, (size_t)(end - list->bytes));
    if (memcmp(sha256, end, digits) != 0 || end[-1] != '\0') {
        return false;
    }
    for (const char *name = list_first(list); name < end; name += strlen(name) + 1) {
        if (!name_is_inside(name) ||
            (names % 2 == 0 ? !ql_temporary_name_check(base_name(name)) : !folders_are_same(temporary, name))) {
            return false;
        }
        temporary = name;
        names++;
    }
    list->pair_count = names / 2;
    return names % 2 == 0;
}

// Reads an open list; an incomplete one, or one that belongs to somebody else, has no pairs.
static void list_read(struct list *list, int descriptor)
{
    struct stat info;

    *list = (struct list){0};
    if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() || info.st_size <= 0 ||
        info.st_size > LIST_LIMIT_BYTES || (list->bytes = malloc((size_t)info.st_size)) == NULL) {
        return;
    }
    ssize_t got = pread(descriptor, list->bytes, (size_t)info.st_size, 0);
    list->size_bytes = got < 0 ? 0 : (size_t)got;
    if (!list_check(list)) {
        list->pair_count = 0;
    }
}

static bool list_write(int descriptor, const char *path, const struct ql_file_move *moves, size_t count)
{
    const size_t folder = (size_t)(base_name(path) - path);
    char sha256[QL_SHA256_TEXT_BYTES];
    struct ql_memory_stream memory;

    if (!ql_memory_stream_open(&memory)) {
        return false;
    }
    (void)fputs(list_head, memory.stream);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(memory.stream, "%s%c%s%c", moves[i].temporary_path + folder, '\0', moves[i].path + folder, '\0');
    }
    const bool flushed = fflush(memory.stream) == 0;
    if (flushed) {
        ql_sha256_write(sha256, memory.text, memory.size);
        (void)fputs(sha256, memory.stream);
    }
    char *text = ql_memory_stream_close(&memory);
    bool written = flushed && text != NULL && memory.size <= LIST_LIMIT_BYTES &&
                   pwrite(descriptor, text, memory.size, 0) == (ssize_t)memory.size && ql_system_sync(descriptor);
    free(text);
    return written;
}

// Returns whether the folder of a name, if it has one, is a real one. `target` is the name in the list, `path` its full
// path.
static bool folder_is_real(const char *target, const char *path)
{
    const char *slash = strchr(target, '/');
    char *within = slash == NULL ? NULL : strndup(path, strlen(path) - strlen(slash));
    struct stat info;
    bool real = slash == NULL || (within != NULL && lstat(within, &info) == 0 && S_ISDIR(info.st_mode));

    free(within);
    return real;
}

// The other name of an old file, while it is replaced.
static char *other_name(const char *temporary_path)
{
    const size_t stem = strlen(temporary_path) - strlen(ql_temporary_suffix);
    return ql_bytes_format("%.*s-old%s", (int)stem, temporary_path, ql_temporary_suffix);
}

// What is done for a pair of a list. `from` is the temporary file, `to` the name.
enum list_step { REMOVE_OLD, NAME_NEW, NAME_OLD };

static bool do_step(const char *from, const char *to, enum list_step step)
{
    struct stat info;

    switch (step) {
    case REMOVE_OLD: // if the temporary file exists, the file that has the name is an old one
        return lstat(from, &info) != 0 || unlink(to) == 0 || errno == ENOENT;
    case NAME_NEW:
        return rename(from, to) == 0 || errno == ENOENT;
    case NAME_OLD: {
        char *old = other_name(from);
        const bool named = old != NULL && (rename(old, to) == 0 || errno == ENOENT);
        free(old);
        return named;
    }
    }
    return false;
}

// Does one step for each pair of a list. `path` is a name in the folder.
static bool list_step(const struct list *list, const char *path, enum list_step step)
{
    const char *name = list->pair_count == 0 ? NULL : list_first(list);
    bool done = true;

    for (size_t i = 0; i < list->pair_count; i++) {
        const char *target = name + strlen(name) + 1;
        char *from = ql_file_path_beside(path, name), *to = ql_file_path_beside(path, target);
        const bool possible = from != NULL && to != NULL && folder_is_real(target, to);
        done = possible && do_step(from, to, step) && done;
        free(from);
        free(to);
        name = target + strlen(target) + 1;
    }
    return done;
}

// Makes the remaining renames of a list, in the order of a change.
static bool list_finish(const struct list *list, const char *path)
{
    const bool done = list->undone ? list_step(list, path, NAME_OLD)
                                   : list_step(list, path, REMOVE_OLD) && list_step(list, path, NAME_NEW);

    if (list->pair_count > 0) {
        ql_file_sync_folder(path);
    }
    return done;
}

// True when the open file is still the one that has the name.
static bool is_named(int descriptor, const char *path)
{
    struct stat open_info, named_info;

    return fstat(descriptor, &open_info) == 0 && lstat(path, &named_info) == 0 &&
           open_info.st_dev == named_info.st_dev && open_info.st_ino == named_info.st_ino;
}

// If a file system does not support locks, like some network disks, a change does without.
static bool lock_is_taken(int descriptor)
{
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

bool ql_file_set_finish(const char *path)
{
    char *list_path = ql_file_path_beside(path, list_name);
    int descriptor = list_path == NULL ? -1 : open(list_path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool finished = descriptor < 0 && list_path != NULL && errno == ENOENT;
    struct list list = {0};
    struct stat info;

    if (descriptor >= 0 && fstat(descriptor, &info) == 0 && info.st_uid == geteuid() && !lock_is_taken(descriptor)) {
        if (is_named(descriptor, list_path)) {
            list_read(&list, descriptor);
            finished = list_finish(&list, path) && unlink(list_path) == 0;
        } else {
            finished = true;
        }
    }
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    free(list.bytes);
    free(list_path);
    return finished;
}

char *ql_file_set_find(const char *path)
{
    char *list_path = ql_file_path_beside(path, list_name);
    int descriptor = list_path == NULL ? -1 : open(list_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *found = NULL;
    struct list list = {0};
    struct stat info;

    if (descriptor >= 0) {
        list_read(&list, descriptor);
        (void)close(descriptor);
    }
    const char *name = list.pair_count == 0 ? NULL : list_first(&list);
    for (size_t i = 0; i < list.pair_count && found == NULL; i++) {
        const char *target = name + strlen(name) + 1;
        if (strcmp(target, base_name(path)) == 0) {
            char *temporary = ql_file_path_beside(path, name);
            found = temporary != NULL && list.undone ? other_name(temporary) : temporary;
            if (found != temporary) {
                free(temporary);
            }
        }
        name = target + strlen(target) + 1;
    }
    if (found != NULL && (lstat(found, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid())) {
        free(found);
        found = NULL;
    }
    free(list.bytes);
    free(list_path);
    return found;
}

// --- A change ---

static enum ql_status move_error(struct ql_error *error, const char *path)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot replace: %s", path, strerror(errno));
}

// Creates the list, still empty, and locks it. A change that a killed process left unfinished is finished first.
static enum ql_status open_list(int *descriptor, const char *list_path, struct ql_error *error)
{
    const struct timespec step = {.tv_nsec = WAIT_STEP_NS};

    for (int i = 0; i < WAIT_STEPS; i++) {
        (void)ql_file_set_finish(list_path);
        *descriptor = open(list_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (*descriptor < 0) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot write: %s", list_path, strerror(errno));
        }
        struct stat info;
        if (fstat(*descriptor, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid()) {
            (void)close(*descriptor);
            return ql_error_write(error, QL_ERROR_SYSTEM,
                                  "%s: belongs to somebody else, who is changing files in this folder or was "
                                  "interrupted; remove it, or write elsewhere",
                                  list_path);
        }
        if (!lock_is_taken(*descriptor) && is_named(*descriptor, list_path) && info.st_size == 0) {
            return QL_OK;
        }
        (void)close(*descriptor);
        (void)nanosleep(&step, NULL);
    }
    return ql_error_write(error, QL_ERROR_SYSTEM,
                          "%s: another process is changing files in this folder; wait for it to end, or stop it",
                          list_path);
}

// The progress of one file in a change.
struct step {
    char *other_name; // of the old file; NULL where there was none
    bool renamed;
};

static enum ql_status step_aside(struct step *step, const struct ql_file_move *move, struct ql_error *error)
{
    struct stat info;

    if (lstat(move->path, &info) == 0 && S_ISDIR(info.st_mode)) { // a rename would move a folder, but not replace one
        errno = EISDIR;
        return move_error(error, move->path);
    }
    step->other_name = other_name(move->temporary_path);
    if (step->other_name == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", move->path);
    }
    if (rename(move->path, step->other_name) != 0) {
        bool fresh = errno == ENOENT;
        enum ql_status status = fresh ? QL_OK : move_error(error, move->path);
        free(step->other_name);
        step->other_name = NULL;
        return status;
    }
    return QL_OK;
}

// Undoes what was done of a change, as above. Returns false if that did not succeed, and the list is to stay.
static bool undo(const struct step *steps, const struct ql_file_move *moves, size_t count, int list)
{
    bool undone = true;

    for (size_t i = 0; i < count; i++) {
        if (steps[i].renamed) {
            undone = rename(moves[i].path, moves[i].temporary_path) == 0 && undone;
            ql_file_sync_folder(moves[i].path);
        }
    }
    if (!undone || pwrite(list, "0", 1, LIST_DIGIT) != 1 || !ql_system_sync(list)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        undone = (steps[i].other_name == NULL || rename(steps[i].other_name, moves[i].path) == 0) && undone;
    }
    return undone;
}

// Renames all files; if one rename fails, undoes the others. `unfinished` tells that the list is to stay.
static enum ql_status move_all(const struct ql_file_move *moves, size_t count, int list, bool *unfinished,
                               struct ql_error *error)
{
    struct step *steps = calloc(count, sizeof *steps);
    enum ql_status status = QL_OK;

    if (steps == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", moves[0].path);
    }
    for (size_t i = 0; i < count && status == QL_OK; i++) {
        status = step_aside(&steps[i], &moves[i], error);
    }
    for (size_t i = 0; i < count && status == QL_OK; i++) {
        steps[i].renamed = rename(moves[i].temporary_path, moves[i].path) == 0;
        status = steps[i].renamed ? QL_OK : move_error(error, moves[i].path);
    }
    *unfinished = status != QL_OK && !undo(steps, moves, count, list);
    for (size_t i = 0; i < count; i++) {
        if (status == QL_OK && steps[i].other_name != NULL) {
            (void)unlink(steps[i].other_name);
        }
        free(steps[i].other_name);
    }
    free(steps);
    return status;
}

// True when the path is in the folder of `last`, or in one directly within it.
static bool is_within(const char *path, const char *last)
{
    const size_t folder = (size_t)(base_name(last) - last);
    return strncmp(path, last, folder) == 0 && name_is_inside(path + folder);
}

static enum ql_status move_one_by_one(const struct ql_file_move *moves, size_t count, struct ql_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (rename(moves[i].temporary_path, moves[i].path) != 0) {
            return move_error(error, moves[i].path);
        }
        ql_file_sync_folder(moves[i].path);
    }
    return QL_OK;
}

enum ql_status ql_file_set_move(const struct ql_file_move *moves, size_t count, bool *unfinished,
                                struct ql_error *error)
{
    const char *last = moves[count - 1].path;
    bool together = count > 1;
    int descriptor;

    *unfinished = false;
    for (size_t i = 0; i < count; i++) {
        together =
            together && is_within(moves[i].path, last) && folders_are_same(moves[i].temporary_path, moves[i].path);
    }
    if (!together) {
        return move_one_by_one(moves, count, error);
    }
    char *list_path = ql_file_path_beside(last, list_name);
    if (list_path == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", last);
    }
    enum ql_status status = open_list(&descriptor, list_path, error);
    if (status == QL_OK) {
        if (!list_write(descriptor, last, moves, count)) {
            status = move_error(error, list_path);
        } else {
            ql_file_sync_folder(last);
            status = move_all(moves, count, descriptor, unfinished, error);
        }
        for (size_t i = 0; i < count; i++) {
            ql_file_sync_folder(moves[i].path);
        }
        if (!*unfinished) {
            (void)unlink(list_path);
            ql_file_sync_folder(last);
        }
        (void)close(descriptor);
    }
    free(list_path);
    return status;
}
