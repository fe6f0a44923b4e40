// The files of the page, which are built into the tool: cmake/QlPageFiles.cmake makes them of web/dashboard and of
// uPlot. Uses: stddef.h.
#ifndef QL_DASHBOARD_PAGE_FILE_H
#define QL_DASHBOARD_PAGE_FILE_H

#include <stddef.h>

struct ql_page_file {
    const char *path; // "/dashboard.js"; the page itself is "/"
    const char *type; // for the header Content-Type
    const char *bytes;
    size_t size;
};

// Ends with a path that is NULL. Without uPlot (npm was not asked to install it) its files are missing, and the page
// shows tables.
extern const struct ql_page_file ql_page_files[];

#endif
