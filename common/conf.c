/* SPDX-License-Identifier: Apache-2.0 */
#include "conf.h"

#include <confuse.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"

/*
 * Every option is a pointer option of libconfuse: the parse callback sees each
 * text with the line that it stands on, which libconfuse itself forgets.  The
 * library gives its callbacks no argument of ours, so the error text goes
 * through one variable that is set only while a file is read.
 */
struct value {
	int line;
	char text[];
};

/*
 * libconfuse counts three lines for a comment to the end of the line, and
 * takes the end of the file for the end of every open section.  So comments
 * become spaces here, and a last option that only the outermost section knows
 * makes an unclosed one an error.
 */
#define END_MARK "end-of-file"

/* How libconfuse begins its complaint; the name follows in quotes. */
#define DUPLICATE "found duplicate title "

static struct sl_buf *error_out;

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void report(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[512];

	if (error_out->len > 0) /* the first error is the cause */
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	if (strstr(text, END_MARK))
		snprintf(text, sizeof text,
		    "the file ends inside section \"%s\": a \"}\" is missing",
		    cfg_name(cfg));
	sl_buf_addf(error_out, "%s:%d: ", cfg->filename ? cfg->filename : "?", cfg->line);
	if (strncmp(text, DUPLICATE, strlen(DUPLICATE)) == 0)
		sl_buf_addf(error_out, "a section of this kind named %s is there already",
		    text + strlen(DUPLICATE));
	else
		sl_buf_addf(error_out, "%s", text);
}

static int keep_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	size_t len = strlen(text);
	struct value *value = must(malloc(sizeof *value + len + 1));

	(void)opt;
	value->line = cfg->line;
	memcpy(value->text, text, len + 1);
	*(void **)result = value;
	return 0;
}

/* Collectors of different types have options of one name: one rule is enough. */
static bool is_repeated(const struct sl_conf_rule *first, const struct sl_conf_rule *rule)
{
	for (; first < rule; first++)
		if (strcmp(first->name, rule->name) == 0)
			return true;
	return false;
}

static size_t rule_count(const struct sl_conf_rule *rule)
{
	size_t n = 0;

	while (rule[n].name)
		n++;
	return n;
}

/* Builds libconfuse's table of a section; it is freed with free_options. */
static cfg_opt_t *make_options(const struct sl_conf_rule *rule)
{
	size_t n = rule_count(rule);
	cfg_opt_t *options = must(calloc(n + 1, sizeof *options));
	const cfg_opt_t end = CFG_END();
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = rule[i].name;
		if (is_repeated(rule, &rule[i]))
			continue;
		cfg_opt_t *inner =
		    rule[i].kind >= SL_CONF_SECTION ? make_options(rule[i].rule) : NULL;
		const cfg_opt_t value =
		    CFG_PTR_CB(name, NULL, CFGF_NONE, keep_value, free);
		const cfg_opt_t list =
		    CFG_PTR_LIST_CB(name, NULL, CFGF_NONE, keep_value, free);
		/* Without MULTI a second one would silently replace the first. */
		const cfg_opt_t one = CFG_SEC(name, inner, CFGF_MULTI);
		const cfg_opt_t titled = CFG_SEC(name, inner, CFGF_MULTI | CFGF_TITLE);
		const cfg_opt_t unique =
		    CFG_SEC(name, inner, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
		const cfg_opt_t *kinds[] = {&value, &list, &one, &titled, &unique};

		options[used++] = *kinds[rule[i].kind];
	}
	options[used] = end;
	return options;
}

static void free_options(cfg_opt_t *options, const struct sl_conf_rule *rule)
{
	cfg_opt_t *option = options;

	for (size_t i = 0; rule[i].name; i++) {
		if (is_repeated(rule, &rule[i]))
			continue;
		if (rule[i].kind >= SL_CONF_SECTION)
			free_options(option->subopts, rule[i].rule);
		option++;
	}
	free(options);
}

static void fill_section(struct sl_conf_entry *section, cfg_t *cfg,
    const struct sl_conf_rule *rule, const char *file);

static void fill_option(struct sl_conf_entry *entry, cfg_opt_t *opt)
{
	entry->text_count = cfg_opt_size(opt);
	entry->text = must(calloc(entry->text_count, sizeof *entry->text));
	for (size_t i = 0; i < entry->text_count; i++) {
		const struct value *value = cfg_opt_getnptr(opt, (unsigned)i);

		if (i == 0)
			entry->line = value->line;
		entry->text[i] = must(strdup(value->text));
	}
}

static struct sl_conf_entry *add_child(
    struct sl_conf_entry *section, const char *name, const char *title, const char *file)
{
	section->child = must(
	    realloc(section->child, (section->child_count + 1) * sizeof *section->child));
	struct sl_conf_entry *entry = &section->child[section->child_count++];
	*entry = (struct sl_conf_entry){
	    .name = name, .title = must(strdup(title)), .file = file};
	return entry;
}

/* The line of a section is that of the first thing in it, else of its end. */
static int section_line(const struct sl_conf_entry *section, const cfg_t *cfg)
{
	int line = cfg->line;

	for (size_t i = 0; i < section->child_count; i++)
		if (section->child[i].line < line)
			line = section->child[i].line;
	return line;
}

static void fill_section(struct sl_conf_entry *section, cfg_t *cfg,
    const struct sl_conf_rule *rule, const char *file)
{
	for (const struct sl_conf_rule *first = rule; rule->name; rule++) {
		if (is_repeated(first, rule))
			continue;
		cfg_opt_t *opt = cfg_getopt(cfg, rule->name);
		unsigned n = cfg_opt_size(opt);

		if (rule->kind < SL_CONF_SECTION && n > 0)
			fill_option(add_child(section, rule->name, "", file), opt);
		if (rule->kind < SL_CONF_SECTION)
			continue;
		for (unsigned i = 0; i < n; i++) {
			cfg_t *inner = cfg_opt_getnsec(opt, i);
			const char *title = cfg_title(inner);
			struct sl_conf_entry *entry =
			    add_child(section, rule->name, title ? title : "", file);

			fill_section(entry, inner, rule->rule, file);
			entry->line = section_line(entry, inner);
			if (rule->kind == SL_CONF_SECTION && i > 0 && error_out->len == 0)
				sl_buf_addf(error_out,
				    "%s:%d: section \"%s\" occurs a second time", file,
				    entry->line, rule->name);
		}
	}
}

/* Tells whether a comment of this form begins at p; inside a word none does. */
static bool begins_comment(const char *p, char before, const char *form)
{
	return strncmp(p, form, 2) == 0 && strchr(" \t\r\n={},()+", before);
}

/*
 * Returns the line of a "*" that stands outside quotes, which libconfuse would
 * silently leave out; 0 if there is none.
 */
static int blank_comments(char *text)
{
	char quote = '\0', before = '\n';
	int line = 1;

	for (char *p = text; *p; before = *p++) {
		line += *p == '\n';
		if (quote) {
			if (*p == '\\' && quote == '"' && p[1])
				p++;
			else if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (begins_comment(p, before, "/*")) {
			const char *end = strstr(p + 2, "*/");

			for (const char *stop = end ? end + 1 : p + strlen(p) - 1;
			     p < stop; p++)
				line += *p == '\n';
		} else if (*p == '#' || begins_comment(p, before, "//")) {
			size_t n = strcspn(p, "\n");

			memset(p, ' ', n);
			p += n - 1;
		} else if (*p == '*') {
			return line;
		}
	}
	return 0;
}

/* The caller's rules and the end mark. */
static struct sl_conf_rule *with_mark(const struct sl_conf_rule *rule)
{
	size_t n = rule_count(rule);
	struct sl_conf_rule *marked = must(calloc(n + 2, sizeof *marked));

	memcpy(marked, rule, n * sizeof *marked);
	marked[n] = (struct sl_conf_rule){END_MARK, SL_CONF_VALUE, NULL};
	return marked;
}

static int read_buffer(const char *name, struct sl_buf *text,
    const struct sl_conf_rule *rule, struct sl_conf **out, struct sl_buf *error)
{
	sl_buf_addc(text, '\0');
	text->len--;
	int star = blank_comments(text->data);
	if (star) {
		sl_buf_addf(error, "%s:%d: text with a \"*\" needs quotes", name, star);
		return SL_EINVAL;
	}
	struct sl_conf_rule *marked = with_mark(rule);
	cfg_opt_t *options = make_options(marked);
	cfg_t *cfg = must(cfg_init(options, CFGF_NONE));
	int rc = 0;
	sl_buf_adds(text, "\n" END_MARK " = 1\n");
	FILE *stream = must(fmemopen(text->data, text->len, "r"));
	cfg->filename = must(strdup(name));
	cfg_set_error_function(cfg, report);
	error_out = error;
	if (cfg_parse_fp(cfg, stream) != CFG_SUCCESS) {
		if (error->len == 0)
			sl_buf_addf(error, "%s:%d: cannot be read", name, cfg->line);
		rc = SL_EINVAL;
	} else {
		struct sl_conf *conf = must(calloc(1, sizeof *conf));

		conf->root.file = must(strdup(name));
		conf->root.title = must(strdup(""));
		fill_section(&conf->root, cfg, rule, conf->root.file);
		if (error->len > 0) {
			sl_conf_free(conf);
			rc = SL_EINVAL;
		} else {
			*out = conf;
		}
	}
	error_out = NULL;
	fclose(stream);
	cfg_free(cfg);
	free_options(options, marked);
	free(marked);
	return rc;
}

int sl_conf_read(const char *path, const struct sl_conf_rule *rule, struct sl_conf **out,
    struct sl_buf *error)
{
	struct sl_buf text = {0};
	FILE *stream = fopen(path, "re");
	size_t n;

	if (!stream) {
		sl_buf_addf(error, "cannot read \"%s\": %s", path, strerror(errno));
		return SL_ESYS;
	}
	while ((n = fread(sl_buf_reserve(&text, 4096), 1, 4096, stream)) > 0)
		text.len += n;
	int failed = ferror(stream) ? errno : 0;
	fclose(stream);
	int rc = SL_ESYS;
	if (failed)
		sl_buf_addf(error, "cannot read \"%s\": %s", path, strerror(failed));
	else if (text.len > 0 && memchr(text.data, '\0', text.len))
		sl_buf_addf(error, "\"%s\" is not a text file: it has NUL bytes", path);
	else
		rc = read_buffer(path, &text, rule, out, error);
	sl_buf_clear(&text);
	return rc;
}

int sl_conf_read_text(const char *name, const char *text, const struct sl_conf_rule *rule,
    struct sl_conf **out, struct sl_buf *error)
{
	struct sl_buf copy = {0};

	sl_buf_adds(&copy, text);
	int rc = read_buffer(name, &copy, rule, out, error);
	sl_buf_clear(&copy);
	return rc;
}

static void clear_entry(struct sl_conf_entry *entry)
{
	for (size_t i = 0; i < entry->text_count; i++)
		free((char *)(uintptr_t)entry->text[i]);
	free(entry->text);
	for (size_t i = 0; i < entry->child_count; i++)
		clear_entry(&entry->child[i]);
	free(entry->child);
	free((char *)(uintptr_t)entry->title);
}

void sl_conf_free(struct sl_conf *conf)
{
	if (!conf)
		return;
	char *file = (char *)(uintptr_t)conf->root.file;
	clear_entry(&conf->root);
	free(file);
	free(conf);
}

const struct sl_conf_entry *sl_conf_get(
    const struct sl_conf_entry *section, const char *name)
{
	for (size_t i = 0; i < section->child_count; i++)
		if (strcmp(section->child[i].name, name) == 0)
			return &section->child[i];
	return NULL;
}

const char *sl_conf_text(
    const struct sl_conf_entry *section, const char *name, const char *otherwise)
{
	const struct sl_conf_entry *entry = sl_conf_get(section, name);

	return entry && entry->text_count > 0 ? entry->text[0] : otherwise;
}
