// SPDX-License-Identifier: GPL-2.0-only
/* Events that must wait while the CPU is in SEAM root mode. */
#include "seam.h"

#define MSR_X2APIC_ICR		0x830
#define PATIENCE		4000000U

void send_ipi(u64 icr)
{
	if (icr)
		wrmsr(MSR_X2APIC_ICR, icr);
}

static bool wait_for(volatile u64 *word)
{
	unsigned int i;

	for (i = 0; i < PATIENCE; i++) {
		if (*word)
			return true;
		pause();
	}
	return false;
}

/*
 * Stay here with an event pending, which this CPU sends itself, or another one
 * while this one waits.  RCX: how many events the host has taken meanwhile.
 */
u64 leaf_wait(struct seam_regs *regs)
{
	volatile struct seam_mailbox *box = keyhole(SLOT_ANY, regs->r[SEAM_RCX]);
	u64 icr = regs->r[SEAM_RDX], before = box->events;
	unsigned int i;

	send_ipi(icr);
	box->waiting = 1;
	if (!icr && !wait_for(&box->go))
		return SEAM_STATUS_ALONE;
	for (i = 0; i < SEAM_ROUNDS; i++)
		pause();
	regs->r[SEAM_RCX] = box->events - before;
	return SEAM_STATUS_OK;
}

/* Wait until the other CPU is in the module, too. */
u64 leaf_meet(struct seam_regs *regs)
{
	volatile struct seam_mailbox *box = keyhole(SLOT_ANY, regs->r[SEAM_RCX]);
	unsigned int me = regs->r[SEAM_RDX] & 1;

	box->here[me] = 1;
	return wait_for(&box->here[!me]) ? SEAM_STATUS_OK : SEAM_STATUS_ALONE;
}
