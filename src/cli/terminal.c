/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* ECMA-48 / xterm: alternate screen and hidden cursor on and off; home; erase to the right; erase
 * below. Erasing after writing does not flicker. */
#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define CURSOR_HOME  "\033[H"
#define ERASE_RIGHT  "\033[K"
#define ERASE_BELOW  "\033[J"

enum { WIDTH_DEFAULT = 80, HEIGHT_DEFAULT = 24 };

bool
terminal_is(FILE *file)
{
    return isatty(fileno(file)) == 1;
}

static struct winsize
window(FILE *file)
{
    struct winsize size = {0};

    if (ioctl(fileno(file), TIOCGWINSZ, &size) != 0)
        size.ws_col = size.ws_row = 0;
    if (size.ws_col == 0)
        size.ws_col = WIDTH_DEFAULT;
    if (size.ws_row == 0)
        size.ws_row = HEIGHT_DEFAULT;
    return size;
}

size_t
terminal_width(FILE *file)
{
    return terminal_is(file) ? window(file).ws_col : 0;
}

/* Writes the picture's first lines, as many as the terminal has. */
static void
draw(const char *picture)
{
    unsigned rows = window(stdout).ws_row;

    fputs(CURSOR_HOME, stdout);
    for (unsigned row = 0; row < rows && *picture != '\0'; row++) {
        size_t length = strcspn(picture, "\n");

        if (row > 0)
            fputc('\n', stdout);
        fwrite(picture, 1, length, stdout);
        fputs(ERASE_RIGHT, stdout);
        picture += length + (picture[length] == '\n');
    }
    fputs(ERASE_BELOW, stdout);
    fflush(stdout);
}

/* One picture: what show wrote, on the C library's heap (open_memstream's); free it in any case. */
static int
take_picture(int (*show)(void *arg, FILE *out), void *arg, char **picture)
{
    size_t size = 0;
    FILE *out = open_memstream(picture, &size);
    int r;

    if (out == NULL)
        return PASU_E_NOMEM;
    r = show(arg, out);
    if (fclose(out) != 0 && r == 0)
        r = PASU_E_NOMEM;
    return r;
}

int
terminal_watch(int (*show)(void *arg, FILE *out), void *arg)
{
    const struct timespec second = {1, 0};
    char *picture = NULL;
    sigset_t waited, before;
    int r;

    sigemptyset(&waited);
    sigaddset(&waited, SIGINT);
    sigaddset(&waited, SIGTERM);
    sigaddset(&waited, SIGHUP);
    sigaddset(&waited, SIGWINCH);
    sigprocmask(SIG_BLOCK, &waited, &before);
    r = take_picture(show, arg, &picture);
    if (r == 0)
        fputs(SCREEN_ENTER, stdout);
    while (r == 0) {
        char *next = NULL;
        int number;

        draw(picture);
        number = sigtimedwait(&waited, NULL, &second);
        if (number > 0 && number != SIGWINCH)
            break;
        r = take_picture(show, arg, &next);
        if (r == 0) {
            char *old = picture;

            picture = next;
            next = old;
        } else {
            fputs(SCREEN_LEAVE, stdout);
        }
        free(next);
    }
    if (r == 0)
        fprintf(stdout, SCREEN_LEAVE "%s", picture);
    fflush(stdout);
    free(picture);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}
