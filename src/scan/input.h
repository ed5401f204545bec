/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of one log, whatever they are compressed with (scan/codec.h), in order; and which files
 * the operands of the command line mean. One thread at a time.
 */
#ifndef PASU_SCAN_INPUT_H
#define PASU_SCAN_INPUT_H

#include "scan/codec.h"

struct input;

/* "-": standard input. The errors of the file; PASU_E_NOMEM. */
PASU_MUST_USE int input_open(struct input **slot, const char *path);
/* The same of a log that goes on: 0 is what is there now, and input_more asks again. A pipe is not
 * waited for. */
PASU_MUST_USE int input_open_live(struct input **slot, const char *path);
void input_more(struct input *input);
/* Nothing more comes: a pipe's writers are gone. Of a file whoever knows says so. */
bool input_has_ended(const struct input *input);
void input_finish(struct input *input);
void input_stop(struct input *input);            /* and what is there is not to be read */
int input_descriptor(const struct input *input); /* the input's */
void input_close(struct input *input);           /* NULL is allowed */
/* The next bytes, at most `room`; 0 at the end. PASU_E_IO; PASU_E_CORRUPT where what it is
 * compressed with is damaged or ends too early: what came before holds. */
PASU_MUST_USE ssize_t input_read(struct input *input, uint8_t *to, size_t room);
/* Hears from now on of all bytes as they lie in the file. */
typedef void input_tap_fn(void *arg, struct view bytes);
void input_tap(struct input *input, input_tap_fn *tap, void *arg);
/* CODEC_PLAIN before the first read. */
enum codec_kind input_codec(const struct input *input);
/* Bytes of the file that were read, as they lie there; and all that it has (0: nobody knows). */
uint64_t input_taken(const struct input *input);
uint64_t input_size(const struct input *input);

/* ---- the command line ---- */

/* A folder, or a pattern: more names can come. */
struct input_open {
    char *operand;
    char *folder; /* in which, or below which, they are */
};

struct input_list {
    char **paths; /* each once, in the order of the operands; of a folder and a pattern, sorted */
    size_t count, space;
    struct input_open *open; /* operands of which more can come */
    size_t open_count;
    bool is_following; /* it is no error that there is no name of a pattern yet */
    char failed[256];  /* the operand that names nothing */
};

/* Adds what an operand means: a file, "-", all files of a folder (not of those in it; none whose
 * name begins with a dot), or a pattern as shells know it. PASU_E_NOTFOUND, or the errors of the
 * folder (see `failed`); PASU_E_NOMEM. */
PASU_MUST_USE int input_list_add(struct input_list *list, const char *operand);
/* Adds what has come since to the folders and patterns among the operands, behind what is there.
 * One that cannot be looked into now has nothing new. PASU_E_NOMEM. */
PASU_MUST_USE int input_list_again(struct input_list *list);
void input_list_release(struct input_list *list);

#endif
