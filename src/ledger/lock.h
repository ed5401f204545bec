/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file `lock` of a ledger's folder, which whoever writes holds by flock. It also says which
 * folder a guard has served (device and inode, 8 bytes each): a copy has the same files, its key
 * that signs among them, and whoever went on with both would sign two histories.
 */
#ifndef PASU_LEDGER_LOCK_H
#define PASU_LEDGER_LOCK_H

#include "base/error.h"

/* A guard serves this folder: both are open, the lock is held. PASU_E_IO, PASU_E_DISKFULL. */
PASU_MUST_USE int lock_mark(int lock, int directory);
/* Whether it is the folder that a guard has served last. */
bool lock_is_of(int lock, int directory);

#endif
