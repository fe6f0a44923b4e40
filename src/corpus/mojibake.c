// The step `mojibake`: UTF-8 that someone read as Latin-1 or Windows-1252 and encoded once more ("dÃ©jÃ " for "déjà").
// Only what cannot sensibly be meant is repaired: sequences that stand for Latin-1 letters and signs (lead byte C2 or
// C3) and for the typographic marks of U+20xx and U+21xx (E2 80, E2 82, E2 84). Uses: corpus/clean_step.
#include <string.h>

#include "corpus/clean_step.h"

// Text has been encoded twice too often at most; each pass takes one layer off.
enum { MOJIBAKE_PASSES = 3 };

// What Windows-1252 has at 0x80 to 0x9F; 0 where it has nothing.
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

// The symbol that was encoded twice at `position`, or -1; moves *position behind it.
static int32_t doubled_symbol(const struct ql_text *text, size_t *position)
{
    size_t next = *position;
    int bytes[3] = {0};
    int count = 0;

    while (count < 3) {
        size_t before = next;
        bytes[count] = byte_behind(ql_symbol_read(text->bytes, text->length, &next));
        if (bytes[count] < 0) {
            next = before;
            break;
        }
        count++;
        bool two = bytes[0] == 0xC2 || bytes[0] == 0xC3;
        if (count == 2 && two && bytes[1] <= 0xBF) {
            *position = next;
            return ((bytes[0] & 0x1F) << 6) | (bytes[1] & 0x3F);
        }
        bool three = bytes[0] == 0xE2 && (count == 1 || bytes[1] == 0x80 || bytes[1] == 0x82 || bytes[1] == 0x84);
        if (!three && !(two && count == 1)) {
            break;
        }
    }
    if (count == 3 && bytes[2] <= 0xBF) {
        *position = next;
        return ((bytes[0] & 0x0F) << 12) | ((bytes[1] & 0x3F) << 6) | (bytes[2] & 0x3F);
    }
    return -1;
}

static bool mojibake_pass(struct ql_step_context *context, struct ql_text *text)
{
    struct ql_text *out = &context->scratch;
    bool repaired = false;

    ql_text_reset(out);
    for (size_t i = 0; i < text->length;) {
        size_t start = i;
        if ((unsigned char)text->bytes[i] >= 0x80) {
            int32_t symbol = doubled_symbol(text, &i);
            if (symbol >= 0) {
                ql_text_write_symbol(out, symbol);
                repaired = true;
                continue;
            }
        }
        (void)ql_symbol_read(text->bytes, text->length, &i);
        ql_text_write(out, text->bytes + start, i - start);
    }
    if (repaired) {
        ql_text_swap(text, out);
    }
    return repaired;
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
