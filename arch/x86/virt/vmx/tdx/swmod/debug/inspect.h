/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking into a running module without taking a lock, so that looking makes
 * nobody busy.  What is shown may be changing: every address is checked
 * against the PAMT before it is followed, and a value may be torn.
 */
#ifndef _SWMOD_INSPECT_H
#define _SWMOD_INSPECT_H

#include "core/core.h"

/* Where lines of text go; the OS side embeds it. */
struct sw_out {
	void (*line)(struct sw_out *out, const char *text);
};

/*
 * The first TDR page from @pa on, or ~0.  Looks no further than the end of
 * @pa's TDMR block of 1 GiB; *next is where to go on, ~0 at the end.
 */
u64 sw_inspect_td(u64 pa, u64 *next);
u64 sw_inspect_first_td(void);

void sw_inspect_show_td(struct sw_out *out, u64 tdr_pa);
void sw_inspect_show_sept(struct sw_out *out, u64 tdr_pa);
void sw_inspect_show_page(struct sw_out *out, u64 pa);
void sw_inspect_show_sys(struct sw_out *out);
void sw_inspect_show_cpu(struct sw_out *out, unsigned int n,
			 const struct sw_cpu *cpu);

#endif /* _SWMOD_INSPECT_H */
