// SPDX-License-Identifier: GPL-2.0-only
/* The vCPU threads: enter the TD, serve its exits, decide when it is done. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "dev.h"
#include "gdb.h"
#include "vm.h"

#define KICK_SIGNAL	SIGUSR1
#define BP_VECTOR	3
/* Busy for less than this share of the time is idle. */
#define IDLE_SHARE	0.5

void run_end(struct vm *vm, enum vm_outcome outcome, const char *fmt, ...)
{
	va_list args;

	if (vm->outcome != VM_RUNNING)
		return;
	va_start(args, fmt);
	vsnprintf(vm->reason, sizeof(vm->reason), fmt, args);
	va_end(args);
	vm->outcome = outcome;
	pthread_cond_broadcast(&vm->changed);
}

static void exit_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	u8 *data = (u8 *)run + run->io.data_offset;
	unsigned int size = run->io.size;
	u32 i, val;

	for (i = 0; i < run->io.count; i++, data += size) {
		val = 0;
		if (run->io.direction == KVM_EXIT_IO_IN) {
			val = io_in(vcpu->vm, run->io.port, size);
			memcpy(data, &val, size);
		} else {
			memcpy(&val, data, size);
			io_out(vcpu->vm, run->io.port, size, val);
		}
	}
}

static void exit_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	u64 gpa = run->mmio.phys_addr & ~TD_SHARED_BIT;
	unsigned int len = run->mmio.len;
	u64 val = 0;

	if (len > sizeof(val))
		len = sizeof(val);
	if (run->mmio.is_write) {
		memcpy(&val, run->mmio.data, len);
		mmio_out(vcpu->vm, gpa, len, val);
	} else {
		val = mmio_in(vcpu->vm, gpa, len);
		memcpy(run->mmio.data, &val, len);
	}
}

/* The guest asked for a conversion (MapGPA). */
static void exit_hypercall(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct vm *vm = vcpu->vm;
	int ret;

	if (run->hypercall.nr != KVM_HC_MAP_GPA_RANGE) {
		run->hypercall.ret = -EINVAL;
		return;
	}
	vm->stats.on_request++;
	ret = memory_convert(vm, run->hypercall.args[0],
			     run->hypercall.args[1] * VM_PAGE_SIZE,
			     run->hypercall.args[2] &
			     KVM_MAP_GPA_RANGE_ENCRYPTED);
	if (ret && vm->verbose)
		fprintf(stderr, "tdxrun: MapGPA %#llx, %llu pages: %s\n",
			(unsigned long long)run->hypercall.args[0],
			(unsigned long long)run->hypercall.args[1],
			strerror(-ret));
	run->hypercall.ret = ret < 0 ? -EINVAL : 0;
}

/* The guest used a page as what it is not: make it so. */
static void exit_memory_fault(struct vcpu *vcpu)
{
	const struct exit_memory_fault *f = kvm_exit_payload(vcpu->run);
	bool private = f->flags & KVM_MEMORY_EXIT_FLAG_PRIVATE;
	struct vm *vm = vcpu->vm;
	int ret;

	vm->stats.on_fault++;
	ret = memory_convert(vm, f->gpa, f->size, private);
	if (ret)
		run_end(vm, VM_FAILED, "vCPU %u: no memory for a %s access to %#llx",
			vcpu->id, private ? "private" : "shared",
			(unsigned long long)f->gpa);
}

/* What user space does not serve keeps the answer that KVM has preset. */
static void exit_tdx(struct vcpu *vcpu)
{
	struct kvm_tdx_exit *tdx = kvm_exit_payload(vcpu->run);
	struct quote *quote = &vcpu->vm->quote;

	if (tdx->nr == TDVMCALL_GET_QUOTE)
		tdx->u.get_quote.ret = quote_get(quote, tdx->u.get_quote.gpa,
						 tdx->u.get_quote.size);
	else if (tdx->nr == TDVMCALL_SETUP_EVENT_NOTIFY)
		tdx->u.setup_event_notify.ret =
			quote_set_vector(quote, vcpu->id,
					 tdx->u.setup_event_notify.vector);
	else if (vcpu->vm->verbose)
		fprintf(stderr, "tdxrun: vCPU %u: TDVMCALL %#llx\n", vcpu->id,
			(unsigned long long)tdx->nr);
}

/*
 * The guest's registers in the CPU's order.  R12 is the error code; the
 * others may hold text, in the order that the GHCI gives.
 */
static void exit_system_event(struct vcpu *vcpu)
{
	static const u8 text_regs[] = { 14, 15, 3, 7, 6, 8, 9, 2 };
	struct kvm_run *run = vcpu->run;
	char text[sizeof(text_regs) * 8 + 1] = "";
	unsigned int i;

	if (run->system_event.type != KVM_SYSTEM_EVENT_TDX_FATAL) {
		run_end(vcpu->vm, VM_FAILED, "vCPU %u: system event %u",
			vcpu->id, run->system_event.type);
		return;
	}
	for (i = 0; i < sizeof(text_regs); i++)
		memcpy(text + i * 8, &run->system_event.data[text_regs[i]], 8);
	for (i = 0; text[i]; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '.';
	run_end(vcpu->vm, VM_FAILED, "vCPU %u: the guest reports fatal error %#llx \"%s\"",
		vcpu->id, (unsigned long long)run->system_event.data[12],
		text);
}

static void exit_other(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct vm *vm = vcpu->vm;

	switch (run->exit_reason) {
	case KVM_EXIT_SHUTDOWN:
		run_end(vm, VM_FAILED, "vCPU %u: triple fault", vcpu->id);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		run_end(vm, VM_FAILED, "vCPU %u: entry failed, reason %#llx",
			vcpu->id, (unsigned long long)
			run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		run_end(vm, VM_FAILED, "vCPU %u: KVM internal error %u, data %#llx %#llx",
			vcpu->id, run->internal.suberror,
			(unsigned long long)run->internal.data[0],
			(unsigned long long)run->internal.data[1]);
		break;
	default:
		run_end(vm, VM_FAILED, "vCPU %u: unexpected exit %u",
			vcpu->id, run->exit_reason);
	}
}

static void count_exit(struct vm *vm, u32 reason)
{
	if (reason < ARRAY_SIZE(vm->stats.exits))
		vm->stats.exits[reason]++;
	else
		vm->stats.unknown_exits++;
}

static void handle_exit(struct vcpu *vcpu)
{
	count_exit(vcpu->vm, vcpu->run->exit_reason);
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		exit_io(vcpu);
		break;
	case KVM_EXIT_MMIO:
		exit_mmio(vcpu);
		break;
	case KVM_EXIT_HYPERCALL:
		exit_hypercall(vcpu);
		break;
	case KVM_EXIT_MEMORY_FAULT:
		exit_memory_fault(vcpu);
		break;
	case KVM_EXIT_TDX:
		exit_tdx(vcpu);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		exit_system_event(vcpu);
		break;
	case KVM_EXIT_IOAPIC_EOI:
		break;
	case KVM_EXIT_DEBUG:
		gdb_stopped(vcpu, vcpu->run->debug.arch.exception == BP_VECTOR);
		break;
	default:
		exit_other(vcpu);
	}
}

/* A memory fault is the one exit that comes with an error. */
static bool run_once(struct vcpu *vcpu)
{
	int ret = ioctl(vcpu->fd, KVM_RUN, 0);
	int error = errno;

	if (ret && (error == EINTR || error == EAGAIN))
		return true;

	pthread_mutex_lock(&vcpu->vm->lock);
	if (ret && !(error == EFAULT &&
		     vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT))
		run_end(vcpu->vm, VM_FAILED, "vCPU %u: KVM_RUN: %s", vcpu->id,
			strerror(error));
	else
		handle_exit(vcpu);
	ret = vcpu->vm->outcome == VM_FAILED;
	pthread_mutex_unlock(&vcpu->vm->lock);
	return !ret;
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;

	do
		gdb_before_run(vcpu);
	while (!vcpu->vm->stop && run_once(vcpu));
	return NULL;
}

static void on_kick(int sig)
{
	(void)sig;
}

void run_start(struct vm *vm)
{
	struct sigaction action = { .sa_handler = on_kick };
	unsigned int i;
	int ret;

	sigaction(KICK_SIGNAL, &action, NULL);
	for (i = 0; i < vm->nr_vcpus; i++) {
		ret = pthread_create(&vm->vcpus[i].thread, NULL, vcpu_thread,
				     &vm->vcpus[i]);
		if (ret)
			die(EXIT_FAILED, "thread of vCPU %u: %s", i,
			    strerror(ret));
	}
}

/* immediate_exit closes the gap between the test of @stop and KVM_RUN. */
void run_stop(struct vm *vm)
{
	unsigned int i;

	vm->stop = true;
	for (i = 0; i < vm->nr_vcpus; i++) {
		vm->vcpus[i].run->immediate_exit = 1;
		pthread_kill(vm->vcpus[i].thread, KICK_SIGNAL);
	}
	for (i = 0; i < vm->nr_vcpus; i++)
		pthread_join(vm->vcpus[i].thread, NULL);
}

static double busy_seconds(const struct vm *vm)
{
	struct timespec t;
	clockid_t clock;
	double sum = 0;
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		if (pthread_getcpuclockid(vm->vcpus[i].thread, &clock) ||
		    clock_gettime(clock, &t))
			continue;
		sum += t.tv_sec + t.tv_nsec / 1e9;
	}
	return sum;
}

/*
 * Since the last call, has the TD been halted most of the time?  KVM serves
 * HLT, so no exit tells; the threads' CPU time does.
 */
bool run_is_idle(struct vm *vm)
{
	static double last_busy, last_time;
	double busy = busy_seconds(vm), now, share;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec + t.tv_nsec / 1e9;
	share = (busy - last_busy) / (now - last_time);
	last_busy = busy;
	last_time = now;
	return share < IDLE_SHARE;
}
