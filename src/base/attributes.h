/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiler attributes, and the list of C library calls that do not compile here.
 *
 * The banned calls write without a bound (strcpy, sprintf), hide errors (atoi) or keep hidden state
 * (strtok). malloc and its family are banned too: memory.h counts and can fail every allocation.
 */
#ifndef PASU_BASE_ATTRIBUTES_H
#define PASU_BASE_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASU_MUST_USE            __attribute__((warn_unused_result))
#define PASU_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define PASU_NORETURN            __attribute__((noreturn))
#define PASU_UNUSED              __attribute__((unused))
/* Of a large array on a hot path: the compiler need not clear it first. */
#define PASU_UNINITIALIZED __attribute__((uninitialized))
#define PASU_ALWAYS_INLINE __attribute__((always_inline))
#define PASU_LIKELY(x)     __builtin_expect(!!(x), 1)
#define PASU_UNLIKELY(x)   __builtin_expect(!!(x), 0)
/* Before a loop. clang warns where it cannot, as without optimization or between sanitizers' calls:
 * there it is left to it. */
#if defined(__clang__)
#define PASU_UNROLL(times)
#else
#define PASU_PRAGMA(words) _Pragma(#words)
#define PASU_UNROLL(times) PASU_PRAGMA(GCC unroll times)
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#ifndef PASU_ALLOW_RAW_MEMORY
#undef strcpy /* glibc's fortified headers define some as macros */
#undef strcat
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf atoi atol atoll strtok gets
#pragma GCC poison malloc calloc realloc strdup strndup
#endif

#endif
