// The rules of a model's texts: see text_rules.h.
#include "model/text_rules.h"

#include <string.h>

void ql_text_rules_init(struct ql_text_rules *rules, const uint32_t *symbols, int count)
{
    *rules = (struct ql_text_rules){.newline = -1};
    for (int token = 0; token < count; token++) {
        if (symbols[token] == '\n') {
            rules->newline = token;
        }
        if (symbols[token] >= QL_TEXT_SPECIAL && symbols[token] < QL_TEXT_SPECIAL + QL_TEXT_SPECIAL_LIMIT) {
            rules->specials[rules->special_count++] = token;
        }
    }
    rules->first_token = rules->newline < 0 ? 0 : rules->newline;
}

bool ql_text_rules_reset_at(const struct ql_text_rules *rules, int token)
{
    for (int k = 0; k < rules->reset_count; k++) {
        if (rules->resets[k] == token) {
            return true;
        }
    }
    return false;
}

const uint32_t *ql_text_rules_block(const struct ql_text_rules *rules, uint32_t *words, const uint32_t *blocked, int V)
{
    const size_t bytes = (size_t)(V + 31) / 32 * sizeof words[0];

    if (rules->special_count == 0) {
        return blocked;
    }
    if (blocked == NULL) {
        memset(words, 0, bytes);
    } else {
        memmove(words, blocked, bytes);
    }
    for (int k = 0; k < rules->special_count; k++) {
        words[rules->specials[k] / 32] |= UINT32_C(1) << (rules->specials[k] % 32);
    }
    return words;
}

int ql_text_rules_item_limit(const struct ql_text_rules *rules, int context)
{
    return rules->newline >= 0 && ql_text_rules_reset_at(rules, rules->newline) ? context : 0;
}
