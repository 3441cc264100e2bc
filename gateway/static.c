/* SPDX-License-Identifier: Apache-2.0 */
#include "static.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "frame.h"
#include "http_response.h"
#include "log.h"
#include "paths.h"
#include "table.h"

/* A dashboard is a few MiB; what is far more is no dashboard. */
#define GW_STATIC_FILE_MAX  (16u * 1024u * 1024u)
#define GW_STATIC_TOTAL_MAX (64u * 1024u * 1024u)
#define GW_STATIC_DEPTH     8

static const char csp[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct file {
	struct gw_table_node node;
	struct sl_frame *body;
	const char *type;
	char etag[24];
	bool immutable; /* its name has a hash of its contents */
	size_t len;
	char path[]; /* "/assets/app.js" */
};

struct gw_static {
	struct gw_table table;
	size_t bytes;
};

static const char *type_of(const char *path)
{
	static const struct {
		const char *ending;
		const char *type;
	} types[] = {
	    {".html", "text/html; charset=utf-8"},
	    {".js", "text/javascript; charset=utf-8"},
	    {".css", "text/css; charset=utf-8"},
	    {".json", "application/json"},
	    {".webmanifest", "application/manifest+json"},
	    {".svg", "image/svg+xml"},
	    {".png", "image/png"},
	    {".ico", "image/x-icon"},
	    {".woff2", "font/woff2"},
	    {".txt", "text/plain; charset=utf-8"},
	};
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		size_t n = strlen(types[i].ending);
		if (len > n && strcmp(path + len - n, types[i].ending) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static struct file *find(const struct gw_static *files, const char *path, size_t len)
{
	for (struct gw_table_node *node =
		 gw_table_first(&files->table, gw_table_hash(0, path, len));
	     node; node = gw_table_next(node)) {
		struct file *file = GW_TABLE_OBJECT(node, struct file, node);
		if (file->len == len && memcmp(file->path, path, len) == 0)
			return file;
	}
	return NULL;
}

/* "name-3F2A9C1B.js": bundlers put eight or more such characters before the ending. */
static bool has_hash(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dash = strrchr(slash, '-');
	const char *dot = dash ? strchr(dash, '.') : NULL;

	if (!dot || dot - dash - 1 < 8)
		return false;
	for (const char *c = dash + 1; c < dot; c++) {
		if (!((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')))
			return false;
	}
	return true;
}

static void add_file(struct gw_static *files, int fd, const char *path, size_t size)
{
	size_t len = strlen(path);
	struct sl_frame *body = sl_frame_new(NULL, size);
	size_t at = 0;

	while (at < size) {
		ssize_t n = read(fd, body->data + at, size - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	struct file *file = malloc(sizeof *file + len + 1);
	if (!file)
		abort();
	if (at < size) {
		sl_log_warn("static", "file not read path=\"%s\"", path);
		sl_frame_unref(body);
		free(file);
		return;
	}
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];
	sl_crypto_sha256(body->data, size, hash);
	*file = (struct file){.body = body, .type = type_of(path), .len = len};
	snprintf(file->etag, sizeof file->etag, "\"%02x%02x%02x%02x%02x%02x%02x%02x\"",
	    hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]);
	memcpy(file->path, path, len + 1);
	file->immutable = has_hash(file->path);
	files->bytes += size;
	gw_table_add(&files->table, &file->node, gw_table_hash(0, path, len));
}

static void add_directory(
    struct gw_static *files, int dir_fd, const char *path, int depth)
{
	DIR *dir = fdopendir(dir_fd);
	const struct dirent *item;

	if (!dir) {
		close(dir_fd);
		return;
	}
	while ((item = readdir(dir))) {
		char name[SL_PATHS_MAX];
		struct stat st;
		if (item->d_name[0] == '.')
			continue;
		int fd = openat(dirfd(dir), item->d_name,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		int n = snprintf(name, sizeof name, "%s/%s", path, item->d_name);
		if (fd < 0 || fstat(fd, &st) < 0 || n >= (int)sizeof name) {
			if (fd >= 0)
				close(fd);
			continue;
		}
		if (S_ISDIR(st.st_mode) && depth < GW_STATIC_DEPTH) {
			add_directory(files, fd, name, depth + 1);
			continue;
		}
		if (S_ISREG(st.st_mode) && st.st_size <= (off_t)GW_STATIC_FILE_MAX &&
		    files->bytes + (size_t)st.st_size <= GW_STATIC_TOTAL_MAX)
			add_file(files, fd, name, (size_t)st.st_size);
		close(fd);
	}
	closedir(dir);
}

struct gw_static *gw_static_new(const char *root)
{
	struct gw_static *files = calloc(1, sizeof *files);
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!files)
		abort();
	if (fd >= 0)
		add_directory(files, fd, "", 0);
	else
		sl_log_warn("static", "no dashboard at root=\"%s\"", root);
	return files;
}

static void free_file(void *arg, struct gw_table_node *node)
{
	struct gw_static *files = arg;
	struct file *file = GW_TABLE_OBJECT(node, struct file, node);

	gw_table_remove(&files->table, node);
	sl_frame_unref(file->body);
	free(file);
}

void gw_static_free(struct gw_static *files)
{
	if (!files)
		return;
	gw_table_each(&files->table, free_file, files);
	gw_table_clear(&files->table);
	free(files);
}

static struct file *find_path(const struct gw_static *files, struct sl_slice path)
{
	if (path.len == 1)
		return find(files, "/index.html", 11);
	return find(files, path.data, path.len);
}

bool gw_static_has(const struct gw_static *files, struct sl_slice path)
{
	return find_path(files, path) != NULL;
}

/* A variant that was compressed beforehand, if the client takes it. */
static struct file *compressed(
    const struct gw_call *call, const struct file *file, const char **encoding)
{
	static const char *const kinds[][2] = {{"br", ".br"}, {"gzip", ".gz"}};
	char path[SL_PATHS_MAX];

	for (size_t i = 0; i < 2; i++) {
		int n = snprintf(path, sizeof path, "%s%s", file->path, kinds[i][1]);
		struct file *other = find(call->gw->files, path, (size_t)n);
		if (!other || !sl_http_request_accepts(call->request, kinds[i][0]))
			continue;
		*encoding = kinds[i][0];
		return other;
	}
	return NULL;
}

void gw_static_serve(struct gw_call *call)
{
	struct file *file = find_path(call->gw->files, call->request->path);
	const char *encoding = NULL;
	struct file *variant = compressed(call, file, &encoding);
	const struct file *sent = variant ? variant : file;
	struct sl_slice known = sl_http_request_header(call->request, "If-None-Match");
	bool same = known.len == strlen(sent->etag) &&
		    memcmp(known.data, sent->etag, known.len) == 0;

	sl_http_response_begin(call->request, same ? 304 : 200);
	sl_http_response_header(call->request, "ETag", sent->etag);
	sl_http_response_header(call->request, "Cache-Control",
	    file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	sl_http_response_header(call->request, "Vary", "Accept-Encoding");
	sl_http_response_header(call->request, "Content-Security-Policy", csp);
	if (encoding)
		sl_http_response_header(call->request, "Content-Encoding", encoding);
	if (same)
		sl_http_response_end(call->request, NULL, NULL, 0);
	else
		sl_http_response_end_frame(call->request, file->type, sent->body);
}
