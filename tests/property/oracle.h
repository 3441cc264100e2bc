/* SPDX-License-Identifier: Apache-2.0 */
/* What a client must get, told from everything that was ever said. */
#ifndef PROPERTY_ORACLE_H
#define PROPERTY_ORACLE_H

#include "client.h"

/* The names that a row of topics subscribes to. */
#define ORACLE_TOPICS 4
extern const char *const oracle_topics[ORACLE_TOPICS];

/*
 * oracle_connected is told where a client stands that has connected: at from,
 * where it resumes, or live at it if fresh.
 */
void oracle_connected(struct client *c, const struct sl_cursor *at, bool fresh);

/* oracle_changes is told that a live client gets another role behind these positions. */
void oracle_changes(struct client *c, const struct sl_cursor *at, unsigned role);

/* oracle_message judges one message, oracle_answer what a poll was answered. */
void oracle_message(struct client *c, const char *text, size_t len);
void oracle_answer(struct client *c, const char *text, size_t len);

/* oracle_final judges a client to which nothing is under way any more. */
void oracle_final(struct client *c);

#endif
