// A line to the console of a board: see serial_link.h.
// Uses: libserialport to find the port by its USB identity, POSIX's terminals to read and write it (libserialport itself
// does not open pseudo-terminals, which emulators have).
#include "cli/serial_link.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { WRITE_TIMEOUT_MS = 1000 };

// The USB identities of the Pico SDK's console on the RP2040 and the RP2350.
enum { RASPBERRY_PI = 0x2e8a, SDK_CONSOLE_RP2040 = 0x000a, SDK_CONSOLE_RP2350 = 0x0009 };

void ql_serial_link_init(struct ql_serial_link *link, const char *wanted)
{
    *link = (struct ql_serial_link){.wanted = wanted, .fd = -1};
}

// Writes the name of the board's port. False if there is no board.
static bool find_board(char *name, size_t limit)
{
    struct sp_port **ports;
    bool found = false;

    if (sp_list_ports(&ports) != SP_OK) {
        return false;
    }
    for (int i = 0; ports[i] != NULL && !found; i++) {
        int vendor, product;
        found = sp_get_port_usb_vid_pid(ports[i], &vendor, &product) == SP_OK && vendor == RASPBERRY_PI &&
                (product == SDK_CONSOLE_RP2040 || product == SDK_CONSOLE_RP2350) &&
                snprintf(name, limit, "%s", sp_get_port_name(ports[i])) < (int)limit;
    }
    sp_free_port_list(ports);
    return found;
}

// Transfers every byte unchanged, in both directions; no flow control. The speed has no meaning on USB, except that a
// Pico takes 1200 baud as a request to start its boot loader.
static bool set_up(int fd)
{
    struct termios settings;

    if (tcgetattr(fd, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    settings.c_cflag &= ~(tcflag_t)(CRTSCTS | HUPCL);
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    (void)cfsetispeed(&settings, B115200);
    (void)cfsetospeed(&settings, B115200);
    return tcsetattr(fd, TCSANOW, &settings) == 0;
}

enum ql_status ql_serial_link_open(struct ql_serial_link *link, struct ql_error *error)
{
    if (link->wanted == NULL && !find_board(link->name, sizeof link->name)) {
        return QL_OK;
    }
    if (link->wanted != NULL && snprintf(link->name, sizeof link->name, "%s", link->wanted) >= (int)sizeof link->name) {
        return ql_error_write(error, QL_ERROR_USAGE, "--port: the name is too long");
    }
    const int fd = open(link->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        // A port that has just appeared may not be ready, and one that has disappeared may come back.
        if (errno == ENOENT && link->wanted != NULL && !link->was_open) {
            return ql_error_write(
                error, QL_ERROR_SYSTEM,
                "%s: there is no such port; is the board connected? Without --port, the tool looks for one",
                link->name);
        }
        if (errno == EACCES && !link->was_open) {
            return ql_error_write(
                error, QL_ERROR_SYSTEM,
                "%s: permission denied; serial ports belong to a group, often `dialout`: join it with "
                "`sudo usermod -a -G dialout $USER` and log in again",
                link->name);
        }
        if (errno == EISDIR || errno == ENXIO) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not a serial port", link->name);
        }
        return QL_OK;
    }
    if (isatty(fd) != 1) {
        (void)close(fd);
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not a serial port", link->name);
    }
    // Two programs on one port would each get only a part of the input.
    if (ioctl(fd, TIOCEXCL) != 0 || !set_up(fd)) {
        (void)close(fd);
        return QL_OK;
    }
    link->fd = fd;
    link->was_open = true;
    return QL_OK;
}

void ql_serial_link_close(struct ql_serial_link *link)
{
    if (link->fd >= 0) {
        (void)ioctl(link->fd, TIOCNXCL);
        (void)close(link->fd);
        link->fd = -1;
    }
}

int ql_serial_link_read(struct ql_serial_link *link, char *bytes, size_t limit)
{
    const ssize_t count = read(link->fd, bytes, limit);

    if (count > 0) {
        return (int)count;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    ql_serial_link_close(link);
    return -1;
}

bool ql_serial_link_write(struct ql_serial_link *link, const char *bytes, size_t count)
{
    while (count > 0) {
        struct pollfd ready = {.fd = link->fd, .events = POLLOUT};
        const ssize_t written = write(link->fd, bytes, count);
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (written < 0 && errno == EINTR) {
            continue;
        } else if (written == 0 || errno != EAGAIN || poll(&ready, 1, WRITE_TIMEOUT_MS) <= 0) {
            ql_serial_link_close(link);
            return false;
        }
    }
    return true;
}
