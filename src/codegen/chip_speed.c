// The speed of a model on the chip: see chip_speed.h. All constants are measured; bench/results.md has the measurements.
// Uses: codegen/codegen_types, device/matrix_s8.h.
#include "codegen/chip_speed.h"

#include "device/matrix_s8.h"

// "Integer models on the RP2040", fitted to eleven recurrent models of all cells: cycles per product, per row of a
// matrix with the gate that it feeds, and per draw, fixed and for each symbol.
static const double cycles_per_product_s8 = 1.857, cycles_per_product_s4 = 2.028;
static const double cycles_per_row = 95.3;
// The part of a row's cycles on two processors, which share gates and cells, but each build their own tables of
// multipliers: "The firmware on the emulated board".
static const double cycles_per_shared_row = 60.0;
static const double cycles_per_draw = 7036.0, cycles_per_symbol = 131.0;
// "A decoder on the RP2040": cycles per product, with the work for its rows, and per number in each of the other parts.
static const double decoder_cycles_per_product = 2.09;
static const double cycles_per_attended = 10.3; // per number of a key or a value that a head reads
static const double cycles_per_gated = 130.0, cycles_per_normed = 42.0, cycles_per_added = 33.0;
static const double cycles_per_turned = 35.0, cycles_per_cached = 24.0, cycles_per_valued = 18.0;
// Cycles per word that DMA reads from the flash while the processor multiplies (docs/device.md).
static const double cycles_per_streamed_word = 16.0;
// "Speed on the device, in float": the names model, whose weights are read through the flash's cache.
static const double cycles_per_float_product = 209.0;
static const double cycles_per_second = 125e6;

// The RAM that the firmware leaves for a model's weights, rows, and state while it writes, and its stream buffers.
enum { RAM_BYTES = 221600, STREAM_BUFFERS = 2 };

// The products of a model, and the amount of data that they read.
struct products {
    double cycles, bytes;
    double block_bytes; // of the widest block of rows
    double rows;
    double input_rows; // of these, those whose values are the beginning of the first layer's sums, and feed no gate
};

static void add_matrix(struct products *products, const struct ql_integer_matrix *matrix, double cycles_s8)
{
    const double bytes = 4.0 * matrix->word_count;
    const int blocks = (matrix->rows + QL_MATRIX_BLOCK_ROWS - 1) / QL_MATRIX_BLOCK_ROWS;

    products->cycles += (double)matrix->rows * matrix->columns * (matrix->is_s4 ? cycles_per_product_s4 : cycles_s8);
    products->bytes += bytes;
    products->block_bytes = bytes / blocks > products->block_bytes ? bytes / blocks : products->block_bytes;
    products->rows += matrix->rows;
}

static struct products products_of(const struct ql_integer_model *model)
{
    struct products products = {0};

    if (model->kind == QL_LAYER_DECODER) {
        for (int l = 0; l < model->L; l++) {
            const struct ql_integer_decoder_layer *layer = &model->decoder.layers[l];
            add_matrix(&products, &layer->entry.matrix, decoder_cycles_per_product);
            add_matrix(&products, &layer->output.matrix, decoder_cycles_per_product);
            add_matrix(&products, &layer->feed.matrix, decoder_cycles_per_product);
            add_matrix(&products, &layer->down.matrix, decoder_cycles_per_product);
        }
        add_matrix(&products, &model->decoder.logits.matrix, decoder_cycles_per_product);
        return products;
    }
    if (model->table == NULL) {
        add_matrix(&products, &model->input.matrix, cycles_per_product_s8);
        products.input_rows = products.rows;
    }
    for (int l = 0; l < model->L; l++) {
        for (int k = 0; k < model->layers[l].matrix_count; k++) {
            add_matrix(&products, &model->layers[l].matrices[k], cycles_per_product_s8);
        }
    }
    add_matrix(&products, &model->output, cycles_per_product_s8);
    return products;
}

// All work of a decoder other than its products, with half of the context to attend to.
static double decoder_cycles(const struct ql_integer_model *model)
{
    const struct ql_integer_decoder *d = &model->decoder;
    const double E = d->E, A = d->heads * d->size, K = d->kv_heads * d->size, F = d->feed;
    const double attended = A * d->context; // half of the context, of keys and of values
    const double layer = 2.0 * E * (cycles_per_normed + cycles_per_added) + (A + 2.0 * K) * cycles_per_valued +
                         (A + K) * cycles_per_turned + 2.0 * K * cycles_per_cached + attended * cycles_per_attended +
                         F * cycles_per_gated;

    return model->L * layer + E * cycles_per_normed + model->V * cycles_per_valued;
}

static double other_cycles(const struct ql_integer_model *model, int processors)
{
    const double row = processors > 1 ? cycles_per_shared_row : cycles_per_row;
    const double draw = cycles_per_draw + cycles_per_symbol * model->V;
    const struct products products = products_of(model);

    return draw +
           (model->kind == QL_LAYER_DECODER ? decoder_cycles(model) : row * (products.rows - products.input_rows));
}

double ql_chip_speed_other_cycles(const struct ql_codegen *codegen)
{
    return other_cycles(codegen->integer, 1);
}

static double integer_cycles(const struct ql_codegen *codegen, int processors)
{
    const struct ql_integer_model *model = codegen->integer;
    const struct products products = products_of(model);
    const double room = RAM_BYTES - (double)model->layout.bytes - sizeof(struct ql_integer_row) * products.rows;
    double streamed = 0.0;

    if (products.bytes > room) {
        const double kept = room - STREAM_BUFFERS * products.block_bytes;
        streamed = products.bytes - (kept > 0.0 ? kept : 0.0);
    }
    const double stream = streamed / 4.0 * cycles_per_streamed_word, work = products.cycles / processors;
    return (work > stream ? work : stream) + other_cycles(model, processors);
}

static double float_cycles(const struct ql_program *program)
{
    double products = 0.0;

    for (int i = 0; i < program->call_count; i++) {
        products += (double)program->calls[i].macs;
    }
    return products * cycles_per_float_product;
}

double ql_chip_speed(const struct ql_codegen *codegen, int processors)
{
    const double cycles =
        codegen->integer != NULL ? integer_cycles(codegen, processors) : float_cycles(codegen->program);

    return cycles > 0.0 ? cycles_per_second / cycles : 0.0;
}
