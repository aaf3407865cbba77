/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests ask of the software module in debugfs. */
#ifndef TD_SWMOD_H
#define TD_SWMOD_H

#include <linux/types.h>
#include <stdbool.h>

#include "kselftest.h"

/* False on a machine whose TDX module is not the software one. */
bool swmod_there(void);
/* One line for "inject"; must be accepted. */
void swmod_inject(const char *fmt, ...) __printf(1, 2);
void swmod_clear(void);
/* Is a lock held? */
bool swmod_held(void);
/* How often the rules have struck. */
long swmod_fired(void);
/* How often @leaf ended with @status, or at all if that is NULL. */
long swmod_count(const char *leaf, const char *status);
/* Calls @fn for each leaf that has ever been made. */
void swmod_each_leaf(void (*fn)(const char *leaf, void *data), void *data);
/* TDs that the module knows. */
int swmod_tds(void);
/* The most faults at one RIP, and pages remembered for them, of any vCPU. */
int swmod_steps(int *pages);

#endif /* TD_SWMOD_H */
