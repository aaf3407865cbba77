// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two vCPUs.  All of a TD's vCPUs start at the reset vector; as firmware does,
 * all but the first wait at a mailbox in memory until somebody wakes them with
 * an address to go to.  Then they interrupt each other.
 */
#include "guest_lib.h"

#define READ_ONCE(x)	(*(volatile typeof(x) *)&(x))
#define MAILBOX_WAKEUP	1
#define ICR_NMI		(4 << 8)
#define ICR_ALL_OTHERS	(3 << 18)
#define MSR_SELF_IPI	0x83f

extern char trap_irq_low[], trap_irq_high[];

/* As in ACPI's multiprocessor wakeup structure. */
static struct {
	uint16_t command, reserved;
	u32 apic_id;
	u64 vector;
} mailbox;

/* By x2APIC id; each line is written by its own vCPU only. */
static volatile u32 count[2][256];
static volatile u32 phase;
static volatile u8 order[2], nr_order;
static u8 running;

void smp_set_gates(void)
{
	set_gate(0x51, trap_irq_low);
	set_gate(0x91, trap_irq_high);
}

void smp_trap(unsigned int vector)
{
	u32 id;

	if (!READ_ONCE(running))
		return;
	id = apic_id() & 1;
	count[id][vector]++;
	if (!id && phase == 4 && vector >= 32 && nr_order < 2)
		order[nr_order++] = vector;
}

static void send(u32 to, u32 icr)
{
	apic_write(0x830, (u64)to << 32 | icr);
}

static void pause(void)
{
	asm volatile("sti; pause; cli" : : : "memory");
}

static void wait_for(u32 vcpu, unsigned int vector, u32 n, int in_hlt)
{
	while (count[vcpu][vector] < n) {
		if (in_hlt)
			halt();
		pause();
	}
}

/* Answer each interrupt, halted or not, by turns. */
static void ap_main(void)
{
	u32 i;

	apic_write(0x80f, 0x1ff);
	report(apic_id());
	phase = 1;
	for (i = 0; i < SMP_ROUNDS; i++) {
		wait_for(1, 0x40, i + 1, i & 2);
		send(0, 0x51);
	}
	/* One that finds it halted, one that finds it running. */
	phase = 2;
	wait_for(1, 2, 1, 1);
	phase = 3;
	wait_for(1, 2, 2, 0);
	report(count[1][0x40]);
	report(count[1][2]);
	/* To all but the sender. */
	phase = 4;
	wait_for(1, 0x91, 1, 0);
	report(count[1][0x91]);
	done();
}

static void ap_wait(u32 id)
{
	void (*vector)(void);

	while (READ_ONCE(mailbox.command) != MAILBOX_WAKEUP ||
	       READ_ONCE(mailbox.apic_id) != id)
		asm volatile("pause" : : : "memory");
	vector = (void (*)(void))READ_ONCE(mailbox.vector);
	*(volatile uint16_t *)&mailbox.command = 0;
	vector();
}

static void wait_for_phase(u32 want)
{
	while (phase != want)
		pause();
}

static void bsp_wake_ap(void)
{
	mailbox.apic_id = 1;
	mailbox.vector = (u64)ap_main;
	asm volatile("" : : : "memory");
	*(volatile uint16_t *)&mailbox.command = MAILBOX_WAKEUP;
	while (READ_ONCE(mailbox.command))
		asm volatile("pause" : : : "memory");
	report(mailbox.command);
}

static void bsp_main(void)
{
	u32 i;

	running = 1;
	apic_write(0x80f, 0x1ff);
	bsp_wake_ap();
	wait_for_phase(1);
	for (i = 0; i < SMP_ROUNDS; i++) {
		send(1, 0x40);
		wait_for(0, 0x51, i + 1, i & 1);
	}
	report(count[0][0x51]);
	wait_for_phase(2);
	send(1, ICR_NMI);
	wait_for_phase(3);
	send(1, ICR_NMI);
	wait_for_phase(4);
	send(0, ICR_ALL_OTHERS | 0x91);
	/* Nobody sends any more: two to itself, the higher one comes first. */
	wrmsr(MSR_SELF_IPI, 0x51);
	wrmsr(MSR_SELF_IPI, 0x91);
	while (nr_order < 2)
		pause();
	report(count[0][0x91]);
	report(order[0] << 8 | order[1]);
	report(count[0][2] | count[1][0x51]);
}

void test_smp(u32 vcpu)
{
	set_idt();
	if (vcpu)
		ap_wait(vcpu);
	else
		bsp_main();
}
