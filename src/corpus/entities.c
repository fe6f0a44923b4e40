// The step `entities`: turns HTML's entities for a character, "&eacute;", "&#233;" and "&#xE9;", into the character.
// The names are those of HTML 4; any other name, and an ampersand without a semicolon after it, is text.
// Uses: corpus/clean_step.
#include <stdlib.h>
#include <string.h>

#include "corpus/clean_step.h"

enum { NAME_BYTES = 8, BODY_BYTES = 10 }; // the longest name; the longest text between & and ;

// The names of U+00A0 to U+00FF.
static const char *const latin1_names[] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",   "ordf",
    "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",   "acute",  "micro",
    "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave",
    "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",
    "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",
    "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute",
    "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave",
    "iacute", "icirc",  "iuml",   "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide",
    "oslash", "ugrave", "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml",
};

static const struct entity {
    char name[NAME_BYTES + 1];
    int32_t symbol;
} entities[] = {
    {"amp", '&'},       {"lt", '<'},         {"gt", '>'},          {"quot", '"'},      {"apos", '\''},
    {"OElig", 0x0152},  {"oelig", 0x0153},   {"Scaron", 0x0160},   {"scaron", 0x0161}, {"Yuml", 0x0178},
    {"fnof", 0x0192},   {"circ", 0x02C6},    {"tilde", 0x02DC},    {"Alpha", 0x0391},  {"Beta", 0x0392},
    {"Gamma", 0x0393},  {"Delta", 0x0394},   {"Epsilon", 0x0395},  {"Zeta", 0x0396},   {"Eta", 0x0397},
    {"Theta", 0x0398},  {"Iota", 0x0399},    {"Kappa", 0x039A},    {"Lambda", 0x039B}, {"Mu", 0x039C},
    {"Nu", 0x039D},     {"Xi", 0x039E},      {"Omicron", 0x039F},  {"Pi", 0x03A0},     {"Rho", 0x03A1},
    {"Sigma", 0x03A3},  {"Tau", 0x03A4},     {"Upsilon", 0x03A5},  {"Phi", 0x03A6},    {"Chi", 0x03A7},
    {"Psi", 0x03A8},    {"Omega", 0x03A9},   {"alpha", 0x03B1},    {"beta", 0x03B2},   {"gamma", 0x03B3},
    {"delta", 0x03B4},  {"epsilon", 0x03B5}, {"zeta", 0x03B6},     {"eta", 0x03B7},    {"theta", 0x03B8},
    {"iota", 0x03B9},   {"kappa", 0x03BA},   {"lambda", 0x03BB},   {"mu", 0x03BC},     {"nu", 0x03BD},
    {"xi", 0x03BE},     {"omicron", 0x03BF}, {"pi", 0x03C0},       {"rho", 0x03C1},    {"sigmaf", 0x03C2},
    {"sigma", 0x03C3},  {"tau", 0x03C4},     {"upsilon", 0x03C5},  {"phi", 0x03C6},    {"chi", 0x03C7},
    {"psi", 0x03C8},    {"omega", 0x03C9},   {"thetasym", 0x03D1}, {"upsih", 0x03D2},  {"piv", 0x03D6},
    {"ensp", 0x2002},   {"emsp", 0x2003},    {"thinsp", 0x2009},   {"zwnj", 0x200C},   {"zwj", 0x200D},
    {"lrm", 0x200E},    {"rlm", 0x200F},     {"ndash", 0x2013},    {"mdash", 0x2014},  {"lsquo", 0x2018},
    {"rsquo", 0x2019},  {"sbquo", 0x201A},   {"ldquo", 0x201C},    {"rdquo", 0x201D},  {"bdquo", 0x201E},
    {"dagger", 0x2020}, {"Dagger", 0x2021},  {"bull", 0x2022},     {"hellip", 0x2026}, {"permil", 0x2030},
    {"prime", 0x2032},  {"Prime", 0x2033},   {"lsaquo", 0x2039},   {"rsaquo", 0x203A}, {"oline", 0x203E},
    {"frasl", 0x2044},  {"euro", 0x20AC},    {"image", 0x2111},    {"weierp", 0x2118}, {"real", 0x211C},
    {"trade", 0x2122},  {"alefsym", 0x2135}, {"larr", 0x2190},     {"uarr", 0x2191},   {"rarr", 0x2192},
    {"darr", 0x2193},   {"harr", 0x2194},    {"crarr", 0x21B5},    {"lArr", 0x21D0},   {"uArr", 0x21D1},
    {"rArr", 0x21D2},   {"dArr", 0x21D3},    {"hArr", 0x21D4},     {"forall", 0x2200}, {"part", 0x2202},
    {"exist", 0x2203},  {"empty", 0x2205},   {"nabla", 0x2207},    {"isin", 0x2208},   {"notin", 0x2209},
    {"ni", 0x220B},     {"prod", 0x220F},    {"sum", 0x2211},      {"minus", 0x2212},  {"lowast", 0x2217},
    {"radic", 0x221A},  {"prop", 0x221D},    {"infin", 0x221E},    {"ang", 0x2220},    {"and", 0x2227},
    {"or", 0x2228},     {"cap", 0x2229},     {"cup", 0x222A},      {"int", 0x222B},    {"there4", 0x2234},
    {"sim", 0x223C},    {"cong", 0x2245},    {"asymp", 0x2248},    {"ne", 0x2260},     {"equiv", 0x2261},
    {"le", 0x2264},     {"ge", 0x2265},      {"sub", 0x2282},      {"sup", 0x2283},    {"nsub", 0x2284},
    {"sube", 0x2286},   {"supe", 0x2287},    {"oplus", 0x2295},    {"otimes", 0x2297}, {"perp", 0x22A5},
    {"sdot", 0x22C5},   {"lceil", 0x2308},   {"rceil", 0x2309},    {"lfloor", 0x230A}, {"rfloor", 0x230B},
    {"lang", 0x2329},   {"rang", 0x232A},    {"loz", 0x25CA},      {"spades", 0x2660}, {"clubs", 0x2663},
    {"hearts", 0x2665}, {"diams", 0x2666},
};

// The symbol of a name, or -1.
static int32_t named(const char *name)
{
    for (size_t i = 0; i < sizeof latin1_names / sizeof latin1_names[0]; i++) {
        if (strcmp(latin1_names[i], name) == 0) {
            return 0xA0 + (int32_t)i;
        }
    }
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (strcmp(entities[i].name, name) == 0) {
            return entities[i].symbol;
        }
    }
    return -1;
}

// The symbol of a number in decimal, or with x in hexadecimal; -1 if it is invalid. As browsers do, 0x80 to 0x9F are
// read as Windows-1252 for the marks that are in use.
static int32_t numbered(const char *digits)
{
    static const int32_t marks[] = {0x2026, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014};
    static const int mark_bytes[] = {0x85, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97};
    const bool hexadecimal = digits[0] == 'x' || digits[0] == 'X';
    const char *start = digits + hexadecimal;
    char *end;

    if (start[0] == '\0' || strspn(start, hexadecimal ? "0123456789abcdefABCDEF" : "0123456789") != strlen(start)) {
        return -1;
    }
    const unsigned long number = strtoul(start, &end, hexadecimal ? 16 : 10);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (number == (unsigned long)mark_bytes[i]) {
            return marks[i];
        }
    }
    const bool valid = number > 0 && number < 0x110000 && (number < 0xD800 || number > 0xDFFF);
    return valid ? (int32_t)number : -1;
}

// The symbol that the text at `start`, an ampersand, stands for, or -1; `*length` is that of the entity.
static int32_t entity_symbol(const struct ql_text *text, size_t start, size_t *length)
{
    char body[BODY_BYTES + 1];
    size_t used = 0;
    size_t i = start + 1;

    while (i < text->length && text->bytes[i] != ';' && used < BODY_BYTES) {
        body[used++] = text->bytes[i++];
    }
    if (i == text->length || text->bytes[i] != ';') {
        return -1;
    }
    body[used] = '\0';
    *length = i + 1 - start;
    return body[0] == '#' ? numbered(body + 1) : named(body);
}

enum ql_status ql_step_entities(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                struct ql_error *error)
{
    struct ql_text *out = &context->scratch;

    (void)reason;
    (void)error;
    if (text->length == 0 || memchr(text->bytes, '&', text->length) == NULL) {
        return QL_OK;
    }
    ql_text_reset(out);
    for (size_t i = 0; i < text->length; i++) {
        size_t length = 0;
        const int32_t symbol = text->bytes[i] == '&' ? entity_symbol(text, i, &length) : -1;
        if (symbol < 0) {
            ql_text_write_byte(out, text->bytes[i]);
        } else {
            ql_text_write_symbol(out, symbol);
            i += length - 1;
        }
    }
    ql_text_swap(text, out);
    return QL_OK;
}
