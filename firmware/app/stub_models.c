// Writers without models, with texts of all lengths that a page must handle: see models.h.
// Uses: app/models.h, app/stub.h.
#include "models.h"
#include "stub.h"

static const char *const quote_texts[] = {
    "Short.",
    "A stub has nothing to say and says it every time.",
    "The panel does not care who wrote the text, so long as the lines are broken where a reader would break them.",
    "Half-finished, well-meant, hyphen-ridden sentences show whether a line may end behind a hyphen.",
    "Supercalifragilisticexpialidociouslyunbreakablewordsmustbecutsomewhereevenwhennobodylikestheresultverymuch.",
    "This text is longer than a page can hold, which is what happens now and then when a model does not find the end "
    "of "
    "its sentence, and it goes on and on, from clause to clause, past every full stop that it might have taken, past "
    "the edge of the panel and the patience of the reader, until somebody throws it away and asks for another one, "
    "which is what the application has to do here, and what this text, which is about to end after all, is there to "
    "bring about, because otherwise nobody would know that it works.",
    "",
};

static const char *const name_texts[] = {
    "A. Stub",
    "Mary-Ann Placeholder",
    "",
    "A Person of Such Distinction that the Titles Alone Take More than the Two Lines which the Page Has Kept for Them",
};

#define COUNT(texts) ((uint32_t)(sizeof(texts) / sizeof((texts)[0])))

void ql_models_init(struct ql_models *models, const struct ql_sampling *sampling, uint32_t quotes_seed,
                    uint32_t names_seed)
{
    static struct ql_stub quotes = {.texts = quote_texts, .text_count = COUNT(quote_texts)};
    static struct ql_stub names = {.texts = name_texts, .text_count = COUNT(name_texts)};

    models->quotes = (struct ql_writer){&ql_stub_functions, &quotes};
    models->names = (struct ql_writer){&ql_stub_functions, &names};
    ql_writer_init(&models->quotes, sampling, quotes_seed);
    ql_writer_init(&models->names, sampling, names_seed);
}
