// A filter at work: see guard.h.
// Uses: device/filter.h, filter/filter_file.
#include "filter/guard.h"

enum ql_status ql_guard_init(struct ql_guard *guard, const char *path, const struct ql_vocabulary *vocabulary,
                             struct ql_error *error)
{
    enum ql_status status;

    guard->is_on = false;
    if (path == NULL) {
        return QL_OK;
    }
    *guard = (struct ql_guard){.is_on = true};
    if ((status = ql_filter_file_load(&guard->file, path, error)) != QL_OK ||
        (status = ql_filter_binding_init_vocabulary(&guard->binding, &guard->file, vocabulary, error)) != QL_OK) {
        ql_guard_free(guard);
        return status;
    }
    if ((status = ql_filter_binding_check(&guard->binding, &guard->file, error)) != QL_OK) {
        ql_guard_free(guard);
        return ql_error_prefix(error, "%s: ", path);
    }
    ql_guard_reset(guard);
    return QL_OK;
}

void ql_guard_free(struct ql_guard *guard)
{
    if (guard->is_on) {
        ql_filter_binding_free(&guard->binding);
        ql_filter_file_free(&guard->file);
    }
    guard->is_on = false;
}

void ql_guard_reset(struct ql_guard *guard)
{
    ql_filter_init(&guard->state);
}

const uint32_t *ql_guard_step(struct ql_guard *guard, int token)
{
    if (!guard->is_on) {
        return NULL;
    }
    ql_filter_step(&guard->state, &guard->binding.filter, token);
    return ql_filter_bar(guard->barred, &guard->state, &guard->binding.filter) ? guard->barred : NULL;
}

bool ql_guard_may_end(const struct ql_guard *guard, int token)
{
    return !guard->is_on || ql_filter_may_end(&guard->state, &guard->binding.filter, token);
}

bool ql_guard_refuses(const struct ql_guard *guard)
{
    return guard->is_on && ql_filter_refuses(&guard->state, &guard->binding.filter);
}
