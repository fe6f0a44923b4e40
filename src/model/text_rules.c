// The rules of a model's texts: see text_rules.h.
#include "model/text_rules.h"

void ql_text_rules_init(struct ql_text_rules *rules, const uint32_t *symbols, int count)
{
    *rules = (struct ql_text_rules){.newline = -1};
    for (int token = 0; token < count; token++) {
        if (symbols[token] == '\n') {
            rules->newline = token;
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

int ql_text_rules_item_limit(const struct ql_text_rules *rules, int context)
{
    return rules->newline >= 0 && ql_text_rules_reset_at(rules, rules->newline) ? context : 0;
}
