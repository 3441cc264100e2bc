/* SPDX-License-Identifier: Apache-2.0 */
#include "script_report.h"

#include <stdbool.h>
#include <sys/wait.h>

void col_script_report_end(enum sl_log_level level, const char *script, int status,
    int64_t ran_ms, unsigned failures)
{
	bool killed = WIFSIGNALED(status);

	sl_log(level, "exec", "ended script=%s %s=%d ran_ms=%lld failures=%u", script,
	    killed ? "signal" : "code", killed ? WTERMSIG(status) : WEXITSTATUS(status),
	    (long long)ran_ms, failures);
}
