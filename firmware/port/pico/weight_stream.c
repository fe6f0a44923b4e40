// Weights from the flash while the processor multiplies: the flash's controller reads ahead (RP2040 datasheet, 2.6.3.3),
// and DMA takes the words from it into two buffers by turns. Reading stays out of the cache, so code stays in it.
// Uses: the Pico SDK, device/weight_stream.h.
#include "device/weight_stream.h"

#include "hardware/dma.h"
#include "hardware/structs/xip_ctrl.h"

// QUOTES_STREAM_WORDS is what a block of twelve rows of the widest matrix takes; the build finds it. link.sh makes place
// for the buffers, or none where all weights are in RAM.
extern uint32_t quotes_stream_buffers[2][QUOTES_STREAM_WORDS];
static int filling; // the buffer that DMA writes
static uint32_t waiting, piece;
static int channel = -1;

static void fill(void)
{
    const uint32_t count = waiting < piece ? waiting : piece;

    waiting -= count;
    if (count > 0) {
        dma_channel_transfer_to_buffer_now((uint)channel, quotes_stream_buffers[filling], count);
    }
}

// Stops what a former product did not finish: the stream first, then DMA, then what is left between the two.
static void stop(void)
{
    xip_ctrl_hw->stream_ctr = 0;
    dma_channel_abort((uint)channel);
    while (!(xip_ctrl_hw->stat & XIP_STAT_FIFO_EMPTY_BITS)) {
        (void)xip_ctrl_hw->stream_fifo;
    }
}

static void begin(const uint32_t *words, uint32_t count, uint32_t piece_words)
{
    if (channel < 0) {
        channel = dma_claim_unused_channel(true);
        dma_channel_config config = dma_channel_get_default_config((uint)channel);
        channel_config_set_read_increment(&config, false);
        channel_config_set_write_increment(&config, true);
        channel_config_set_dreq(&config, DREQ_XIP_STREAM);
        dma_channel_configure((uint)channel, &config, quotes_stream_buffers[0], (const void *)XIP_AUX_BASE, 0, false);
    }
    stop();
    waiting = count;
    piece = piece_words;
    xip_ctrl_hw->stream_addr = (uintptr_t)words;
    xip_ctrl_hw->stream_ctr = count;
    fill();
}

static const uint32_t *next(void)
{
    const uint32_t *filled = quotes_stream_buffers[filling];

    dma_channel_wait_for_finish_blocking((uint)channel);
    filling = 1 - filling;
    fill();
    return filled;
}

const struct ql_weight_stream quotes_weight_stream = {XIP_BASE, XIP_BASE + PICO_FLASH_SIZE_BYTES, QUOTES_STREAM_WORDS,
                                                      begin, next};
