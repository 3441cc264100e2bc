/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of our files, read into a tree of texts.  The home of libconfuse. */
#ifndef SL_CONF_H
#define SL_CONF_H

#include <stddef.h>

struct sl_buf;

enum sl_conf_kind {
	SL_CONF_VALUE,   /* name = text */
	SL_CONF_LIST,    /* name = {a, b} */
	SL_CONF_SECTION, /* name { … } */
	SL_CONF_TITLED,  /* name "title" { … }, several; a later one of a title wins */
	SL_CONF_UNIQUE,  /* the same, but a title may occur once */
};

/* What may stand in a section; an array ends with a NULL name. */
struct sl_conf_rule {
	const char *name;
	enum sl_conf_kind kind;
	const struct sl_conf_rule *rule; /* of what is inside a section */
};

/* An option that is set, or a section.  Everything belongs to the tree. */
struct sl_conf_entry {
	const char *name;
	const char *title; /* of a titled section, else "" */
	const char *file;
	int line;
	const char **text; /* of an option: one, or the members of a list */
	size_t text_count;
	struct sl_conf_entry *child; /* of a section, in the order of the rules */
	size_t child_count;
};

/* A file as a tree; root.child are its options and sections. */
struct sl_conf {
	struct sl_conf_entry root;
};

/*
 * sl_conf_read reads a file, sl_conf_read_text a text that name stands for in
 * errors.  Give the caller a tree to free with sl_conf_free, or SL_EINVAL or
 * SL_ESYS with one line in error that begins with "FILE:LINE: ".  Blocks on
 * the file; not thread-safe.
 */
int sl_conf_read(const char *path, const struct sl_conf_rule *rule, struct sl_conf **out,
    struct sl_buf *error);
int sl_conf_read_text(const char *name, const char *text, const struct sl_conf_rule *rule,
    struct sl_conf **out, struct sl_buf *error);

/* sl_conf_free frees a tree; NULL is ignored. */
void sl_conf_free(struct sl_conf *conf);

/* sl_conf_get returns the child of a name; NULL if it is not set. */
const struct sl_conf_entry *sl_conf_get(
    const struct sl_conf_entry *section, const char *name);

/* sl_conf_text returns a child's first text, or what stands for it. */
const char *sl_conf_text(
    const struct sl_conf_entry *section, const char *name, const char *otherwise);

#endif
