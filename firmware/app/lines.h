// Breaks a text into lines of a given width, at spaces and after hyphens.
// Uses: nothing.
#ifndef QL_APP_LINES_H
#define QL_APP_LINES_H

// Measures the width of text in a unit that the caller chooses: pixels of a font, or columns of a terminal.
struct ql_ruler {
    const void *font; // handed to the function
    int (*width)(const void *font, const char *text, int bytes);
};

// A piece of the caller's text, without the spaces around it.
struct ql_line {
    const char *text;
    int bytes;
};

// Fills as few lines as possible, each as full as it can be. A word that is wider than a line is cut where the line
// ends, between symbols. Returns the number of lines, 0 for a text of spaces, or -1 when `limit` lines do not hold it.
// text: UTF-8, NUL-terminated.
int ql_lines_write(struct ql_line *lines, int limit, const char *text, int width, const struct ql_ruler *ruler);

#endif
