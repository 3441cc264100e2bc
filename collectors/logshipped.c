/* SPDX-License-Identifier: Apache-2.0 */
#include "logshipped.h"

#include <string.h>

/*
 * What stands in quotes, or before " from ", was chosen by whoever connects: an
 * expression is tied to the beginning of the line and to its end, and takes the
 * last address of it, so that a user called "x from 10.0.0.1" names nobody else.
 */

/* A line of syslog, of the classic or the ISO form, or the bare message. */
#define SYSLOG(program)                                                                  \
	"^(?:(?:\\w{3} [ \\d]\\d [\\d:]{8}|\\d{4}-\\d\\d-\\d\\dT\\S+) \\S+ " program     \
	"(?:\\[\\d+\\])?: )?"
#define SSHD SYSLOG("sshd(?:-session)?")
#define SUDO SYSLOG("sudo")

#define ADDRESS "(?<ip>[0-9A-Za-z.:%_-]+)"

/* log_line_prefix of Debian, '%m [%p] %q%u@%d ', or anything without quotes. */
#define POSTGRESQL "^[^\"]*?(?:(?<user>[^ \"@]+)@[^ \"]+ )?"

#define LIST(...)                                                                        \
	{                                                                                \
		(char *[]){__VA_ARGS__},                                                 \
		    sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)                     \
	}

#define PATTERN(name, text, ...)                                                         \
	{                                                                                \
		.title = (name), .expression = (text), __VA_ARGS__                       \
	}

static const struct sl_config_log_pattern shipped[] = {
    PATTERN("sshd.failed",
	SSHD
	"Failed (?!none )(?<reason>\\S+) for (?:invalid user )?(?<sub>.*) from " ADDRESS
	" port \\d+(?: ssh2)?(?:: .*)?$",
	.event = "auth.failed", .set = LIST("service:sshd"), ),
    PATTERN("sshd.accepted",
	SSHD "Accepted (?<method>\\S+) for (?<sub>.*) from " ADDRESS
	     " port \\d+(?: ssh2)?(?:: .*)?$",
	.event = "auth.succeeded", .set = LIST("service:sshd"), ),
    PATTERN("sshd.session",
	SSHD "pam_unix\\(sshd:session\\): session opened for user "
	     "(?<who>[^ (]+)(?:\\(uid=\\d+\\))? by ",
	.event = "audit.recorded", .set = LIST("what:ssh session opened", "result:ok"), ),

    PATTERN("sudo.command",
	SUDO " *(?<who>\\S+) : (?:TTY=\\S+ ; )?PWD=.* ; USER=(?<as>\\S+) ; (?:.* ; )?"
	     "COMMAND=(?<target>.*)$",
	.event = "audit.recorded", .set = LIST("what:sudo", "result:ok"), ),
    PATTERN("sudo.refused",
	SUDO " *(?<who>\\S+) : (?<result>user NOT in sudoers|command not allowed"
	     "|\\d+ incorrect password attempts?) ; .*COMMAND=(?<target>.*)$",
	.event = "audit.recorded", .set = LIST("what:sudo"), ),
    PATTERN("sudo.failed",
	SUDO " *(?<sub>\\S+) : (?<reason>user NOT in sudoers|command not allowed"
	     "|\\d+ incorrect password attempts?) ; ",
	.event = "auth.failed", .set = LIST("service:sudo"), ),

    /* The formats "combined" and "common"; "error" is what share looks at. */
    PATTERN("nginx_access.requests",
	"^(?<ip>\\S+) \\S+ .*? \\[[^]]*\\] \"[^\"]*\" "
	"(?<status>(?<error>5\\d\\d)|\\d{3}) ",
	.count = "log_http_requests", .labels = LIST("status"),
	.per_minute = "api_requests_per_minute", .share = "error_rate", ),

    PATTERN("nginx_error.lines",
	"^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d \\[(?<severity>\\w+)\\] \\d+#\\d+: ",
	.set = LIST("program:nginx"), .count = "log_messages",
	.labels = LIST("program", "severity"), ),
    PATTERN("nginx_error.critical",
	"^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d \\[(?<code>emerg|alert|crit)\\] "
	"\\d+#\\d+: (?:\\*\\d+ )?(?<message>.*?)(?:, client: .*)?$",
	.event = "system.error", .set = LIST("component:nginx"), ),
    PATTERN("nginx_error.failed",
	"^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d \\[\\w+\\] \\d+#\\d+: (?:\\*\\d+ )?"
	"user \"(?<sub>[^\"]*)\":? (?<reason>password mismatch|was not found)"
	"[^,]*, client: " ADDRESS ", ",
	.event = "auth.failed", .set = LIST("service:nginx"), ),

    PATTERN("postgresql.lines", POSTGRESQL "(?<severity>WARNING|ERROR|FATAL|PANIC):  ",
	.set = LIST("program:postgresql"), .count = "log_messages",
	.labels = LIST("program", "severity"), ),
    PATTERN("postgresql.failed",
	POSTGRESQL "FATAL:  (?<reason>\\w+) authentication failed for user "
		   "\"(?<sub>[^\"]*)\"",
	.event = "auth.failed", .fields = LIST("reason", "sub"),
	.set = LIST("service:postgresql"), ),
    PATTERN("postgresql.rejected",
	POSTGRESQL
	"FATAL:  (?<reason>no pg_hba.conf entry|pg_hba.conf rejects connection) "
	"for host \"(?<ip>[^\"]*)\", user \"(?<sub>[^\"]*)\"",
	.event = "auth.failed", .fields = LIST("reason", "ip", "sub"),
	.set = LIST("service:postgresql"), ),
    PATTERN("postgresql.panic", POSTGRESQL "(?<code>PANIC):  (?<message>.*)$",
	.event = "system.error", .fields = LIST("code", "message"),
	.set = LIST("component:postgresql"), ),
    /* log_statement = ddl.  What follows PASSWORD stays in the log. */
    PATTERN("postgresql.ddl",
	POSTGRESQL "LOG:  (?:statement|execute [^:]*): "
		   "(?<target>(?i:create|alter|drop|grant|revoke|truncate)\\b"
		   "(?:(?!(?i:password)).)*)",
	.event = "audit.recorded", .fields = LIST("user:who", "target"),
	.set = LIST("what:sql", "result:ok"), ),
};

const struct sl_config_log_pattern *col_logshipped_at(const char *set, size_t i)
{
	size_t len = strlen(set);

	for (size_t at = 0; at < sizeof(shipped) / sizeof(shipped[0]); at++)
		if (strncmp(shipped[at].title, set, len) == 0 &&
		    shipped[at].title[len] == '.' && i-- == 0)
			return &shipped[at];
	return NULL;
}
