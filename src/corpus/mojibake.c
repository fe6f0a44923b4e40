// The step `mojibake`: UTF-8 that someone read as Latin-1 or Windows-1252 and encoded once more ("dÃ©jÃ " for "déjà").
// A text is repaired as a whole or left alone: when every symbol of it can be half of such a letter, and at least one
// cannot sensibly be intended. Uses: corpus/clean_step.
#include <string.h>

#include "corpus/clean_step.h"

// The number of extra layers of encoding that are removed at most; each pass removes one.
enum { MOJIBAKE_PASSES = 3 };

// The characters of Windows-1252 at 0x80 to 0x9F; 0 where there is none.
static const uint16_t windows_1252_upper[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

// The byte from 0x80 on that Latin-1 or Windows-1252 would have shown as `symbol`, or -1.
static int byte_behind(int32_t symbol)
{
    if (symbol >= 0x80 && symbol <= 0xFF) {
        return (int)symbol;
    }
    for (int i = 0; i < 32; i++) {
        if (symbol > 0xFF && windows_1252_upper[i] == symbol) {
            return 0x80 + i;
        }
    }
    return -1;
}

// The original bytes of a text, one for each symbol, or nothing if a symbol does not stand for a byte.
static bool bytes_behind(struct ql_text *out, const struct ql_text *text)
{
    ql_text_reset(out);
    for (size_t i = 0; i < text->length;) {
        const int32_t symbol = ql_symbol_read(text->bytes, text->length, &i);
        const int byte = symbol < 0x80 ? (int)symbol : byte_behind(symbol);
        if (byte < 0) {
            return false;
        }
        ql_text_write_byte(out, (char)byte);
    }
    return true;
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

// Return true for the bytes of a closing quotation mark, U+201D, without the last one: Windows-1252 has no character at
// 0x9D, so most programs lose it.
static bool is_cut_quote(const struct ql_text *bytes, size_t i)
{
    const unsigned char *place = (const unsigned char *)bytes->bytes + i;

    return i + 1 < bytes->length && place[0] == 0xE2 && place[1] == 0x80 && (i + 2 == bytes->length || place[2] < 0x80);
}

// Return true when two bytes may be intended: a capital letter at the end of a word in capitals, or as a one-letter
// word, followed by a mark, as in "CAFÉ…". C2 and C3, "Â" and "Ã", are never one-letter words.
static bool may_be_meant(const struct ql_text *bytes, size_t i)
{
    static const char marks[] = "\x85\x91\x92\x93\x94\x95\x96\x97\x99\x8B\x9B\xA0\xA1\xAA\xAB\xB0\xB7\xBA\xBB\xBF";
    const unsigned char *all = (const unsigned char *)bytes->bytes;
    const unsigned char before = i > 0 ? all[i - 1] : ' ', behind = i + 2 < bytes->length ? all[i + 2] : ' ';
    const bool in_capitals = (before >= 'A' && before <= 'Z') || (before >= 0xC0 && before <= 0xDE);
    const bool alone = !ql_symbol_is_letter(before) && before < 0x80 && all[i] > 0xC3;

    return (in_capitals || alone) && strchr(marks, (char)all[i + 1]) != NULL && behind < 0x80 &&
           !ql_symbol_is_letter(behind);
}

// Removes one layer, if the whole text has it: all its original bytes are UTF-8, and some sequence cannot be intended.
static bool mojibake_pass(struct ql_step_context *context, struct ql_text *text)
{
    struct ql_text *bytes = &context->scratch;
    struct ql_text out = {0};
    bool evident = false, whole = bytes_behind(bytes, text);

    ql_text_reset(&out);
    for (size_t i = 0; i < bytes->length && whole;) {
        const size_t start = i;
        if (is_cut_quote(bytes, i)) {
            ql_text_write_symbol(&out, 0x201D);
            evident = true;
            i += 2;
            continue;
        }
        const int32_t symbol = ql_symbol_read(bytes->bytes, bytes->length, &i);
        // Invalid UTF-8 is read as U+FFFD, from one byte; a genuine U+FFFD has three.
        whole = symbol < 0x80 || is_continuation((unsigned char)bytes->bytes[i - 1]);
        whole = whole && (symbol != 0xFFFD || i - start == 3);
        evident = evident || i - start > 2 || (i - start == 2 && !may_be_meant(bytes, start));
        ql_text_write_symbol(&out, symbol);
    }
    if (whole && evident) {
        ql_text_swap(text, &out);
    }
    ql_text_free(&out);
    return whole && evident;
}

enum ql_status ql_step_mojibake(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                struct ql_error *error)
{
    (void)reason;
    (void)error;
    size_t ascii = 0;
    while (ascii < text->length && (unsigned char)text->bytes[ascii] < 0x80) {
        ascii++;
    }
    for (int pass = 0; ascii < text->length && pass < MOJIBAKE_PASSES && mojibake_pass(context, text); pass++) {
    }
    return QL_OK;
}
