/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the predictor share: chance, calls, and the end of it. */
#ifndef _PREDICT_H
#define _PREDICT_H

#include "guest/guest.h"
#include "vp_script.h"

extern u64 steps;

u32 any(u32 n);
/* How often a kind of step worked. */
void count(const char *name, bool good);
void __attribute__((noreturn)) differ(const char *what, u64 have, u64 want);
/* A SEAMCALL whose status is known in advance. */
u64 predicted_call(unsigned int cpu, const char *name, u64 leaf,
		   struct sw_regs *r, u64 want);

#define same(what, have, want) do {					\
	u64 h_ = (have), w_ = (want);					\
									\
	if (h_ != w_)							\
		differ(what, h_, w_);					\
} while (0)

/* predict_life.c */
void predict_life(u64 until);

#endif /* _PREDICT_H */
