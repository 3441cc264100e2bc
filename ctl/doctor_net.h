/* SPDX-License-Identifier: Apache-2.0 */
/* Who listens on a port. */
#ifndef CTL_DOCTOR_NET_H
#define CTL_DOCTOR_NET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * ctl_doctor_port_owner says whether anybody listens on a TCP port of this
 * machine and writes "NAME (pid N)", or "?" if that process cannot be looked
 * at.  Reads /proc.
 */
bool ctl_doctor_port_owner(unsigned port, char *owner, size_t size);

#endif
