// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ends KVM_RUN when a TD's vCPU ends: machine checks, NMIs, entries that
 * fail, exits that no guest of ours can cause.  The software module is told to
 * have the vCPU meet them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "../lib/kvm_stats.h"
#include "td.h"

#define MONARCH_TIMEOUT	"/sys/devices/system/machinecheck/machinecheck0/monarch_timeout"

#define INTR_MACHINE_CHECK	"0x80000312"
#define INTR_NMI		"0x80000202"

/* The upper half of TDX_OPERAND_BUSY. */
#define OPERAND_BUSY		0x80000200

static bool inject(const char *line)
{
	bool ok = write_file(SWMOD_INJECT, line);

	if (!ok)
		ktap_note("refused: %s", line);
	return ok;
}

/* Over all CPUs, of a line of /proc/interrupts. */
static long irq_count(const char *name)
{
	FILE *f = fopen("/proc/interrupts", "r");
	char line[512], *at;
	long sum = -1, n;
	int len;

	while (f && fgets(line, sizeof(line), f)) {
		at = strstr(line, name);
		if (!at || strspn(line, " ") != (size_t)(at - line))
			continue;
		sum = 0;
		for (at += strlen(name); sscanf(at, "%ld%n", &n, &len) == 1; at += len)
			sum += n;
	}
	if (f)
		fclose(f);
	return sum;
}

/* A vCPU that was told what to meet, and what KVM_RUN said. */
struct outcome {
	struct td *td;
	struct kvm_run *run;
	int ret, err;
};

static struct outcome run_into(const char *rule)
{
	struct outcome o = { .td = td_ready(1, GUEST_HELLO) };
	bool armed = inject(rule);

	o.run = o.td->vcpu[0].run;
	o.run->exit_reason = ~0u;
	o.ret = ioctl(o.td->vcpu[0].fd, KVM_RUN, 0);
	o.err = o.ret ? errno : 0;
	inject("clear");
	if (!armed)
		o.ret = -2;
	return o;
}

/* For the log, if it was not what was expected; ends the TD. */
static bool done_with(struct outcome *o, bool ok)
{
	if (!ok)
		ktap_note("KVM_RUN %d errno %d exit_reason %u flags %x", o->ret,
			  o->err, o->run->exit_reason, o->run->flags);
	td_destroy(o->td);
	return ok;
}

/*
 * The kernel may kill who was running, so that is a process of its own.  Other
 * CPUs know of no machine check: do_machine_check() shall not wait for them.
 */
static bool machine_check_is_served(const char *rule)
{
	long before = irq_count("MCE:"), after;
	int status = 0;
	pid_t pid;

	pid = fork();
	if (!pid) {
		run_into(rule);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	inject("clear");
	after = irq_count("MCE:");
	ktap_note("machine checks %ld, status %x", after - before, status);
	return after == before + 1;
}

static void a_machine_check_in_a_td_is_the_hosts(void)
{
	bool ok;

	if (irq_count("MCE:") < 0 || !write_file(MONARCH_TIMEOUT, "0")) {
		ktap_skip(__func__, "no machine checks");
		return;
	}
	ok = machine_check_is_served("VP.ENTER exit=0 intr=" INTR_MACHINE_CHECK);
	ktap_result(ok, "%s", __func__);
}

static void a_machine_check_during_an_entry_is_the_hosts(void)
{
	bool ok;

	if (irq_count("MCE:") < 0 || !write_file(MONARCH_TIMEOUT, "0")) {
		ktap_skip(__func__, "no machine checks");
		return;
	}
	ok = machine_check_is_served("VP.ENTER exit=0x80000029");
	ktap_result(ok, "%s", __func__);
}

/* Whatever the status says of the vCPU, the NMI was the host's. */
static void nmi_is_served(const char *name, const char *rule, bool ends)
{
	long before = irq_count("NMI:");
	struct outcome o = run_into(rule);
	long after = irq_count("NMI:");
	bool ok;

	ok = !o.ret && o.run->exit_reason ==
	     (ends ? KVM_EXIT_INTERNAL_ERROR : KVM_EXIT_IO);
	ktap_note("NMIs %ld", after - before);
	ktap_result(done_with(&o, ok) && after == before + 1, "%s", name);
}

static void an_nmi_in_a_td_is_the_hosts(void)
{
	nmi_is_served(__func__, "VP.ENTER exit=0 times=1 intr=" INTR_NMI, false);
}

static void an_nmi_that_comes_with_the_end_of_a_vcpu_is_the_hosts(void)
{
	nmi_is_served(__func__, "VP.ENTER status=NON_RECOVERABLE_VCPU exit=0 times=1 intr="
		      INTR_NMI, true);
}

static void an_entry_that_failed_is_reported_as_such(void)
{
	struct outcome o = run_into("VP.ENTER exit=0x80000021");
	bool ok;

	ok = !o.ret && o.run->exit_reason == KVM_EXIT_FAIL_ENTRY &&
	     o.run->fail_entry.hardware_entry_failure_reason == 0x80000021 &&
	     o.run->fail_entry.cpu < (u32)sysconf(_SC_NPROCESSORS_CONF);
	ktap_result(done_with(&o, ok), "%s", __func__);
}

static void a_triple_fault_is_a_shutdown_with_any_status(void)
{
	struct outcome o = run_into("VP.ENTER status=NON_RECOVERABLE_TD exit=2");
	bool ok = !o.ret && o.run->exit_reason == KVM_EXIT_SHUTDOWN;

	ktap_result(done_with(&o, ok), "%s", __func__);
}

static void an_exception_of_the_guest_goes_to_user_space(void)
{
	struct outcome o = run_into("VP.ENTER status=SUCCESS exit=0 intr=0x80000b0e");
	bool ok;

	ok = !o.ret && o.run->exit_reason == KVM_EXIT_EXCEPTION &&
	     o.run->ex.exception == 14 && !o.run->ex.error_code;
	ktap_result(done_with(&o, ok), "%s", __func__);
}

/* -EIO from KVM_RUN, and nothing but that from then on. */
static void td_is_bugged(const char *name, const char *rule)
{
	struct outcome o = run_into(rule);
	bool ok = o.ret == -1 && o.err == EIO;

	ok = ok && ioctl(o.td->vcpu[0].fd, KVM_RUN, 0) && errno == EIO;
	ok = ok && ioctl(o.td->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS) < 0 &&
	     errno == EIO;
	ktap_result(done_with(&o, ok), "%s", name);
}

static void an_ept_misconfiguration_ends_the_td(void)
{
	td_is_bugged(__func__, "VP.ENTER status=SUCCESS exit=49");
}

static void a_fetch_from_shared_memory_ends_the_td(void)
{
	td_is_bugged(__func__, "VP.ENTER status=SUCCESS exit=48 qual=4 gpa=0x800000100000");
}

static long long vcpu_stat(struct td *td, const char *name)
{
	struct kvm_stats s;
	long long n;

	if (!kvm_stats_open(&s, td->vcpu[0].fd))
		return -1;
	n = kvm_stats_value(&s, name);
	kvm_stats_close(&s);
	return n;
}

/* Nobody asked for KVM_EXIT_NOTIFY, so the guest goes on. */
static void a_notify_exit_is_counted(void)
{
	struct outcome o = run_into("VP.ENTER exit=75 times=1");
	bool ok;

	ok = !o.ret && o.run->exit_reason == KVM_EXIT_IO &&
	     vcpu_stat(o.td, "notify_window_exits") == 1;
	ktap_result(done_with(&o, ok), "%s", __func__);
}

static void a_notify_exit_with_an_invalid_context_goes_to_user_space(void)
{
	struct outcome o = run_into("VP.ENTER status=SUCCESS exit=75 qual=1");
	bool ok;

	ok = !o.ret && o.run->exit_reason == KVM_EXIT_NOTIFY &&
	     o.run->notify.flags == KVM_NOTIFY_CONTEXT_INVALID;
	ktap_result(done_with(&o, ok), "%s", __func__);
}

static void bus_lock_is_reported(const char *name, const char *rule)
{
	struct outcome o = run_into(rule);
	bool ok;

	ok = !o.ret && o.run->exit_reason == KVM_EXIT_X86_BUS_LOCK &&
	     (o.run->flags & KVM_RUN_X86_BUS_LOCK);
	/* The guest is none the worse for it. */
	ok = ok && !ioctl(o.td->vcpu[0].fd, KVM_RUN, 0) &&
	     o.run->exit_reason == KVM_EXIT_IO &&
	     !(o.run->flags & KVM_RUN_X86_BUS_LOCK);
	ktap_result(done_with(&o, ok), "%s", name);
}

static void a_bus_lock_exit_goes_to_user_space(void)
{
	bus_lock_is_reported(__func__, "VP.ENTER exit=74 times=1");
}

/* Bit 26 beside another reason: here the INIT that came with it. */
static void a_bus_lock_beside_another_exit_goes_to_user_space(void)
{
	bus_lock_is_reported(__func__, "VP.ENTER exit=0x4000003 times=1");
}

static void exits_are_counted_as_for_other_vms(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	bool ok;

	ok = !ioctl(td->vcpu[0].fd, KVM_RUN, 0);
	ok = ok && vcpu_stat(td, "io_exits") == 1 &&
	     vcpu_stat(td, "exits") > 0;
	if (!ok)
		ktap_note("io %lld exits %lld", vcpu_stat(td, "io_exits"),
			  vcpu_stat(td, "exits"));
	td_destroy(td);
	ktap_result(ok, "%s", __func__);
}

/* GUEST_ACCEPT's pages are not there yet when it accepts them. */
static void private_faults_are_counted_as_page_faults(void)
{
	struct td *td = td_ready(1, GUEST_ACCEPT);
	long long ours, taken, fixed;

	ioctl(td->vcpu[0].fd, KVM_RUN, 0);
	ours = td_stat(td, "private_faults");
	taken = vcpu_stat(td, "pf_taken");
	fixed = vcpu_stat(td, "pf_fixed");
	if (ours <= 0 || taken < ours || fixed <= 0)
		ktap_note("private %lld taken %lld fixed %lld", ours, taken, fixed);
	td_destroy(td);
	ktap_result(ours > 0 && taken >= ours && fixed > 0, "%s", __func__);
}

/* GUEST_TIMER halts until its timer's interrupt, and reports. */
static bool runs_to_its_end(struct td_vcpu *vcpu)
{
	unsigned int exits = 0;
	bool ok;

	do {
		ok = !ioctl(vcpu->fd, KVM_RUN, 0) &&
		     vcpu->run->exit_reason == KVM_EXIT_IO;
	} while (ok && vcpu->run->io.port != PORT_DONE && ++exits < 100);
	if (!ok || exits == 100)
		ktap_note("exit_reason %u errno %d", vcpu->run->exit_reason, errno);
	return ok && exits < 100;
}

/*
 * tdx_sync_pir_to_irr() answers with the highest vector there is, which passes
 * apic_has_interrupt_for_ppr() as long as the priority of KVM's own APIC is
 * zero.  So nobody may raise it.
 */
static void nobody_raises_the_priority_of_a_tds_apic(void)
{
	struct td *td = td_ready(1, GUEST_TIMER);
	struct td_vcpu *vcpu = &td->vcpu[0];
	struct kvm_lapic_state lapic = {};
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry msr;
	} tpr = { .head.nmsrs = 1, .msr = { .index = 0x808, .data = 0xff } };
	struct kvm_sregs sregs = { .cr8 = 15 };
	bool ok;

	memset(lapic.regs + 0x80, 0xff, 4);
	ok = ioctl(vcpu->fd, KVM_SET_LAPIC, &lapic) < 0 && errno == EINVAL;
	ok = ioctl(vcpu->fd, KVM_SET_MSRS, &tpr) == 0 && ok;
	ok = ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) < 0 && errno == EINVAL && ok;
	vcpu->run->cr8 = 15;
	vcpu->run->s.regs.sregs.cr8 = 15;
	vcpu->run->kvm_dirty_regs = KVM_SYNC_X86_SREGS;
	ok = ioctl(vcpu->fd, KVM_RUN, 0) < 0 && errno == EINVAL && ok;
	vcpu->run->kvm_dirty_regs = 0;
	ok = runs_to_its_end(vcpu) && ok;
	td_destroy(td);
	ktap_result(ok, "%s", __func__);
}

#define TRACING		"/sys/kernel/debug/tracing/"
#define EVENT		"kvm_wait_lapic_expire"

static bool was_traced(const char *event)
{
	FILE *f = fopen(TRACING "trace", "r");
	bool found = false;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		found |= line[0] != '#' && strstr(line, event);
	if (f)
		fclose(f);
	return found;
}

/*
 * KVM has the timer expire early by what it takes to get into the guest, and
 * waits for the rest before it enters.  td_calls sees that no interrupt is early.
 */
static void the_timers_advance_is_waited_out(void)
{
	struct td *td;
	bool ok;

	if (!write_file(TRACING "events/kvm/" EVENT "/enable", "1")) {
		ktap_skip(__func__, "no tracing");
		return;
	}
	td = td_ready(1, GUEST_TIMER);
	ok = runs_to_its_end(&td->vcpu[0]);
	td_destroy(td);
	write_file(TRACING "events/kvm/" EVENT "/enable", "0");
	ktap_result(ok && was_traced(EVENT ":"), "%s", __func__);
}

/* The module's status goes to user space, which may try again. */
static void finalize_tells_that_the_module_is_busy(void)
{
	struct td *td = td_create();
	int ret, err, armed;
	u64 hw_error = 0;

	td_split_irqchip(td);
	td_init_vm(td);
	td_add_vcpu(td);
	td_init_vcpus(td, 0);
	armed = inject("MR.FINALIZE status=OPERAND_BUSY operand=TDR rate=100%");
	ret = td_try_cmd(td->fd, KVM_TDX_FINALIZE_VM, 0, NULL, &hw_error);
	err = errno;
	inject("clear");
	ktap_result(armed && ret && err == EBUSY &&
		    hw_error >> 32 == OPERAND_BUSY, "%s: errno %d, hw_error %llx",
		    __func__, ret ? err : 0, (unsigned long long)hw_error);
	ret = td_try_cmd(td->fd, KVM_TDX_FINALIZE_VM, 0, NULL, &hw_error);
	ktap_result(!ret && !hw_error, "finalize_works_once_it_is_not");
	td_destroy(td);
}

static const struct ktap_test tests[] = {
	TEST(a_machine_check_in_a_td_is_the_hosts),
	TEST(a_machine_check_during_an_entry_is_the_hosts),
	TEST(an_nmi_in_a_td_is_the_hosts),
	TEST(an_nmi_that_comes_with_the_end_of_a_vcpu_is_the_hosts),
	TEST(an_entry_that_failed_is_reported_as_such),
	TEST(a_triple_fault_is_a_shutdown_with_any_status),
	TEST(an_exception_of_the_guest_goes_to_user_space),
	TEST(an_ept_misconfiguration_ends_the_td),
	TEST(a_fetch_from_shared_memory_ends_the_td),
	TEST(a_notify_exit_is_counted),
	TEST(a_notify_exit_with_an_invalid_context_goes_to_user_space),
	TEST(a_bus_lock_exit_goes_to_user_space),
	TEST(a_bus_lock_beside_another_exit_goes_to_user_space),
	TEST(exits_are_counted_as_for_other_vms),
	TEST(private_faults_are_counted_as_page_faults),
	TEST(nobody_raises_the_priority_of_a_tds_apic),
	TEST(the_timers_advance_is_waited_out),
	TEST(finalize_tells_that_the_module_is_busy),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (!why && access(SWMOD_INJECT, W_OK))
		why = "not the software module";
	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
