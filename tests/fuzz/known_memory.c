// For MemorySanitizer, which considers memory uninitialized that a library without its instrumentation has written. The
// functions here wrap those of the libraries, call them, and mark what they wrote as initialized. Linked to every fuzz
// target of the preset msan.
// Uses: jansson, utf8proc, protobuf-c, expat, bzip2, glibc, the linker's search for a function's next definition.
#include <bzlib.h>
#include <dlfcn.h>
#include <expat.h>
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <sanitizer/msan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <utf8proc.h>

// A function called by a library cannot tell which of its arguments are initialized.
#define CALLED_BY_LIBRARY __attribute__((no_sanitize("memory")))

// Sets `function`, which is static, to the definition of NAME in its library.
#define FIND(function, NAME) find((function) == NULL, &(function), sizeof(function), NAME)

static void find(int is_missing, void *function, size_t size_bytes, const char *name)
{
    if (is_missing) {
        void *found = dlsym(RTLD_NEXT, name);
        if (found == NULL) {
            abort();
        }
        memcpy(function, &found, size_bytes);
    }
}

CALLED_BY_LIBRARY static void *take(size_t size_bytes)
{
    void *block = malloc(size_bytes);

    if (block != NULL) {
        __msan_unpoison(block, size_bytes);
    }
    return block;
}

CALLED_BY_LIBRARY static void *take_again(void *former, size_t size_bytes)
{
    void *block = realloc(former, size_bytes);

    if (block != NULL) {
        __msan_unpoison(block, size_bytes);
    }
    return block;
}

// Our stack frames leave marks on the stack that a library's frames, in the same place, do not clear.
__attribute__((noinline, no_sanitize("memory"))) static void clean_stack(void)
{
    char area[32768];

    __msan_unpoison(area, sizeof area);
}

// jansson

__attribute__((constructor)) static void use_known_memory(void)
{
    json_set_alloc_funcs(take, free);
}

json_t *json_loadb(const char *text, size_t size, size_t flags, json_error_t *error)
{
    static json_t *(*load)(const char *, size_t, size_t, json_error_t *);

    FIND(load, "json_loadb");
    clean_stack();
    json_t *value = load(text, size, flags, error);
    if (error != NULL) {
        __msan_unpoison(error, sizeof *error);
    }
    return value;
}

json_t *json_loads(const char *text, size_t flags, json_error_t *error)
{
    static json_t *(*load)(const char *, size_t, json_error_t *);

    FIND(load, "json_loads");
    clean_stack();
    json_t *value = load(text, flags, error);
    if (error != NULL) {
        __msan_unpoison(error, sizeof *error);
    }
    return value;
}

char *json_dumps(const json_t *value, size_t flags)
{
    static char *(*dump)(const json_t *, size_t);

    FIND(dump, "json_dumps");
    clean_stack();
    return dump(value, flags);
}

int json_dumpf(const json_t *value, FILE *stream, size_t flags)
{
    static int (*dump)(const json_t *, FILE *, size_t);

    FIND(dump, "json_dumpf");
    clean_stack();
    return dump(value, stream, flags);
}

// utf8proc

utf8proc_ssize_t utf8proc_iterate(const utf8proc_uint8_t *text, utf8proc_ssize_t size, utf8proc_int32_t *symbol)
{
    static utf8proc_ssize_t (*iterate)(const utf8proc_uint8_t *, utf8proc_ssize_t, utf8proc_int32_t *);

    FIND(iterate, "utf8proc_iterate");
    const utf8proc_ssize_t used = iterate(text, size, symbol);
    __msan_unpoison(symbol, sizeof *symbol);
    return used;
}

utf8proc_ssize_t utf8proc_encode_char(utf8proc_int32_t symbol, utf8proc_uint8_t *bytes)
{
    static utf8proc_ssize_t (*encode)(utf8proc_int32_t, utf8proc_uint8_t *);

    FIND(encode, "utf8proc_encode_char");
    const utf8proc_ssize_t size = encode(symbol, bytes);
    __msan_unpoison(bytes, (size_t)size);
    return size;
}

utf8proc_ssize_t utf8proc_decompose_char(utf8proc_int32_t symbol, utf8proc_int32_t *parts, utf8proc_ssize_t limit,
                                         utf8proc_option_t options, int *last_boundary_class)
{
    static utf8proc_ssize_t (*decompose)(utf8proc_int32_t, utf8proc_int32_t *, utf8proc_ssize_t, utf8proc_option_t,
                                         int *);

    FIND(decompose, "utf8proc_decompose_char");
    const utf8proc_ssize_t count = decompose(symbol, parts, limit, options, last_boundary_class);
    if (count > 0) {
        __msan_unpoison(parts, (size_t)(count < limit ? count : limit) * sizeof *parts);
    }
    return count;
}

utf8proc_ssize_t utf8proc_map(const utf8proc_uint8_t *text, utf8proc_ssize_t size, utf8proc_uint8_t **result,
                              utf8proc_option_t options)
{
    static utf8proc_ssize_t (*map)(const utf8proc_uint8_t *, utf8proc_ssize_t, utf8proc_uint8_t **, utf8proc_option_t);

    FIND(map, "utf8proc_map");
    const utf8proc_ssize_t length = map(text, size, result, options);
    __msan_unpoison(result, sizeof *result);
    if (length >= 0) {
        __msan_unpoison(*result, (size_t)length + 1);
    }
    return length;
}

// protobuf-c, which takes the memory of a message from the caller

CALLED_BY_LIBRARY static void *take_for_message(void *data, size_t size_bytes)
{
    ProtobufCAllocator *allocator = data;
    void *block = allocator->alloc(allocator->allocator_data, size_bytes);

    if (block != NULL) {
        __msan_unpoison(block, size_bytes);
    }
    return block;
}

CALLED_BY_LIBRARY static void give_back(void *data, void *block)
{
    ProtobufCAllocator *allocator = data;

    allocator->free(allocator->allocator_data, block);
}

ProtobufCMessage *protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                                            size_t size, const uint8_t *bytes)
{
    static ProtobufCMessage *(*unpack)(const ProtobufCMessageDescriptor *, ProtobufCAllocator *, size_t,
                                       const uint8_t *);
    ProtobufCAllocator known = {.alloc = take_for_message, .free = give_back, .allocator_data = allocator};

    FIND(unpack, "protobuf_c_message_unpack");
    return unpack(descriptor, &known, size, bytes);
}

size_t protobuf_c_message_pack(const ProtobufCMessage *message, uint8_t *bytes)
{
    static size_t (*pack)(const ProtobufCMessage *, uint8_t *);

    FIND(pack, "protobuf_c_message_pack");
    const size_t size = pack(message, bytes);
    __msan_unpoison(bytes, size);
    return size;
}

// expat

XML_Parser XML_ParserCreate(const XML_Char *encoding)
{
    static const XML_Memory_Handling_Suite suite = {.malloc_fcn = take, .realloc_fcn = take_again, .free_fcn = free};

    return XML_ParserCreate_MM(encoding, &suite, NULL);
}

// bzip2

int BZ2_bzDecompress(bz_stream *stream)
{
    static int (*decompress)(bz_stream *);
    char *bytes = stream->next_out;

    FIND(decompress, "BZ2_bzDecompress");
    const int result = decompress(stream);
    __msan_unpoison(stream, sizeof *stream);
    __msan_unpoison(bytes, (size_t)(stream->next_out - bytes));
    return result;
}

// stdio, whose buffers go to our function

struct writer {
    cookie_write_function_t *write;
    void *cookie;
};

CALLED_BY_LIBRARY static ssize_t write_known(void *self, const char *bytes, size_t count)
{
    const struct writer *writer = self;

    __msan_unpoison(bytes, count);
    return writer->write(writer->cookie, bytes, count);
}

CALLED_BY_LIBRARY static int close_writer(void *self)
{
    free(self);
    return 0;
}

FILE *fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
    static FILE *(*open)(void *, const char *, cookie_io_functions_t);
    const cookie_io_functions_t known = {.write = write_known, .close = close_writer};
    struct writer *writer = malloc(sizeof *writer);

    FIND(open, "fopencookie");
    if (writer == NULL || functions.read != NULL || functions.seek != NULL || functions.close != NULL) {
        abort();
    }
    *writer = (struct writer){functions.write, cookie};
    return open(writer, mode, known);
}
