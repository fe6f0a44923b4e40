// The folder of an Arduino library: see arduino.h. The layout follows the Arduino library specification, revision 2.2:
// library.properties, src/, examples/NAME/NAME.ino.
// Uses: base, codegen.
#include "cli/arduino.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/version.h"
#include "codegen/codegen_size.h"

static enum ql_status read_name(char name[QL_CODEGEN_NAME_BYTES], const char *folder, struct ql_error *error)
{
    size_t length = strlen(folder);

    while (length > 1 && folder[length - 1] == '/') {
        length--;
    }
    char *path = strndup(folder, length);
    enum ql_status status = path == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory")
                                         : ql_codegen_name_read(name, path, error);
    free(path);
    return status == QL_OK ? QL_OK : ql_error_prefix(error, "--arduino %s: ", folder);
}

// Saves what printf would print, and frees it.
static enum ql_status save_text(char *path, char *text, struct ql_error *error)
{
    enum ql_status status = path == NULL || text == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory")
                                                         : ql_file_save(path, text, strlen(text), error);
    free(path);
    free(text);
    return status;
}

enum ql_status ql_cli_arduino_begin(char *output, size_t output_bytes, const char *folder, struct ql_error *error)
{
    char name[QL_CODEGEN_NAME_BYTES];
    enum ql_status status = read_name(name, folder, error);

    if (status != QL_OK) {
        return status;
    }
    char *source = ql_bytes_format("%s/src", folder), *example = ql_bytes_format("%s/examples/%s", folder, name);
    if (source == NULL || example == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    } else if (snprintf(output, output_bytes, "%s/%s.c", source, name) >= (int)output_bytes) {
        status = ql_error_write(error, QL_ERROR_USAGE, "--arduino: the path is too long: %s", folder);
    } else if ((status = ql_folder_init(source, error)) == QL_OK) {
        status = ql_folder_init(example, error);
    }
    free(source);
    free(example);
    return status;
}

// Arduino's names of processors with an int of 32 bits: Cortex-M, which the tests run, and ESP32. Not avr.
static const char architectures[] =
    "sam,samd,rp2040,mbed_rp2040,mbed_nano,mbed_nicla,mbed_portenta,mbed_giga,mbed_opta,"
    "renesas_uno,renesas_portenta,stm32,nrf52,esp32";

static char *write_sketch(const char *name, const char *prefix)
{
    char macro[QL_CODEGEN_NAME_BYTES];
    size_t length = strlen(prefix);

    for (size_t i = 0; i <= length; i++) {
        macro[i] = (char)toupper((unsigned char)prefix[i]);
    }
    return ql_bytes_format(
        "// Prints texts of the model on the serial console. Written by quillet compile --arduino, which replaces it:\n"
        "// copy it before you change it.\n"
        "#include <%s.h>\n\n"
        "static struct %s_state state;\n"
        "static int token = %s_BEGIN;\n\n"
        "void setup()\n"
        "{\n"
        "    Serial.begin(115200);\n"
        "    for (int i = 0; i < 300 && !Serial; i++) { // on a battery, nobody connects\n"
        "        delay(10);\n"
        "    }\n"
        "    while (%s_check(&state) != 0) {\n"
        "        Serial.println(\"This board does not compute what the model computes.\");\n"
        "        delay(1000);\n"
        "    }\n"
        "    %s_init(&state, 1); // the seed; analogRead or a clock gives another one each time\n"
        "}\n\n"
        "void loop()\n"
        "{\n"
        "    token = %s_next(&state, token);\n"
        "    Serial.print(%s_symbol(token));\n"
        "    if (token == %s_BEGIN) {\n"
        "        delay(1000);\n"
        "    }\n"
        "}\n",
        name, prefix, macro, prefix, prefix, prefix, prefix, macro);
}

enum ql_status ql_cli_arduino_end(const char *output, const char *folder, const char *prefix, struct ql_error *error)
{
    char name[QL_CODEGEN_NAME_BYTES];
    enum ql_status status = ql_codegen_name_read(name, output, error);

    if (status == QL_OK) {
        status =
            save_text(ql_bytes_format("%s/examples/%s/%s.ino", folder, name, name), write_sketch(name, prefix), error);
    }
    if (status == QL_OK) {
        status = save_text(ql_bytes_format("%s/library.properties", folder),
                           ql_bytes_format("name=%s\n"
                                           "version=%s\n"
                                           "author=quillet compile\n"
                                           "maintainer=quillet compile\n"
                                           "sentence=A language model that writes: %s.\n"
                                           "paragraph=C that Quillet made from a model. It needs no other library.\n"
                                           "category=Data Processing\n"
                                           "url=\n"
                                           "architectures=%s\n"
                                           "includes=%s.h\n",
                                           name, QL_RELEASE, name, architectures, name),
                           error);
    }
    return status;
}
