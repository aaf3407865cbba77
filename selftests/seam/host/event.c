// SPDX-License-Identifier: GPL-2.0-only
/* NMIs and interrupts that arrive while the CPU is in the module. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/smp.h>
#include <linux/workqueue.h>

#include <asm/apic.h>
#include <asm/irq.h>
#include <asm/nmi.h>

#include "host.h"

struct seam_mailbox *mailbox;
unsigned long event_ip;

/* A SEAMCALL from the NMI handler, if there is a page for its answer. */
static u64 nmi_page;
static bool nmi_called;

/* The SEAMCALL that an interrupt waits for; it is on the interrupted stack. */
static struct host_call *event_call;

static void count_event(unsigned long ip)
{
	event_ip = ip;
	WRITE_ONCE(mailbox->events, mailbox->events + 1);
}

/*
 * The kernel keeps no registers for this vector's handler.  But where the frame is that
 * the CPU has pushed, if it came right after the SEAMCALL, is known: RIP is its lowest
 * word of five.
 */
static void on_interrupt(void)
{
	const struct host_call *call = READ_ONCE(event_call);
	const unsigned long *end;

	if (!call || !call->rsp) {
		count_event(0);
		return;
	}
	end = (const unsigned long *)(call->rsp & ~15UL);
	count_event(end[-2] == call->rsp ? end[-5] : 0);
}

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	count_event(regs->ip);
	if (nmi_page) {
		nmi_called = seam_call0(SEAM_STATE, nmi_page, 0) == SEAM_STATUS_OK;
		nmi_page = 0;
	}
	return NMI_HANDLED;
}

int events_start(void)
{
	u64 page = host_page();

	if (!page)
		return -ENOMEM;
	mailbox = __va(page);
	kvm_set_posted_intr_wakeup_handler(on_interrupt);
	return register_nmi_handler(NMI_LOCAL, on_nmi, 0, "seam_host");
}

void events_stop(void)
{
	unregister_nmi_handler(NMI_LOCAL, "seam_host");
	kvm_set_posted_intr_wakeup_handler(NULL);
}

void mailbox_clear(void)
{
	memset(mailbox, 0, sizeof(*mailbox));
	event_ip = 0;
}

u64 events(void)
{
	return READ_ONCE(mailbox->events);
}

u64 self_icr(u32 what)
{
	return (u64)cpu_physical_id(raw_smp_processor_id()) << 32 | what;
}

/* Send @what to this CPU while it is in the module; true if it found no way in. */
static bool wait_in_module(u32 what)
{
	struct host_call call;
	u64 rax;

	mailbox_clear();
	event_call = &call;
	rax = seam_call(SEAM_WAIT, __pa(mailbox), self_icr(what), 0, &call);
	event_call = NULL;
	return rax == SEAM_STATUS_OK && call.regs.r[SEAM_RCX] == 0;
}

static bool right_after_seamcall(void)
{
	if (event_ip != (unsigned long)host_seamcall_after)
		pr_info("# it came at %px, the SEAMCALL ends at %px\n", (void *)event_ip,
			host_seamcall_after);
	return event_ip == (unsigned long)host_seamcall_after;
}

static void check_nmi(void)
{
	unsigned long flags;
	bool waited;

	local_irq_save(flags);
	waited = wait_in_module(ICR_NMI);
	local_irq_restore(flags);
	check(waited, "an NMI waits while the CPU is in SEAM root mode");
	check_eq(events(), 1, "an NMI that waited comes once");
	check(right_after_seamcall(), "an NMI that waited comes right after SEAMRET");
}

static void check_nmi_blocked(void)
{
	struct seam_state *s;
	u64 page = host_page();

	nmi_called = false;
	nmi_page = page;
	wait_in_module(ICR_NMI);
	s = __va(page);
	check(nmi_called, "the NMI handler can make a SEAMCALL");
	check(nmi_called && s->host_interruptibility & 8,
	      "the transfer VMCS says that the host blocks NMIs");
	wait_in_module(ICR_NMI);
	check_eq(events(), 1, "NMIs come again after the handler's SEAMCALL");
}

static void check_interrupt(void)
{
	unsigned long flags;
	bool waited, early;

	waited = wait_in_module(ICR_INTERRUPT);
	check(waited, "an interrupt waits while the CPU is in SEAM root mode");
	check_eq(events(), 1, "an interrupt that waited comes once");
	check(right_after_seamcall(), "an interrupt that waited comes right after SEAMRET");

	local_irq_save(flags);
	waited = wait_in_module(ICR_INTERRUPT);
	early = events();
	local_irq_restore(flags);
	check(waited && !early && events() == 1,
	      "an interrupt waits after SEAMRET until the host allows interrupts");
}

void test_events(void)
{
	check_nmi();
	check_nmi_blocked();
	check_nmi();
	check_interrupt();
}

/* The other CPU's part of a test of both. */
struct partner {
	struct work_struct work;
	enum seam_leaf leaf;
	u64 rdx, rax, rcx;
	bool irqs_off;
};

static void partner_work(struct work_struct *work)
{
	struct partner *p = container_of(work, struct partner, work);
	struct host_call call;

	if (p->irqs_off)
		local_irq_disable();
	event_call = &call;
	p->rax = seam_call(p->leaf, __pa(mailbox), p->rdx, 0, &call);
	event_call = NULL;
	p->rcx = call.regs.r[SEAM_RCX];
	if (p->irqs_off)
		local_irq_enable();
}

static void partner_start(struct partner *p)
{
	INIT_WORK_ONSTACK(&p->work, partner_work);
	schedule_work_on(1, &p->work);
}

static void partner_end(struct partner *p)
{
	flush_work(&p->work);
	destroy_work_on_stack(&p->work);
}

static void check_meeting(void)
{
	struct partner p = { .leaf = SEAM_MEET, .rdx = 1 };
	u64 rax;

	mailbox_clear();
	partner_start(&p);
	rax = seam_call0(SEAM_MEET, __pa(mailbox), 0);
	partner_end(&p);
	check(rax == SEAM_STATUS_OK && p.rax == SEAM_STATUS_OK,
	      "two CPUs can be in the module at a time");
}

static bool partner_waits(void)
{
	unsigned int i;

	for (i = 0; i < 1000000; i++) {
		if (READ_ONCE(mailbox->waiting))
			return true;
		cpu_relax();
	}
	return false;
}

/* Send the other CPU, which is in the module, an event, then let it go on. */
static void check_from_other(int vector, const char *name)
{
	struct partner p = { .leaf = SEAM_WAIT, .irqs_off = vector == NMI_VECTOR };
	bool waits;

	mailbox_clear();
	partner_start(&p);
	waits = partner_waits();
	if (waits)
		apic->send_IPI(1, vector);
	WRITE_ONCE(mailbox->go, 1);
	partner_end(&p);
	check(waits && p.rax == SEAM_STATUS_OK && !p.rcx && events() == 1 &&
	      right_after_seamcall(), "%s", name);
}

void test_events_smp(void)
{
	check_meeting();
	check_from_other(NMI_VECTOR, "another CPU's NMI waits until SEAMRET");
	check_from_other(POSTED_INTR_WAKEUP_VECTOR,
			 "another CPU's interrupt waits until SEAMRET");
}
