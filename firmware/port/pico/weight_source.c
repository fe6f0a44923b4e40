// The weights of the model whose turn it is: the data of its rows, and as many blocks of each matrix as fit, stay in
// RAM, and the other blocks are read from the flash while the processors multiply. See device/weight_source.h for the
// contract.
// Uses: app/frame.h, weight_models.h of the build; the Pico SDK's registers and inline functions. Functions marked
// RAM_CODE must run while the flash cannot be read.
#include "device/weight_source.h"

#include <string.h>

#include "app/frame.h"
#include "hardware/structs/scb.h"
#include "hardware/structs/sio.h"
#include "hardware/sync.h"
#include "port/pico/weight_source.h"
#include "weight_models.h" // from the build: QUOTES_WEIGHT_MODELS(X) is X(NAME) for each model with weights to place
#if QUOTES_STREAM
#include "hardware/dma.h"
#include "hardware/structs/ssi.h"
#include "hardware/structs/xip_ctrl.h"
#endif

// The two ways to read ahead. XIP: the flash's controller reads ahead, and code can run from the flash meanwhile (RP2040
// datasheet, 2.6.3.3). SSI: DMA takes whole blocks from the serial interface below it, 2.5 times as fast, but nothing
// else reaches the flash (4.10; the interface keeps the settings of the second stage, in which the flash expects an
// address and the bits 0xa0 of its mode, and bytes arrive with the first one on top).
#define STREAM_OFF 0
#define STREAM_XIP 1
#define STREAM_SSI 2

#define RAM_CODE __attribute__((noinline, section(".time_critical.weight_source")))

enum {
    MATRIX_LIMIT = 64, // of a model; a matrix beyond it has no block in RAM
    BUFFERS = 2, // of QUOTES_STREAM_WORDS each, for blocks that stay in the flash: one is in use, one is being filled
    STACK_PAINT = 0x5aa55aa5,
    FRAME_WORDS = (QL_FRAME_BYTES + 7) / 8 * 2,
    FLASH_MODE = 0xa0, // "continuous read": the next read needs no command
};

// From the linker. The rows of all models begin at the same address, in RAM that nothing else uses, up to the limit;
// each model's rows are loaded when its turn begins, and its room for blocks follows them.
extern uint32_t __StackLimit[], __scratch_x_end__[];
#define DECLARE_MODEL(name)                                                                 \
    extern const uint32_t weights_begin_##name[], weights_end_##name[], rows_load_##name[]; \
    extern uint32_t rows_begin_##name[], rows_end_##name[];
QUOTES_WEIGHT_MODELS(DECLARE_MODEL)

static const struct model {
    const uint32_t *begin, *end; // of the weights in the flash
    const uint32_t *rows_load;   // in the flash
    uint32_t *rows_begin, *rows_end;
} models[] = {
#define LIST_MODEL(name) \
    {weights_begin_##name, weights_end_##name, rows_load_##name, rows_begin_##name, rows_end_##name},
    QUOTES_WEIGHT_MODELS(LIST_MODEL)};

// The model whose turn it is. Its matrices are placed when their first product needs them.
static struct {
    const struct model *model;
    uint32_t room_words, all_words; // for blocks in RAM, and for all matrices of the model
    uint32_t seen_words;            // of the matrices below
    uint32_t *first, *free;         // where blocks are, and where the next matrix goes
    int count;
    struct placed {
        const uint32_t *words;
        uint32_t *ram;       // the first blocks of the matrix
        uint16_t blocks;     // how many there are
        uint16_t all_blocks; // of the matrix
        uint32_t block_words;
    } matrices[MATRIX_LIMIT];
} turn;

static bool is_frame_taken; // the picture is at the end of the room

// The current product. Blocks from `begun` on are still in the flash, those before `arrived` have arrived. With two
// processors, everything here is guarded by the lock.
static struct {
    const uint32_t *words;
    uint32_t blocks, block_words;
    uint32_t *ram;
    uint32_t ram_blocks;         // at the beginning of the matrix
    uint32_t ready, ready_taken; // blocks that were available at the beginning of the product, and how many are taken
    uint32_t streamed, quota;    // blocks that stream; how many of `ready` may be taken now, in units of 1 / streamed
    uint32_t begun, moving, arrived, given;
    int place;      // index of the matrix in the turn's list; -1 for none
    uint32_t piece; // blocks at a time
    uint32_t *buffers;
    uint32_t fill, give;     // buffers, in turn
    bool held[BUFFERS];      // is being filled, or in use
    int taken[QUOTES_CORES]; // the buffer that a processor multiplies by, or -1
} product;

// The first streamed blocks of the next product. They are read into the first buffer while units are computed, which
// needs only RAM.
static struct {
    const uint32_t *words; // of the matrix
    uint32_t blocks;
} ahead;

static inline uint32_t blocks_at_a_time(uint32_t block_words)
{
    uint32_t count = 1;

    while ((count + 1) * block_words <= QUOTES_STREAM_WORDS) {
        count++;
    }
    return count;
}

// The second processor: it sleeps in RAM until it is given work. The first one waits for it at the end of each piece of
// work, so it sleeps again whenever the firmware's other code runs: while the board sleeps, when the boot loader is
// called, in a panic.
#if QUOTES_CORES > 1
static struct {
    void (*volatile work)(const void *job);
    const void *volatile job;
} second;

static spin_lock_t *lock;
static uint32_t second_stack[704] __attribute__((section(".stack1"))); // at the beginning of the scratch memories

static _Noreturn RAM_CODE void run_second(void)
{
    for (;;) {
        while (second.work == NULL) {
            __wfe();
        }
        second.work(second.job);
        __dmb();
        second.work = NULL;
    }
}

// By the protocol of the boot ROM (RP2040 datasheet, 2.8.2): it echoes each word, and starts over after an unexpected
// one.
static void launch_second(void)
{
    const uint32_t words[] = {
        0, 0, 1, scb_hw->vtor, (uintptr_t)(second_stack + count_of(second_stack)), (uintptr_t)run_second};

    for (size_t i = 0; i < count_of(words);) {
        if (words[i] == 0) {
            while (sio_hw->fifo_st & SIO_FIFO_ST_VLD_BITS) {
                (void)sio_hw->fifo_rd;
            }
            __sev();
        }
        while (!(sio_hw->fifo_st & SIO_FIFO_ST_RDY_BITS)) {
            tight_loop_contents();
        }
        sio_hw->fifo_wr = words[i];
        __sev();
        while (!(sio_hw->fifo_st & SIO_FIFO_ST_VLD_BITS)) {
            __wfe();
        }
        i = sio_hw->fifo_rd == words[i] ? i + 1 : 0;
    }
}

static inline void take_lock(void)
{
    spin_lock_unsafe_blocking(lock);
}

static inline void give_lock(void)
{
    spin_unlock_unsafe(lock);
}

static inline void call_both(void (*work)(const void *job), const void *job)
{
    second.job = job;
    __dmb();
    second.work = work;
    __sev();
    work(job);
    while (second.work != NULL) {
        tight_loop_contents();
    }
    __dmb();
}

static void init_second(void)
{
    for (size_t i = 0; i < count_of(second_stack); i++) {
        second_stack[i] = STACK_PAINT;
    }
    lock = spin_lock_instance((uint)spin_lock_claim_unused(true));
    launch_second();
}

uint32_t *ql_weight_source_stack_end(void)
{
    return second_stack + count_of(second_stack);
}

int ql_weight_source_stack_used_bytes(void)
{
    size_t unused = 0;

    while (unused < count_of(second_stack) && second_stack[unused] == STACK_PAINT) {
        unused++;
    }
    return (int)((count_of(second_stack) - unused) * sizeof second_stack[0]);
}
#else
static inline void take_lock(void)
{
}

static inline void give_lock(void)
{
}

static inline void call_both(void (*work)(const void *job), const void *job)
{
    work(job);
}

static void init_second(void)
{
}

uint32_t *ql_weight_source_stack_end(void)
{
    return __scratch_x_end__;
}

int ql_weight_source_stack_used_bytes(void)
{
    return -1;
}
#endif

#if QUOTES_STREAM
static uint channel;

static void init_stream(void)
{
    channel = (uint)dma_claim_unused_channel(true);
    dma_channel_config config = dma_channel_get_default_config(channel);
    channel_config_set_read_increment(&config, false);
    channel_config_set_write_increment(&config, true);
    channel_config_set_dreq(&config, QUOTES_STREAM == STREAM_SSI ? DREQ_XIP_SSIRX : DREQ_XIP_STREAM);
    channel_config_set_bswap(&config, QUOTES_STREAM == STREAM_SSI);
    const void *from = QUOTES_STREAM == STREAM_SSI ? (const void *)&ssi_hw->dr0 : (const void *)XIP_AUX_BASE;
    dma_channel_configure(channel, &config, NULL, from, 0, false);
}

static RAM_CODE void start_transfer(uint32_t *to, const uint32_t *from, uint32_t count)
{
#if QUOTES_STREAM == STREAM_SSI
    ssi_hw->ssienr = 0;
    ssi_hw->ctrlr1 = count - 1;
    ssi_hw->dmacr = SSI_DMACR_TDMAE_BITS | SSI_DMACR_RDMAE_BITS;
    ssi_hw->ssienr = 1;
#else
    xip_ctrl_hw->stream_addr = (uintptr_t)from;
    xip_ctrl_hw->stream_ctr = count;
#endif
    dma_hw->ch[channel].write_addr = (uintptr_t)to;
    dma_hw->ch[channel].al1_transfer_count_trig = count;
#if QUOTES_STREAM == STREAM_SSI
    ssi_hw->dr0 = (uintptr_t)from << 8 | FLASH_MODE; // the top bits of the address only mean that it is flash
#endif
}

static inline bool is_transferring(void)
{
    return dma_hw->ch[channel].ctrl_trig & DMA_CH0_CTRL_TRIG_BUSY_BITS;
}

// The flash as the second stage left it.
static inline void end_transfers(void)
{
#if QUOTES_STREAM == STREAM_SSI
    ssi_hw->ssienr = 0;
    ssi_hw->ctrlr1 = 0;
    ssi_hw->dmacr = 0;
    ssi_hw->ssienr = 1;
#endif
}

// Starts reading for the next product of the turn. Returns whether there is anything to read.
static inline bool begin_ahead(void)
{
    const int place = product.place + 1;

    if (product.place < 0 || place >= turn.count) {
        return false;
    }
    const struct placed *next = &turn.matrices[place];
    const uint32_t left = next->all_blocks - next->blocks, piece = blocks_at_a_time(next->block_words);
    if (left == 0) {
        return false;
    }
    ahead.words = next->words;
    ahead.blocks = left < piece ? left : piece;
    start_transfer(product.buffers, next->words + next->blocks * next->block_words, ahead.blocks * next->block_words);
    return true;
}

// Records what has arrived, and starts reading the next piece if there is room for it.
static inline void move_on(void)
{
    if (product.moving > 0 && !is_transferring()) {
        product.arrived += product.moving;
        product.moving = 0;
    }
    if (product.moving > 0 || product.begun == product.blocks) {
        return;
    }
    const bool stays = product.begun < product.ram_blocks; // the first time in this turn
    const uint32_t end = stays ? product.ram_blocks : product.blocks;
    const uint32_t count = end - product.begun < product.piece ? end - product.begun : product.piece;
    uint32_t *to = product.ram + product.begun * product.block_words;
    if (!stays) {
        if (product.held[product.fill]) {
            return;
        }
        product.held[product.fill] = true;
        to = product.buffers + product.fill * QUOTES_STREAM_WORDS;
        product.fill = product.fill + 1 == BUFFERS ? 0 : product.fill + 1;
    }
    start_transfer(to, product.words + product.begun * product.block_words, count * product.block_words);
    product.begun += count;
    product.moving = count;
}

static inline void wait_for_transfer(void)
{
    while (is_transferring()) {
        tight_loop_contents();
    }
}

static inline void end_ahead(void)
{
    wait_for_transfer();
    end_transfers();
}

static inline void give_arrived(struct ql_weight_part *part, uint core)
{
    const bool stays = product.given < product.ram_blocks;
    const uint32_t end = stays ? product.ram_blocks : product.blocks;
    const uint32_t arrived = product.arrived < end ? product.arrived : end;

    part->first = product.given;
    part->count = arrived - product.given < product.piece ? arrived - product.given : product.piece;
    if (stays) {
        part->words = product.ram + product.given * product.block_words;
    } else {
        part->words = product.buffers + product.give * QUOTES_STREAM_WORDS;
        product.taken[core] = (int)product.give;
        product.give = product.give + 1 == BUFFERS ? 0 : product.give + 1;
    }
    product.given += part->count;
    product.quota += part->count * product.ready;
}
#else
static void init_stream(void)
{
}

static inline void end_transfers(void)
{
}

static inline bool begin_ahead(void)
{
    return false;
}

static inline void wait_for_transfer(void)
{
}

static inline void end_ahead(void)
{
}

static inline void move_on(void)
{
    product.begun = product.arrived = product.blocks;
}

static inline void give_arrived(struct ql_weight_part *part, uint core)
{
    (void)core;
    part->first = product.given;
    part->count = QUOTES_CORES > 1 ? (product.blocks - product.given + 3) / 4 : product.blocks - product.given;
    part->words = product.words + product.given * product.block_words;
    product.given += part->count;
}
#endif

// Takes blocks from RAM, in step with those that stream, so that both end together; if none stream, some of the
// remaining ones.
static inline bool give_placed(struct ql_weight_part *part)
{
    const uint32_t left = product.ready - product.ready_taken;
    uint32_t count = 0;

    if (product.given == product.blocks) {
        count = QUOTES_CORES > 1 ? (left + 3) / 4 : left;
    } else {
        while (count < left && count < product.piece && product.quota >= product.streamed) {
            product.quota -= product.streamed;
            count++;
        }
    }
    part->first = product.ready_taken;
    part->count = count;
    part->words = product.ram + product.ready_taken * product.block_words;
    product.ready_taken += count;
    return count > 0;
}

RAM_CODE bool ql_weight_source_take(struct ql_weight_part *part)
{
    const uint core = QUOTES_CORES > 1 ? get_core_num() : 0;
    bool given = true;

    take_lock();
    if (product.taken[core] >= 0) {
        product.held[product.taken[core]] = false;
        product.taken[core] = -1;
    }
    for (;;) {
        move_on();
        if (product.given < product.arrived) {
            give_arrived(part, core);
            break;
        }
        if (give_placed(part)) {
            break;
        }
        if (product.given == product.blocks) {
            given = false;
            break;
        }
        give_lock();
        wait_for_transfer(); // without the lock, so that whichever processor sees its end first can continue
        take_lock();
    }
    give_lock();
    return given;
}

#if QL_M0_PANELS > 1
// Not initialized: a product writes them before it reads them.
RAM_CODE uint32_t *ql_weight_source_tables(void)
{
    static uint32_t tables[QUOTES_CORES][(QL_M0_PANELS - 1) * (QL_M0_TABLE_WORDS + 4)];

    return tables[QUOTES_CORES > 1 ? get_core_num() : 0];
}
#endif

struct split {
    void (*work)(const void *job, int first, int end);
    const void *job;
    int count;
};

static RAM_CODE void work_on_half(const void *job)
{
    const struct split *split = job;
    const int middle = QUOTES_CORES > 1 ? split->count / 2 : split->count;

    if (QUOTES_CORES > 1 && get_core_num() > 0) {
        split->work(split->job, middle, split->count);
    } else {
        split->work(split->job, 0, middle);
    }
}

RAM_CODE void ql_weight_source_split(void (*work)(const void *job, int first, int end), const void *job, int count)
{
    const struct split split = {work, job, count};

    const uint32_t interrupts = save_and_disable_interrupts(); // their code may be in the flash
    const bool is_ahead = begin_ahead();

    if (!is_ahead) {
        restore_interrupts(interrupts);
    }
    call_both(work_on_half, &split);
    if (is_ahead) {
        end_ahead();
        restore_interrupts(interrupts);
    }
    product.place = -1; // once
}

// Uses DMA, if available, for constants in the flash that are aligned to words. The remainder is less than a word.
RAM_CODE void ql_weight_source_copy(uint32_t *to, const void *from, uint32_t bytes)
{
#if QUOTES_STREAM
    const uint32_t words = bytes / sizeof *to; // at most 65536

    if (words > 0 && (uintptr_t)from % sizeof *to == 0 && (uintptr_t)from >> 24 == XIP_BASE >> 24) {
        const uint32_t interrupts = save_and_disable_interrupts(); // their code may be in the flash
        start_transfer(to, from, words);
        wait_for_transfer();
        end_transfers();
        restore_interrupts(interrupts);
        memcpy(to + words, (const uint32_t *)from + words, bytes % sizeof *to);
        return;
    }
#endif
    memcpy(to, from, bytes);
}

// Begins the turn of a model: loads its rows.
static void begin_turn(const struct model *model)
{
    turn.model = model;
    turn.count = 0;
    turn.seen_words = 0;
    ql_weight_source_copy(model->rows_begin, model->rows_load,
                          (uint32_t)(model->rows_end - model->rows_begin) * sizeof(uint32_t));
    turn.free = model->rows_end;
    turn.room_words = (uint32_t)(__StackLimit - turn.free) - (is_frame_taken ? FRAME_WORDS : 0);
#ifdef QUOTES_WEIGHT_ROOM
    turn.room_words = QUOTES_WEIGHT_ROOM / sizeof turn.free[0];
#endif
    ahead.words = NULL;
    turn.all_words = (uint32_t)(model->end - model->begin);
    if (QUOTES_STREAM && turn.all_words > turn.room_words) {
        const uint32_t buffers = BUFFERS * QUOTES_STREAM_WORDS;
        product.buffers = turn.free;
        turn.free += buffers; // link.sh has made sure that they have room, beside the frame, too
        turn.room_words -= buffers < turn.room_words ? buffers : turn.room_words; // a test may leave less
    }
    turn.first = turn.free;
}

static inline bool has_weights(const struct model *model, const uint32_t *words)
{
    return words >= model->begin && words < model->end;
}

void ql_weight_source_begin(const uint32_t *words)
{
    if (turn.model != NULL && has_weights(turn.model, words)) {
        return;
    }
    for (size_t i = 0; i < count_of(models); i++) {
        if (has_weights(&models[i], words)) {
            begin_turn(&models[i]);
        }
    }
}

// Finds the place of a matrix, or assigns one: as many whole blocks as give the matrices so far their share of the
// room, in proportion to their words. Returns true for a new place, into which its blocks must be read. Sets
// product.place.
static bool find_place(struct placed *place, const uint32_t *words, uint32_t blocks, uint32_t block_words)
{
    product.place = -1;
    for (int i = 0; i < turn.count; i++) {
        if (turn.matrices[i].words == words) {
            *place = turn.matrices[i];
            product.place = i;
            return false;
        }
    }
    *place = (struct placed){words, turn.free, 0, (uint16_t)blocks, block_words};
    if (turn.count == MATRIX_LIMIT) {
        return false;
    }
    turn.seen_words += blocks * block_words;
    place->blocks = (uint16_t)blocks;
    if (turn.room_words < turn.all_words) {
        const uint64_t share = (uint64_t)turn.seen_words * turn.room_words / turn.all_words;
        const uint32_t fit = ((uint32_t)share - (uint32_t)(turn.free - turn.first)) / block_words;
        place->blocks = (uint16_t)(fit < blocks ? fit : blocks);
    }
    turn.free += place->blocks * block_words;
    product.place = turn.count;
    turn.matrices[turn.count++] = *place;
    return true;
}

static void begin_product(const uint32_t *words, uint32_t blocks, uint32_t block_words)
{
    struct placed place;
    const bool is_new = find_place(&place, words, blocks, block_words);

    product.words = words;
    product.blocks = blocks;
    product.block_words = block_words;
    product.ram = place.ram;
    product.ram_blocks = place.blocks;
    if (is_new && !QUOTES_STREAM) {
        memcpy(place.ram, words, place.blocks * block_words * sizeof words[0]);
    }
    product.ready = is_new && QUOTES_STREAM ? 0 : place.blocks;
    product.ready_taken = 0;
    product.streamed = blocks - product.ready;
    product.quota = product.ready;
    product.moving = 0;
    product.begun = product.arrived = product.given = product.ready;
    product.piece = blocks_at_a_time(block_words);
    memset(product.held, 0, sizeof product.held);
    product.fill = product.give = 0;
    if (ahead.words == words) {
        product.begun += ahead.blocks;
        product.arrived = product.begun;
        product.held[0] = true;
        product.fill = 1 % BUFFERS;
    }
    ahead.words = NULL;
    for (int core = 0; core < QUOTES_CORES; core++) {
        product.taken[core] = -1;
    }
}

RAM_CODE void ql_weight_source_share(const uint32_t *words, uint32_t blocks, uint32_t block_words,
                                     void (*work)(const void *job), const void *job)
{
    begin_product(words, blocks, block_words);
    const bool is_flash_taken = QUOTES_STREAM == STREAM_SSI && product.streamed > 0;
    const uint32_t interrupts = is_flash_taken ? save_and_disable_interrupts() : 0;
    call_both(work, job);
    if (is_flash_taken) {
        end_transfers();
        restore_interrupts(interrupts);
    }
}

uint8_t *ql_weight_source_frame_take(void)
{
    turn.model = NULL;
    is_frame_taken = true;
    // As a number, because the linker's symbol is not an array.
    return (uint8_t *)((uintptr_t)__StackLimit - FRAME_WORDS * sizeof(uint32_t));
}

void ql_weight_source_frame_give(void)
{
    turn.model = NULL;
    is_frame_taken = false;
}

void ql_weight_source_init(void)
{
    init_second();
    init_stream();
}
