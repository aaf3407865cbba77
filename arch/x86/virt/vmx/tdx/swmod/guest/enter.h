/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host side asks of the guest side.
 */
#ifndef _SWMOD_ENTER_H
#define _SWMOD_ENTER_H

#include "core/swmod.h"

u64 sw_vp_enter(struct sw_cpu *cpu, struct sw_regs *r);
/* MNG.INIT: which MSRs a TD may access by itself (msr.c). */
void sw_msr_bitmap_init(const struct sw_tdcs *tdcs, u8 *bitmap);
/* Is the zero-step mitigation on?  A parameter of the module. */
extern bool sw_zero_step;

#endif /* _SWMOD_ENTER_H */
