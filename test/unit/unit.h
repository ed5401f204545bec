/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test needs: cmocka with what it wants included before it. */
#ifndef PASU_TEST_UNIT_H
#define PASU_TEST_UNIT_H

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#endif
