// Each editing step on small texts: what it changes, what it drops and why, and what it leaves alone.
// Uses: cmocka, base, corpus.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "corpus/letter_survey.h"
#include "corpus/record_field.h"
#include "corpus/step_table.h"
#include "corpus/word_list.h"

// The outcome of a step: text, reason, and author point into the fixture and are valid until its next run.
struct outcome {
    enum ql_status status;
    const char *text;
    const char *reason;
    const char *author; // NULL when none was found
    const char *message;
};

static struct fixture {
    struct ql_prepare_options options;
    struct ql_step_context context;
    struct ql_word_list words;
    struct ql_text text;
    struct ql_error error;
} fixture;

static int set_up(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof fixture);
    fixture.options = ql_prepare_options_init();
    fixture.options.alphabet = QL_ALPHABET_ASCII;
    fixture.context = (struct ql_step_context){
        .options = &fixture.options,
        .words = &fixture.words,
        .names = &fixture.words,
        .path = "input",
        .line = 7,
        .format = QL_FORMAT_FORTUNE,
        .stream = QL_STREAM_QUOTES,
    };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ql_text_free(&fixture.text);
    ql_text_free(&fixture.context.author);
    ql_text_free(&fixture.context.scratch);
    ql_word_list_free(&fixture.words);
    return 0;
}

static struct outcome run_bytes(ql_step_edit *step, const char *bytes, size_t length)
{
    struct outcome outcome = {.reason = NULL};

    ql_text_load(&fixture.text, bytes, length);
    ql_text_reset(&fixture.context.author);
    ql_text_reset(&fixture.context.scratch);
    fixture.context.author_found = false;
    fixture.error.message[0] = '\0';
    outcome.status = step(&fixture.context, &fixture.text, &outcome.reason, &fixture.error);
    outcome.text = fixture.text.bytes;
    outcome.author = fixture.context.author_found ? fixture.context.author.bytes : NULL;
    outcome.message = fixture.error.message;
    return outcome;
}

static struct outcome run(ql_step_edit *step, const char *text)
{
    return run_bytes(step, text, strlen(text));
}

static void assert_becomes(ql_step_edit *step, const char *text, const char *expected)
{
    struct outcome outcome = run(step, text);

    assert_int_equal(outcome.status, QL_OK);
    assert_null(outcome.reason);
    assert_string_equal(outcome.text, expected);
}

static void assert_drops(ql_step_edit *step, const char *text, const char *reason)
{
    struct outcome outcome = run(step, text);

    assert_int_equal(outcome.status, QL_OK);
    assert_non_null(outcome.reason);
    assert_string_equal(outcome.reason, reason);
}

static void decode_valid_text_is_unchanged(void **state)
{
    (void)state;
    assert_becomes(ql_step_decode, "plain", "plain");
    assert_becomes(ql_step_decode, "café € 🙂", "café € 🙂");
    assert_becomes(ql_step_decode, "", "");
}

static void decode_bad_byte_names_file_line_and_byte(void **state)
{
    (void)state;
    struct outcome outcome = run(ql_step_decode, "one\ncaf\xE9 two");
    assert_int_equal(outcome.status, QL_ERROR_INPUT);
    assert_non_null(strstr(outcome.message, "input:8:4: byte 0xE9"));
    assert_non_null(strstr(outcome.message, "--replace"));
}

static void decode_malformed_utf8_is_an_error(void **state)
{
    static const char *const malformed[] = {
        "\x80",             // a continuation byte alone
        "\xC3",             // cut short
        "\xC0\xAF",         // "/" in two bytes
        "\xED\xA0\x80",     // a surrogate
        "\xF4\x90\x80\x80", // above U+10FFFF
        "\xFF\xFE",         // the byte order mark of UTF-16
    };

    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        assert_int_equal(run(ql_step_decode, malformed[i]).status, QL_ERROR_INPUT);
    }
}

static void decode_bad_byte_with_replace_becomes_a_mark(void **state)
{
    (void)state;
    fixture.options.replace = true;
    assert_becomes(ql_step_decode, "caf\xE9 two\xFF", "caf\xEF\xBF\xBD two\xEF\xBF\xBD");
}

static void mojibake_doubly_encoded_text_is_repaired(void **state)
{
    (void)state;
    assert_becomes(ql_step_mojibake, "dÃ©j\xC3\x83\xC2\xA0", "déjà");
    // A typographic apostrophe, read as Windows-1252 once, and read as Latin-1 twice.
    assert_becomes(ql_step_mojibake, "itâ€™s", "it’s");
    assert_becomes(ql_step_mojibake, "\xC3\x83\xC2\xA2\xC3\x82\xC2\x80\xC3\x82\xC2\x99", "’");
}

static void mojibake_of_any_language_is_repaired(void **state)
{
    (void)state;
    assert_becomes(ql_step_mojibake, "ZaÅ¼Ã³Å‚Ä‡ gÄ™Å›lÄ…", "Zażółć gęślą");
    assert_becomes(ql_step_mojibake, "ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет");
    assert_becomes(ql_step_mojibake, "ÎµÎ»Î»Î·Î½", "ελλην");
    assert_becomes(ql_step_mojibake, "æ—¥æœ¬", "日本");
    assert_becomes(ql_step_mojibake, "â€œHelloâ€", "“Hello”");
    assert_becomes(ql_step_mojibake, "il va Ã\xC2\xA0 Paris", "il va à Paris");
    assert_becomes(ql_step_mojibake, "VOILÃ€", "VOILÀ");
}

// A part of the text cannot be mojibake, so nothing is changed.
static void mojibake_in_a_part_is_left_alone(void **state)
{
    static const char *const texts[] = {"dÃ©jà", "ZaÅ¼Ã³łć", "“itâ€™s”", "Ð¿Ñ€ и", "dÃ©jÃ "};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_becomes(ql_step_mojibake, texts[i], texts[i]);
    }
}

static void mojibake_sound_text_is_unchanged(void **state)
{
    static const char *const texts[] = {"CAFÉ…", "CAFÉ\xC2\xA0!", "AMANHÃ…",  "É… talvez", "MENÜ«",
                                        "ÄÖÜ”",  "À\xC2\xA0!",    "Å – en ö", "RÔLE’S",    "TÔ’"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_becomes(ql_step_mojibake, texts[i], texts[i]);
    }
    assert_becomes(ql_step_mojibake, "café", "café");
    assert_becomes(ql_step_mojibake, "“CAFÉ”", "“CAFÉ”");
    assert_becomes(ql_step_mojibake, "â", "â");
}

static void overstrikes_are_undone(void **state)
{
    (void)state;
    assert_becomes(ql_step_overstrikes, "_\bw_\bo_\br_\bd", "word");
    assert_becomes(ql_step_overstrikes, "____\b\b\b\bword", "word");
    assert_becomes(ql_step_overstrikes, "word\b\b\b\b____", "word");
    assert_becomes(ql_step_overstrikes, "b\bbo\bol\bld\bd", "bold");
    assert_becomes(ql_step_overstrikes, "e\b' x\n`\ba", "e\xCC\x81 x\na\xCC\x80");
    assert_becomes(ql_step_overstrikes, "\b\bab", "ab");
}

static void controls_are_removed_and_line_ends_unified(void **state)
{
    (void)state;
    struct outcome outcome = run_bytes(ql_step_controls, "a\0b\x07\r\nc\rd\n\ne\tf", 14);
    assert_string_equal(outcome.text, "ab\nc\nd\n\ne\tf");
    assert_becomes(ql_step_controls,
                   "a\xC2\xAD"
                   "b\xE2\x80\x8B"
                   "c\xEF\xBB\xBF",
                   "abc");
}

static void transliterate_to_ascii_finds_counterparts(void **state)
{
    (void)state;
    assert_becomes(ql_step_transliterate, "“Naïve” — naïve…", "\"Naive\" -- naive...");
    assert_becomes(ql_step_transliterate, "Straße, Æsop, ﬁne, Łódź", "Strasse, AEsop, fine, Lodz");
    assert_becomes(ql_step_transliterate, "e\xCC\x81té", "ete");
    assert_becomes(ql_step_transliterate, "don´t", "don't");
    assert_becomes(ql_step_transliterate, "col·lecció, PARAL·LEL", "colleccio, PARALLEL");
    assert_becomes(ql_step_transliterate, "· one\n2·3 · x", "* one\n2*3 * x");
}

static void transliterate_dot_above_a_greek_text_is_its_semicolon(void **state)
{
    struct ql_letter_survey survey = {0};
    static const char text[] = "Ἀθηναῖοι, ὅ τι μὲν ὑμεῖς.";

    (void)state;
    fixture.options.alphabet = QL_ALPHABET_TEXT;
    assert_int_equal(ql_letter_survey_add(&survey, text, strlen(text), &fixture.error), QL_OK);
    fixture.context.survey = &survey;
    assert_becomes(ql_step_transliterate, "Ἀθηναῖοι\xCE\x87 ὅ τι, μὲν· ὑμεῖς", "Ἀθηναῖοι; ὅ τι, μὲν; ὑμεῖς");
    ql_letter_survey_free(&survey);
}

static void transliterate_other_script_drops_the_item(void **state)
{
    (void)state;
    assert_drops(ql_step_transliterate, "мир", "outside_alphabet");
    fixture.options.alphabet = QL_ALPHABET_ANY;
    assert_becomes(ql_step_transliterate, "мир", "мир");
}

static void transliterate_to_latin1_keeps_its_letters(void **state)
{
    (void)state;
    fixture.options.alphabet = QL_ALPHABET_LATIN1;
    assert_becomes(ql_step_transliterate, "été – ő", "été - o");
}

static void attribution_is_split_from_the_text(void **state)
{
    (void)state;
    struct outcome outcome = run(ql_step_attribution, "To be.\n\t\t-- A. Poet, \"Works\",\n\t\t   1600\n");
    assert_null(outcome.reason);
    assert_string_equal(outcome.text, "To be.");
    assert_string_equal(outcome.author, "A. Poet, \"Works\",\n\t\t   1600\n");

    outcome = run(ql_step_attribution, "Short. -- Some One");
    assert_string_equal(outcome.text, "Short.");
    assert_string_equal(outcome.author, "Some One");

    outcome = run(ql_step_attribution, "不塞不流。 —— 鲁迅");
    assert_string_equal(outcome.text, "不塞不流。");
    assert_string_equal(outcome.author, "鲁迅");

    outcome = run(ql_step_attribution, "Margin.\n-- Some One");
    assert_string_equal(outcome.text, "Margin.");
    assert_string_equal(outcome.author, "Some One");

    static const char *const doubled[][2] = {{"不塞不流。\n——鲁迅", "鲁迅"},
                                             {"不塞不流。\n  —— 孔子", "孔子"},
                                             {"古池や。\n――松尾芭蕉", "松尾芭蕉"},
                                             {"Margin.\n—— Ann Lee", "Ann Lee"},
                                             {"Margin.\n— Ann Lee", "Ann Lee"}};
    for (size_t i = 0; i < sizeof doubled / sizeof doubled[0]; i++) {
        assert_string_equal(run(ql_step_attribution, doubled[i][0]).author, doubled[i][1]);
    }

    outcome = run(ql_step_attribution, "In brackets.\n(By Some One)");
    assert_string_equal(outcome.text, "In brackets.");
    assert_string_equal(outcome.author, "Some One");

    outcome = run(ql_step_attribution, "\t\t-- Some One");
    assert_string_equal(outcome.text, "");
    assert_string_equal(outcome.author, "Some One");
}

static void attribution_dash_inside_a_text_is_none(void **state)
{
    (void)state;
    assert_becomes(ql_step_attribution, "A pause -- and on it goes.", "A pause -- and on it goes.");
    assert_null(run(ql_step_attribution, "first\n-- then this").author);
    assert_null(run(ql_step_attribution, "--\n\t--\n").author);
    assert_null(run(ql_step_attribution, "").author);
}

static void attribution_more_than_one_drops_the_item(void **state)
{
    (void)state;
    assert_drops(ql_step_attribution, "A.\n\t\t-- One\nB.\n\t\t-- Two", "several_attributions");
    assert_drops(ql_step_attribution, "A.\n\t\t-- One\nAnd more text.", "text_after_attribution");
    fixture.context.format = QL_FORMAT_LINES;
    assert_becomes(ql_step_attribution, "A.\n\t\t-- One", "A.\n\t\t-- One");
}

static void person_is_cut_after_the_name(void **state)
{
    static const char *const names[][2] = {
        {"Mark Twain", "Mark Twain"},
        {"George F. Will, \"Men At Work\", 1990", "George F. Will"},
        {"Ann Bellwood (1901-1999)", "Ann Bellwood"},
        {"Ann Bellwood (1901 - 1999)", "Ann Bellwood"},
        {"Ann Bellwood <ann@example.org> in a mail", "Ann Bellwood"},
        {"Ann Bellwood in the manual page", "Ann Bellwood"},
        {"Ann Bellwood of Somewhere", "Ann Bellwood"},
        {"Ann Bellwood and Bob Other", "Ann Bellwood"},
        {"attributed to Ann Bellwood", "Ann Bellwood"},
        {"Senator Ann Bellwood", "Ann Bellwood"},
        {"novelist Ann Bellwood", "Ann Bellwood"},
        {"Canadian novelist Ann Bellwood", "Ann Bellwood"},
        {"Kurt Bellwood, Jr., \"Book\"", "Kurt Bellwood Jr."},
        {"Kurt Bellwood III", "Kurt Bellwood III"},
        {"Joseph \"Kid\" Bellwood", "Joseph Bellwood"},
        {"Ludwig van den Bellwood", "Ludwig van den Bellwood"},
        {"Lord Bellwood", "Lord Bellwood"},
        {"Ann Bellwood.", "Ann Bellwood"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_becomes(ql_step_person, names[i][0], names[i][1]);
    }
}

static void person_is_spelled_in_one_way(void **state)
{
    static const char *const names[][2] = {
        {"J.R.R. Bellwood", "J. R. R. Bellwood"}, {"J R Bellwood", "J. R. Bellwood"},
        {"J. R. Bellwood", "J. R. Bellwood"},     {"E. E. BELLWOOD", "E. E. Bellwood"},
        {"Wm. Bellwood", "William Bellwood"},     {"St. Bellwood", "St. Bellwood"},
        {"Dr Bellwood", "Dr. Bellwood"},          {"Jos'e Verd'e", "Jose Verde"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_becomes(ql_step_person, names[i][0], names[i][1]);
    }
}

static void person_what_is_no_full_name_is_dropped(void **state)
{
    static const char *const others[][2] = {
        {"Voltaire", "one_word"},
        {"Chinese proverb", "one_word"},
        {"Senator Bellwood", "one_word"},
        {"De Bellwood", "one_word"},
        {"The Daily Bellwood", "no_person"},
        {"Old Proverb", "no_person"},
        {"A Friend", "no_person"},
        {"\"Some Work\"", "title_of_work"},
        {"Some Film (1960)", "title_of_work"},
        {"Kid and Other", "several_names"},
        {"Kid the Great", "epithet"},
        {"Ann Bellwood's diary", "possessive"},
        {"seen on a wall", "no_name"},
        {"#channel", "no_name"},
        {"USA Bellwood", "acronym"},
        {"Ann E.", "no_surname"},
        {"A Bc Cd De Ef Fg Gh", "too_many_words"},
        {"", "no_name"},
        {"/etc/motd Bellwood", "several_names"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_drops(ql_step_person, others[i][0], others[i][1]);
    }
}

static void person_endless_word_is_no_name(void **state)
{
    char text[5000];

    (void)state;
    memset(text, 'A', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_non_null(run(ql_step_person, text).reason);
    memset(text, ',', sizeof text - 1);
    assert_non_null(run(ql_step_person, text).reason);
}

static void utterance_single_voice_stays(void **state)
{
    (void)state;
    assert_becomes(ql_step_utterance, "It is a long way\nto the next line, and it goes on.",
                   "It is a long way\nto the next line, and it goes on.");
    assert_becomes(ql_step_utterance, "He said, \"Stop\", and left.", "He said, \"Stop\", and left.");
    assert_becomes(ql_step_utterance, "Note: this is one sentence.", "Note: this is one sentence.");
}

static void utterance_letters_of_any_alphabet_are_read_alike(void **state)
{
    static const char *const kept[] = {
        "Je voudrais vous dire\nêtre libre est un métier.",
        "Я хотел бы сказать вам\nчто свобода это ремесло.",
        "Θα ήθελα να σας πω\nότι η ελευθερία είναι τέχνη.",
        "¡Hola!¿Qué tal estás hoy, amigo mío?",
        "il dit « oui » et puis « non » à la fin.",
        "„Ja“, sagte er, „es ist lang“ und ging.",
        "Он назвал это «чудом» и ушёл.",
    };
    static const char *const others[][2] = {
        {"Мороз и солнце; день чудесный!\nЕщё ты дремлешь, друг прелестный.", "verse"},
        {"«Élan de la nuit,\nÉtoile du jour.»", "verse"},
        {"Лев: Почему?\nАнна: Потому.", "dialogue"},
        {"Анна-Мария Александровна: Почему?\nЛев: Потому.", "dialogue"},
        {"“Is it?” “It is.”", "dialogue"},
        {"„Ja?“ „Nein.“", "dialogue"},
        {"»Ja?« »Nein.«", "dialogue"},
        {"« Oui ? » « Non. »", "dialogue"},
        {"”Ja?” ”Nej.”", "dialogue"},
        {"「はい」「いいえ」", "dialogue"},
        {"„Ja?“\n„Nein.“", "dialogue"},
        {"Есть два:\nа) вот этот,\nб) и вот тот.", "list"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        assert_becomes(ql_step_utterance, kept[i], kept[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_drops(ql_step_utterance, others[i][0], others[i][1]);
    }
}

static void utterance_what_only_a_page_can_hold_is_dropped(void **state)
{
    static const char *const others[][2] = {
        {"pun, n.:\n\tA play on words.", "definition"},
        {"Q:\tWhy?\nA:\tBecause.", "dialogue"},
        {"\"Is it?\"\n\"It is.\"", "dialogue"},
        {"\"Is it?\"  \"It is.\"", "dialogue"},
        {"<nick> hello there", "dialogue"},
        {"* nick waves at all", "dialogue"},
        {"Some Law:\n\tIt holds.", "heading"},
        {"Subject: hello\nIt is me.", "mail"},
        {"There are two:\n(1) this one,\n(2) that one.", "list"},
        {"for (;;) { x++; }", "code"},
        {"see http://example.org for more", "code"},
        {"one      two      three", "table"},
        {"Roses are red,\nViolets are blue.", "verse"},
        {"one paragraph of it\n\nand another one here", "several_paragraphs"},
        {"it begins here\n     and is indented there", "indented"},
        {"/\\_/\\ (o.o)", "code"},
        {"+--+ 12.5 | 77.1 +--+", "drawing"},
        {"WHY ARE YOU SHOUTING", "shouting"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_drops(ql_step_utterance, others[i][0], others[i][1]);
    }
}

static void white_space_runs_become_one_space(void **state)
{
    (void)state;
    assert_becomes(ql_step_white_space, "  a \t b  \n\t c ", "a b\nc");
}

static void one_line_joins_lines_and_drops_the_empty(void **state)
{
    (void)state;
    assert_becomes(ql_step_one_line, "a\nb\r\n\nc\n", "a b c");
    assert_becomes(ql_step_one_line, "well-\nknown", "well-known");
    assert_becomes(ql_step_one_line, "a --\nb", "a -- b");
    struct outcome outcome = run_bytes(ql_step_one_line, "a\0b\n\0", 5);
    assert_string_equal(outcome.text, "ab");
    assert_int_equal(fixture.text.length, 2);
    outcome = run_bytes(ql_step_one_line, "\0", 1);
    assert_string_equal(outcome.reason, "empty");
    assert_drops(ql_step_one_line, "", "empty");
    assert_drops(ql_step_one_line, " \n\t\n", "empty");
}

static void emphasis_marks_are_removed(void **state)
{
    (void)state;
    assert_becomes(ql_step_emphasis, "this is *very* good, _The_Big_Book_ says",
                   "this is very good, The Big Book says");
    assert_becomes(ql_step_emphasis, "“_You_ are, said—_never_—and «_Bonjour_ à vous»",
                   "“You are, said—never—and «Bonjour à vous»");
    assert_becomes(ql_step_emphasis, "é_tait_ là, _été_", "é_tait_ là, été");
    assert_becomes(ql_step_emphasis, "_été_é, _Ёлка", "_été_é, _Ёлка");
    assert_becomes(ql_step_emphasis, "_Война и мир, роман в четырёх томах, который он писал долго_, и",
                   "Война и мир, роман в четырёх томах, который он писал долго, и");
    assert_becomes(ql_step_emphasis, "2 * 3 * 4, snake_case_name, a*", "2 * 3 * 4, snake_case_name, a*");
}

static void quotation_marks_around_a_whole_item_are_removed(void **state)
{
    (void)state;
    assert_becomes(ql_step_quotation_marks, "\"All of it.\"", "All of it.");
    assert_becomes(ql_step_quotation_marks, "``All of it.''", "All of it.");
    assert_becomes(ql_step_quotation_marks, "\"Never closed.", "Never closed.");
    assert_becomes(ql_step_quotation_marks, "Never opened.\"", "Never opened.");
    assert_becomes(ql_step_quotation_marks, "\"One,\" he said, \"two.\"", "\"One,\" he said, \"two.\"");
    assert_becomes(ql_step_quotation_marks, "the `word' itself", "the 'word' itself");
    assert_drops(ql_step_quotation_marks, "\"\"", "empty");
}

static void length_counts_symbols_not_bytes(void **state)
{
    (void)state;
    fixture.options.min_length = 3;
    fixture.options.max_length = 4;
    assert_becomes(ql_step_length, "éééé", "éééé");
    assert_drops(ql_step_length, "ab", "too_short");
    assert_drops(ql_step_length, "abcde", "too_long");
    fixture.context.stream = QL_STREAM_NAMES;
    assert_becomes(ql_step_length, "abcde", "abcde");
}

static void fields_json_line_gives_text_and_author(void **state)
{
    (void)state;
    fixture.context.format = QL_FORMAT_JSONL;
    fixture.options.author_field = "by";
    struct outcome outcome = run(ql_step_fields, "{\"text\": \"a\\nb\", \"by\": \"Ann\", \"n\": [1]}");
    assert_string_equal(outcome.text, "a\nb");
    assert_string_equal(outcome.author, "Ann");
    assert_null(run(ql_step_fields, "{\"text\": \"a\", \"by\": null}").author);
    assert_string_equal(run(ql_step_fields, "  ").text, "");
}

static void fields_json_author_that_is_no_string_is_an_error(void **state)
{
    static const char *const lines[] = {"{\"text\": \"a\", \"by\": [\"Ann Lee\"]}", "{\"text\": \"a\", \"by\": 7}"};

    (void)state;
    fixture.context.format = QL_FORMAT_JSONL;
    fixture.options.author_field = "by";
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct outcome outcome = run(ql_step_fields, lines[i]);
        assert_int_equal(outcome.status, QL_ERROR_INPUT);
        assert_non_null(strstr(outcome.message, "input:7: no string is in member \"by\""));
    }
}

static void fields_bad_json_line_names_file_and_line(void **state)
{
    static const char *const lines[] = {"{\"text\": ", "[1, 2]", "{\"other\": \"a\"}", "{\"text\": 1}", "nonsense"};

    (void)state;
    fixture.context.format = QL_FORMAT_JSONL;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct outcome outcome = run(ql_step_fields, lines[i]);
        assert_int_equal(outcome.status, QL_ERROR_INPUT);
        assert_non_null(strstr(outcome.message, "input:7: "));
    }
}

static void fields_csv_row_follows_rfc_4180(void **state)
{
    struct ql_field_map map = {0};
    static const char header[] = "id,\"text\",by";

    (void)state;
    fixture.context.format = QL_FORMAT_CSV;
    fixture.context.fields = &map;
    assert_int_equal(ql_field_map_read(&map, header, strlen(header), "text", "by", &fixture.error), QL_OK);
    struct outcome outcome = run(ql_step_fields, "1,\"say \"\"hi\"\",\nthen go\",Ann");
    assert_string_equal(outcome.text, "say \"hi\",\nthen go");
    assert_string_equal(outcome.author, "Ann");
    assert_string_equal(run(ql_step_fields, "1,,").text, "");
    assert_null(run(ql_step_fields, "1,,").author);
    assert_int_equal(run(ql_step_fields, "1,two").status, QL_ERROR_INPUT);
    assert_int_equal(run(ql_step_fields, "1,a\"b,c").status, QL_ERROR_INPUT);
    assert_int_equal(run(ql_step_fields, "1,\"a\"b,c").status, QL_ERROR_INPUT);
    assert_int_equal(run(ql_step_fields, "1,\"a,c").status, QL_ERROR_INPUT);
}

static void fields_csv_missing_column_lists_the_others(void **state)
{
    struct ql_field_map map = {0};
    static const char header[] = "id,quote";

    (void)state;
    assert_int_equal(ql_field_map_read(&map, header, strlen(header), "text", NULL, &fixture.error), QL_ERROR_INPUT);
    assert_non_null(strstr(fixture.error.message, "id, quote"));
}

static void word_list_matches_whole_words_only(void **state)
{
    static const char path[] = "clean_step_test.words";
    static const char list[] = "# comment\nass\r\nBad Luck\n\nb$d\nÉté\nnai\u0308f\nwon’t\nοδυσσευς\nstraße\n";

    (void)state;
    assert_int_equal(ql_file_save(path, list, strlen(list), &fixture.error), QL_OK);
    assert_int_equal(ql_word_list_load(&fixture.words, path, &fixture.error), QL_OK);
    assert_int_equal(fixture.words.count, 8);
    assert_drops(ql_step_word_list, "What an ASS!", "listed_word");
    assert_drops(ql_step_word_list, "smart-ass", "listed_word");
    assert_drops(ql_step_word_list, "so much bad luck today", "listed_word");
    assert_drops(ql_step_word_list, "a b$d word", "listed_word");
    assert_drops(ql_step_word_list, "un été", "listed_word");
    assert_drops(ql_step_word_list, "un E\u0301te\u0301", "listed_word");
    assert_drops(ql_step_word_list, "so NAÏF", "listed_word");
    assert_drops(ql_step_word_list, "it won't do", "listed_word");
    assert_drops(ql_step_word_list, "it won’t do", "listed_word");
    assert_drops(ql_step_word_list, "Ο ΟΔΥΣΣΕΥΣ ήρθε εδώ", "listed_word");
    assert_drops(ql_step_word_list, "ο οδυσσευς", "listed_word");
    assert_drops(ql_step_word_list, "Die STRASSE ist lang", "listed_word");
    assert_drops(ql_step_word_list, "DIE STRAẞE", "listed_word");
    assert_becomes(ql_step_word_list, "ete naif", "ete naif");
    assert_becomes(ql_step_word_list, "Cassandra passes", "Cassandra passes");
    assert_becomes(ql_step_word_list, "bad lucky", "bad lucky");
    assert_becomes(ql_step_word_list, "# comment", "# comment");
    assert_int_equal(unlink(path), 0);
}

static void switches_unknown_required_and_both_are_errors(void **state)
{
    bool enabled[QL_STEP_LIMIT];
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_step_read_switches(enabled, "mojibake,length", NULL, &error), QL_OK);
    for (int i = 0; ql_steps[i].name != NULL; i++) {
        bool skipped = strcmp(ql_steps[i].name, "mojibake") == 0 || strcmp(ql_steps[i].name, "length") == 0;
        assert_int_equal(enabled[i], !skipped);
    }
    assert_int_equal(ql_step_read_switches(enabled, NULL, "length", &error), QL_OK);
    for (int i = 0; ql_steps[i].name != NULL; i++) {
        assert_int_equal(enabled[i], ql_steps[i].required || strcmp(ql_steps[i].name, "length") == 0);
    }
    assert_int_equal(ql_step_read_switches(enabled, "lenght", NULL, &error), QL_ERROR_USAGE);
    assert_int_equal(ql_step_read_switches(enabled, "decode", NULL, &error), QL_ERROR_USAGE);
    assert_int_equal(ql_step_read_switches(enabled, "length", "length", &error), QL_ERROR_USAGE);
}

static void step_table_edits_stand_before_sifts(void **state)
{
    bool sifting = false;

    (void)state;
    for (int i = 0; ql_steps[i].name != NULL; i++) {
        assert_true(i < QL_STEP_LIMIT);
        assert_true((ql_steps[i].edit != NULL) != (ql_steps[i].sift != NULL));
        assert_true((ql_steps[i].sift != NULL) == (ql_steps[i].reason != NULL));
        sifting = sifting || ql_steps[i].sift != NULL;
        assert_true(!sifting || ql_steps[i].edit == NULL);
    }
}

#define STEP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEP_TEST(decode_valid_text_is_unchanged),
        STEP_TEST(decode_bad_byte_names_file_line_and_byte),
        STEP_TEST(decode_malformed_utf8_is_an_error),
        STEP_TEST(decode_bad_byte_with_replace_becomes_a_mark),
        STEP_TEST(mojibake_doubly_encoded_text_is_repaired),
        STEP_TEST(mojibake_of_any_language_is_repaired),
        STEP_TEST(mojibake_in_a_part_is_left_alone),
        STEP_TEST(mojibake_sound_text_is_unchanged),
        STEP_TEST(overstrikes_are_undone),
        STEP_TEST(controls_are_removed_and_line_ends_unified),
        STEP_TEST(transliterate_to_ascii_finds_counterparts),
        STEP_TEST(transliterate_dot_above_a_greek_text_is_its_semicolon),
        STEP_TEST(transliterate_other_script_drops_the_item),
        STEP_TEST(transliterate_to_latin1_keeps_its_letters),
        STEP_TEST(attribution_is_split_from_the_text),
        STEP_TEST(attribution_dash_inside_a_text_is_none),
        STEP_TEST(attribution_more_than_one_drops_the_item),
        STEP_TEST(person_is_cut_after_the_name),
        STEP_TEST(person_is_spelled_in_one_way),
        STEP_TEST(person_what_is_no_full_name_is_dropped),
        STEP_TEST(person_endless_word_is_no_name),
        STEP_TEST(utterance_single_voice_stays),
        STEP_TEST(utterance_letters_of_any_alphabet_are_read_alike),
        STEP_TEST(utterance_what_only_a_page_can_hold_is_dropped),
        STEP_TEST(white_space_runs_become_one_space),
        STEP_TEST(one_line_joins_lines_and_drops_the_empty),
        STEP_TEST(emphasis_marks_are_removed),
        STEP_TEST(quotation_marks_around_a_whole_item_are_removed),
        STEP_TEST(length_counts_symbols_not_bytes),
        STEP_TEST(fields_json_line_gives_text_and_author),
        STEP_TEST(fields_json_author_that_is_no_string_is_an_error),
        STEP_TEST(fields_bad_json_line_names_file_and_line),
        STEP_TEST(fields_csv_row_follows_rfc_4180),
        STEP_TEST(fields_csv_missing_column_lists_the_others),
        STEP_TEST(word_list_matches_whole_words_only),
        STEP_TEST(switches_unknown_required_and_both_are_errors),
        STEP_TEST(step_table_edits_stand_before_sifts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
