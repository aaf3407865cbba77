// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts that the host posted while the vCPU was not running.
 *
 * A notification that reaches a CPU in root mode is swallowed by the host's
 * handler, with ON left set; no second one is sent then.  Merge what it was
 * about before each entry.  What is posted after that finds interrupts off on
 * this CPU, so its notification stays pending until the guest runs.
 */
#include "guest/guest.h"

#define SW_PID_ON	(1ULL << 0)
#define SW_VAPIC_IRR	0x200

/* Posted-interrupt descriptor: 256 request bits, then ON and the rest. */
struct sw_pid {
	u64 pir[4];
	u64 control;
};

static int sw_merge_word(u8 *vapic, unsigned int word, u32 bits)
{
	u32 *irr = (u32 *)(vapic + SW_VAPIC_IRR + 16 * word);

	if (!bits)
		return -1;
	*irr |= bits;
	return 32 * word + 31 - __builtin_clz(bits);
}

void sw_merge_posted(struct sw_run *run)
{
	u8 *vapic = sw_tdvps_page(run->vp, SW_TDVPS_VAPIC);
	struct sw_pid *pid = sw_guest_pid(run);
	int max = -1, vec;
	unsigned int i;
	u64 pir, status;

	if (!pid || !(sw_load(&pid->control) & SW_PID_ON))
		return;
	/* ON first: a vector that is posted after this notifies again. */
	sw_and(&pid->control, ~SW_PID_ON);
	for (i = 0; i < 4; i++) {
		pir = sw_and(&pid->pir[i], 0ULL);
		vec = sw_merge_word(vapic, 2 * i, pir);
		max = vec > max ? vec : max;
		vec = sw_merge_word(vapic, 2 * i + 1, pir >> 32);
		max = vec > max ? vec : max;
	}
	status = sw_guest_read(run, SW_VM_GUEST_INTR_STATUS);
	if (max > (int)(status & 0xff))
		sw_guest_write(run, SW_VM_GUEST_INTR_STATUS,
			       (status & ~0xffULL) | (u64)max);
}
