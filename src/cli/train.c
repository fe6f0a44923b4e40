// `quillet train`: trains a model on a text file, epoch by epoch, into a run's folder.
// Starts a run, resumes one that was interrupted, or starts one from another model's checkpoint.
// Uses: base, cli/train_session.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "base/vectors.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/terminal.h"
#include "cli/train_session.h"

static const char usage[] = "train --input FILE [OPTION ...]\n       quillet train --init-from RUN_FOLDER\n"
                            "       mpirun -n RANKS quillet train ...";
static const char summary_text[] = "Trains a character-level model on a text. Prints the path of the best\n"
                                   "checkpoint; everything else is in the run's folder. --init-from resumes an\n"
                                   "interrupted training and gives the same bits as if it had not been interrupted.";

// The current epoch, as it is shown while it runs.
struct display {
    const struct ql_train_session *session;
    struct ql_cli_progress bar;
    double epoch_start; // seconds
};

static bool on_step(void *context, double share)
{
    struct display *display = context;
    const struct ql_train_session *session = display->session;
    char text[128], left[32], rate[32];

    if (display->bar.shown) {
        int epoch = session->record.done.epoch + 1, epochs = session->settings.max_epochs;
        const double characters = session->batcher.total / session->texts.training_share;
        double speed = share * characters / (ql_cli_seconds() - display->epoch_start);
        ql_cli_write_time(left, ((double)(epochs - epoch) + 1.0 - share) * characters / speed);
        ql_cli_write_count(rate, speed);
        (void)snprintf(text, sizeof text, "epoch %d/%d  %s chars/s  %s left", epoch, epochs, rate, left);
        ql_cli_progress_write(&display->bar, share, text);
    }
    return ql_cli_interrupted != 0;
}

// Prints the sample in lines of the terminal's width, with slashes in place of its own line ends, so that names take
// little space.
static void print_sample(const char *sample)
{
    enum { INDENT = 4, WIDTH = 78 };
    const char *dim = ql_cli_color_wanted() ? "\033[2m" : "";
    const char *plain = dim[0] == '\0' ? "" : "\033[0m";
    int column = 0;

    for (const char *word = sample; *word != '\0';) {
        size_t space = strspn(word, " \n");
        bool line_ends = memchr(word, '\n', space) != NULL;
        word += space;
        size_t length = strcspn(word, " \n");
        int width = 0;
        for (size_t i = 0; i < length; i++) {
            width += ((unsigned char)word[i] & 0xc0) != 0x80; // bytes that begin a symbol
        }
        bool divide = line_ends && column > 0 && length > 0;
        if (column > 0 && column + width + (divide ? 3 : 1) > WIDTH) {
            (void)fprintf(stderr, "%s%s\n", divide ? " /" : "", plain);
            column = 0;
            divide = false;
        }
        if (length > 0) {
            column += column == 0 ? fprintf(stderr, "%*s%s", INDENT, "", dim) - (int)strlen(dim)
                                  : fprintf(stderr, "%s", divide ? " / " : " ");
            ql_cli_write_visible_text(stderr, word, length);
            column += width;
        }
        word += length;
    }
    if (column > 0) {
        (void)fprintf(stderr, "%s\n", plain);
    }
}

static void print_epoch(const struct ql_train_session *session, const struct ql_train_epoch *epoch)
{
    const struct ql_training_row *row = &epoch->row;
    int digits = snprintf(NULL, 0, "%d", session->settings.max_epochs);
    char rate[32];

    ql_cli_write_count(rate, row->chars_per_second);
    (void)fprintf(stderr, "epoch %*d/%d  train %.4f  val %.4f (%.3f bits)  %s chars/s%s\n", digits, row->epoch,
                  session->settings.max_epochs, row->train_loss, row->val_loss, ql_training_bits(row->val_loss), rate,
                  epoch->best ? "  best" : "");
    if (epoch->sample != NULL) {
        print_sample(epoch->sample);
    }
}

static enum ql_status run_epochs(struct ql_train_session *session, struct ql_error *error)
{
    const bool quiet = session->settings.quiet;
    struct display display = {.session = session, .bar = {.shown = ql_cli_progress_wanted(quiet) && ql_cli_rank == 0}};
    enum ql_status status = QL_OK;

    while (status == QL_OK && !ql_train_session_ended(session)) {
        struct ql_train_epoch epoch;
        display.epoch_start = ql_cli_seconds();
        status = ql_train_session_step(session, on_step, &display, &epoch, error);
        ql_cli_progress_reset(&display.bar);
        if (status == QL_OK && !quiet && ql_cli_rank == 0) {
            print_epoch(session, &epoch);
        }
        free(epoch.sample);
    }
    return status;
}

static void print_start(const struct ql_train_session *session)
{
    const struct ql_dimensions d = session->model.dimensions;
    char symbols[32], held_out[32], parameters[32];

    ql_cli_write_count(symbols, (double)session->texts.training_characters);
    ql_cli_write_count(held_out, (double)session->texts.validation_characters);
    ql_cli_write_count(parameters, (double)session->model.count);
    ql_cli_note("run %s\n", session->record.run.folder);
    const int pieces = session->info.vocabulary.piece_count;
    ql_cli_note("%s: %s symbols, %s held out, %d different\n", session->settings.input, symbols, held_out,
                d.V - pieces);
    if (pieces > 0) {
        (void)fprintf(stderr, "%d pieces of several characters; %.2f characters for each token of the text\n", pieces,
                      (double)session->texts.training_characters / (double)session->texts.training.count);
    }
    int threads = session->trainer.options.threads;
    const char *plural = threads == 1 ? "" : "s";
    if (d.layer == QL_LAYER_DECODER) {
        (void)fprintf(
            stderr, "%s: %d x %d, %d heads with %d of keys, feed %d, context %d, %s parameters; %d thread%s\n",
            session->settings.model, d.L, d.E, d.heads, d.kv_heads, d.feed, d.context, parameters, threads, plural);
    } else {
        (void)fprintf(stderr, "%s: %d x %d, embedding %d, %s parameters; %d thread%s\n", session->settings.model, d.L,
                      d.H, d.E, parameters, threads, plural);
    }
    const int ranks = session->exchange->ranks, batch = session->trainer.options.batch_size;
    if (ranks > 1) {
        (void)fprintf(stderr, "%d ranks share each batch of %d sequences, %d at a time\n", ranks, batch,
                      QL_TRAINER_SHARD_SEQUENCES);
    }
    if (batch <= (ranks - 1) * QL_TRAINER_SHARD_SEQUENCES) {
        (void)fprintf(stderr,
                      "That leaves nothing to do for %d of them: start fewer, or choose a larger --batch-size\n",
                      ranks - (batch + QL_TRAINER_SHARD_SEQUENCES - 1) / QL_TRAINER_SHARD_SEQUENCES);
    }
    if (session->note[0] != '\0') {
        ql_cli_note("%s\n", session->note);
    }
    if (ql_vectors() == QL_VECTORS_PLAIN) {
        (void)fprintf(stderr,
                      "No vector instructions with fused multiply-adds are in use: training gives the same bits,\n"
                      "but takes ten to a hundred times as long.\n");
    }
    if (session->record.done.epoch > 0) {
        (void)fprintf(stderr, "going on after epoch %d\n", session->record.done.epoch);
    }
}

static void print_result(const struct ql_train_session *session)
{
    if (session->settings.json) {
        ql_cli_print_json(session->record.summary, JSON_INDENT(2));
        return;
    }
    if (!session->settings.quiet) {
        (void)fprintf(stderr, "best: epoch %d, %.4f nats, %.3f bits per character\n", session->record.done.best_epoch,
                      session->record.done.best_loss, ql_training_bits(session->record.done.best_loss));
        if (session->exchange->ranks > 1) {
            (void)fprintf(stderr, "%.1f s of rank 0 went into exchanges with the others, waiting included\n",
                          session->exchange->seconds);
        }
    }
    ql_cli_print_name(session->record.run.folder);
    (void)printf("/checkpoint.%d.safetensors\n", session->record.done.best_epoch);
}

// A word of a command that the user may copy: quoted so that a shell reads exactly this word, and without anything that
// controls a terminal.
static void print_word(const char *word, const char *then)
{
    struct ql_memory_stream memory;
    char *text = NULL;

    if (ql_memory_stream_open(&memory)) {
        ql_cli_write_shell_word(memory.stream, word);
        text = ql_memory_stream_close(&memory);
    }
    ql_cli_write_visible_name(stderr, text == NULL ? "..." : text);
    free(text);
    (void)fputs(then, stderr);
}

// After a training that ended early: records this in the summary, and tells the user how to resume it.
static void save_ended(struct ql_train_session *session, enum ql_status why)
{
    const char *folder = session->record.run.folder;
    int epoch = session->record.done.epoch;
    struct ql_error ignored; // the user has just been told about a worse one
    char path[QL_RUN_PATH_BYTES];

    (void)ql_train_session_save(session, why == QL_ERROR_STOPPED ? "interrupted" : "failed", &ignored);
    if (why == QL_ERROR_STOPPED) {
        (void)fprintf(stderr, "To go on after epoch %d: quillet train --init-from ", epoch);
        print_word(folder, "\n");
    } else if (epoch > 0) {
        ql_training_run_path(&session->record.run, path, "checkpoint.%d.safetensors", epoch);
        (void)fprintf(stderr, "The model of epoch %d is good; to start a new run from it:\nquillet train --init-from ",
                      epoch);
        print_word(path, " --input ");
        print_word(session->settings.input, " --learning-rate ...\n");
    }
}

// Says why a resumed run has nothing left to do, and how to continue it.
static void print_nothing_left(const struct ql_train_session *session)
{
    const struct ql_train_settings *settings = &session->settings;
    const struct ql_training_progress *done = &session->record.done;

    if (done->epoch >= settings->max_epochs) {
        (void)fprintf(
            stderr,
            "There is nothing left to train: %d epochs are done, and --max-epochs is %d. To go on, give a larger "
            "--max-epochs.\n",
            done->epoch, settings->max_epochs);
        return;
    }
    (void)fprintf(
        stderr,
        "There is nothing left to train: the run stopped early after epoch %d, because the validation loss has not "
        "been better than that of epoch %d (--early-stop %d). To go on, give a larger --early-stop, or 0 to "
        "train all %d epochs.\n",
        done->epoch, done->best_epoch, settings->early_stop, settings->max_epochs);
}

// The best checkpoint, which is the result, may be an earlier session's and have been removed since.
static enum ql_status check_result(const struct ql_train_session *session, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];

    ql_training_run_path(&session->record.run, path, "checkpoint.%d.safetensors", session->record.done.best_epoch);
    return access(path, F_OK) == 0
               ? QL_OK
               : ql_error_write(error, QL_ERROR_INPUT, "%s: is missing: it was the model of the best epoch", path);
}

// Trains on this rank, together with the others. Returns the exit code.
static int train(struct ql_train_session *session, struct ql_option *options, struct ql_exchange *exchange)
{
    const struct ql_train_settings *settings = &session->settings;
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;
    bool has_begun = false;

    enum ql_status status = ql_train_session_init(session, options, exchange, &error);
    if (status == QL_OK) {
        // A second signal kills the process. The first one does not cut any write short.
        ql_cli_interrupt_catch((int)SA_RESETHAND | SA_RESTART);
        if (!settings->quiet && ql_cli_rank == 0) {
            print_start(session);
            if (ql_train_session_ended(session)) {
                print_nothing_left(session);
            }
        }
        status = run_epochs(session, &error);
        has_begun = true;
    }
    if (status == QL_OK) {
        bool early = session->record.done.epoch < settings->max_epochs;
        status = ql_train_session_save(session, early ? "stopped early" : "finished", &error);
        status = ql_exchange_agree(exchange, status, &error);
    }
    if (status != QL_OK) {
        exit_code = ql_cli_fail("train", &error);
        if (ql_cli_rank == 0 && has_begun && status != QL_ERROR_SYSTEM) {
            save_ended(session, status);
        }
    } else if (ql_cli_rank == 0 && check_result(session, &error) != QL_OK) {
        exit_code = ql_cli_fail("train", &error);
    } else if (ql_cli_rank == 0) {
        print_result(session);
        exit_code = ql_cli_finish("train", QL_EXIT_DONE);
    }
    return exit_code;
}

int ql_cli_train(int argc, char **argv)
{
    static struct ql_train_session session; // too large for some stacks
    struct ql_option options[QL_TRAIN_OPTION_COUNT];
    struct ql_exchange *exchange;
    struct ql_error error;
    int exit_code;

    if (ql_cli_ranks_init(&exchange, &error) != QL_OK) {
        return ql_cli_fail("train", &error);
    }
    ql_train_options_init(options, &session.settings);
    if (ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        exit_code = train(&session, options, exchange);
        ql_train_session_free(&session);
    }
    ql_cli_ranks_free();
    return exit_code;
}
