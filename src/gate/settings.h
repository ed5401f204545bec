/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as the gate uses it: the checked model, a TLS context a side, and the addresses
 * of the servers. One object a generation; a session keeps the one that it began with until it
 * ends, so a reload never pulls anything from under it.
 *
 * Read only but for the addresses (behind a lock) and the count of holders. Any thread.
 */
#ifndef PASU_GATE_SETTINGS_H
#define PASU_GATE_SETTINGS_H

#include "base/address.h"
#include "config/model.h"
#include "exposure/vocabulary.h"
#include "gate/known.h"
#include "ledger/message.h"
#include "policy/origins.h"
#include "policy/rule.h"
#include "postgres/scram.h"

#include <openssl/ssl.h>
#include <pthread.h>

enum { UPSTREAM_ADDRESSES_MAX = 16 };

struct keeper_link;
struct through;

struct gateway {
    const struct config_gateway *config;
    uint32_t index;
    SSL_CTX *client_tls;          /* NULL: tls off */
    SSL_CTX *server_tls;          /* NULL: upstream_tls disable */
    struct scram_binding binding; /* of our certificate; length 0: none */
    struct address addresses[UPSTREAM_ADDRESSES_MAX];
    size_t address_count;
};

struct settings {
    _Atomic uint32_t holders;
    uint64_t generation;
    struct config *config;
    struct through *through;    /* where the inspector's sessions are counted; NULL: nowhere */
    struct keeper_link *keeper; /* who is told of their processes; NULL: nobody */
    char application[APPLICATION_SIZE]; /* what it calls itself; "": pasu inspector */
    /* Of a command, which wants a catalog and no more: the inspector's connection was let in, with
     * that process of the server's, over that socket. NULL: no command's. */
    void (*let_in)(void *arg, uint32_t pid, int fd);
    void *let_in_arg;
    struct vocabulary vocabulary;
    struct roster *roster; /* as of when they were made; NULL: none configured */
    struct rules *rules;
    uint32_t sealed;    /* bits of kinds whose numbers do not stand for themselves */
    struct known known; /* kinds whose persons can be of another */
    uint8_t
        slots[EXPOSURE_KINDS_MAX]; /* of the vocabulary's kinds in the tallies (exposure/kinds.h) */
    pthread_mutex_t lock;          /* the gateways' addresses */
    size_t gateway_count;
    struct gateway gateways[];
};

/* Those in force, for who follows them beside a session's own, and the roster, which can change
 * without them: each pair in force has another turn, and nobody sees half of one. */
struct settings_current {
    pthread_mutex_t lock;
    struct settings *settings; /* held; NULL: none yet */
    struct roster *roster;     /* held; NULL: none */
    struct origins *origins;   /* held: where addresses are; NULL: nothing is known of that */
    _Atomic uint64_t turn;
};

/* Takes the model (frees it on failure too). One holder: the caller. PASU_E_NOMEM, PASU_E_CRYPTO
 * where a certificate, key or CA does not load. */
PASU_MUST_USE int settings_new(struct settings **settings, struct config *take_config,
                               uint64_t generation);
struct settings *settings_hold(struct settings *settings);
/* The last holder frees it, secrets wiped. NULL is allowed. */
void settings_release(struct settings *settings);
/* With the roster that they name, and where addresses are; NULL: none are in force any more. */
void settings_current_set(struct settings_current *current, struct settings *settings,
                          struct origins *origins);
/* Another roster beside the same settings. Takes it. */
void settings_current_set_roster(struct settings_current *current, struct roster *take_roster);
/* The same of where addresses are; held. */
void settings_current_set_origins(struct settings_current *current, struct origins *origins);
/* Puts those in force, held, in the place of *settings, *roster and *origins, which are released,
 * and says their turn. */
void settings_current_follow(struct settings_current *current, struct settings **settings,
                             struct roster **roster, struct origins **origins, uint64_t *turn);
/* The server's addresses, copied: their number. */
size_t settings_addresses(struct settings *settings, const struct gateway *gateway,
                          struct address addresses[UPSTREAM_ADDRESSES_MAX]);
/* Sets address `index` of `count`; out of range is ignored. */
void settings_set_address(struct settings *settings, uint32_t gateway, uint32_t index,
                          uint32_t count, const struct address *address);
/* Those of the same servers in `from`, until others come: no session finds a server without any. */
void settings_keep_addresses(struct settings *settings, struct settings *from);

#endif
