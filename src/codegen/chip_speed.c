// The speed of a model on the chip: see chip_speed.h. All constants are measured; bench/results.md has the measurements.
// Uses: codegen/codegen_types.
#include "codegen/chip_speed.h"

// "Integer models on the RP2040": cycles of a product, of each activation of a unit with what belongs to it, and of a
// draw, for the whole and for each symbol.
static const double cycles_per_product_s8 = 1.908, cycles_per_product_s4 = 2.09;
static const double cycles_per_activation = 66.0;
static const double cycles_per_draw = 7036.0, cycles_per_symbol = 131.0;
// A word that the flash streams while the processor multiplies.
static const double cycles_per_streamed_word = 40.0;
// "Speed on the device, in float": the names model, whose weights are read through the flash's cache.
static const double cycles_per_float_product = 209.0;
static const double cycles_per_second = 125e6;

// What the firmware leaves for weights, as docs/device.md prints it.
enum { RAM_FOR_WEIGHTS_BYTES = 208180 };

static int activations_per_unit(enum ql_cell cell)
{
    return cell == QL_CELL_LSTM ? 5 : cell == QL_CELL_GRU ? 3 : 1;
}

// Adds the products of a matrix to `cycles`, and its bytes to `bytes`.
static void add_matrix(double *cycles, double *bytes, const struct ql_integer_matrix *matrix)
{
    *cycles += (double)matrix->rows * matrix->columns * (matrix->is_s4 ? cycles_per_product_s4 : cycles_per_product_s8);
    *bytes += 4.0 * matrix->word_count;
}

static double integer_cycles(const struct ql_integer_model *model)
{
    double products = 0.0, bytes = 0.0, units = 0.0;

    for (int l = 0; l < model->L; l++) {
        const struct ql_integer_layer *layer = &model->layers[l];
        for (int k = 0; k < layer->matrix_count; k++) {
            add_matrix(&products, &bytes, &layer->matrices[k]);
        }
        units += layer->H;
    }
    add_matrix(&products, &bytes, &model->output);
    const double step = products + units * activations_per_unit(model->cell) * cycles_per_activation;
    const double stream = bytes > RAM_FOR_WEIGHTS_BYTES ? bytes / 4.0 * cycles_per_streamed_word : 0.0;
    return (step > stream ? step : stream) + cycles_per_draw + cycles_per_symbol * model->V;
}

static double float_cycles(const struct ql_program *program)
{
    double products = 0.0;

    for (int i = 0; i < program->call_count; i++) {
        products += (double)program->calls[i].macs;
    }
    return products * cycles_per_float_product;
}

double ql_chip_speed(const struct ql_codegen *codegen)
{
    const double cycles = codegen->integer != NULL ? integer_cycles(codegen->integer) : float_cycles(codegen->program);

    return cycles > 0.0 ? cycles_per_second / cycles : 0.0;
}
