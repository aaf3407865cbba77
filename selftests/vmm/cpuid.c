// SPDX-License-Identifier: GPL-2.0-only
/* Choose the TD's CPUID: what KVM supports, where the module lets us choose. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vm.h"

#define MAX_ENTRIES	256
#define KVM_CPUID_FEATURES	0x40000001
#define CPUID_1_ECX_TSC_DEADLINE	(1U << 24)

static struct kvm_cpuid2 *cpuid_alloc(void)
{
	struct kvm_cpuid2 *cpuid;

	cpuid = calloc(1, sizeof(*cpuid) +
		       MAX_ENTRIES * sizeof(struct kvm_cpuid_entry2));
	if (!cpuid)
		die(EXIT_FAILED, "out of memory");
	cpuid->nent = MAX_ENTRIES;
	return cpuid;
}

/* KVM has it, but reports it by a capability alone. */
static void add_deadline_timer(struct vm *vm, struct kvm_cpuid2 *cpuid)
{
	u32 i;

	if (ioctl(vm->dev, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) <= 0)
		return;
	for (i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= CPUID_1_ECX_TSC_DEADLINE;
}

struct kvm_cpuid2 *cpuid_supported(struct vm *vm)
{
	struct kvm_cpuid2 *cpuid = cpuid_alloc();

	if (ioctl(vm->dev, KVM_GET_SUPPORTED_CPUID, cpuid))
		die(EXIT_FAILED, "KVM_GET_SUPPORTED_CPUID: %s",
		    strerror(errno));
	add_deadline_timer(vm, cpuid);
	return cpuid;
}

static const struct kvm_cpuid_entry2 *find(const struct kvm_cpuid2 *cpuid,
					   u32 function, u32 index)
{
	const struct kvm_cpuid_entry2 *e;

	for (e = cpuid->entries; e < cpuid->entries + cpuid->nent; e++) {
		if (e->function != function)
			continue;
		if (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ||
		    e->index == index)
			return e;
	}
	return NULL;
}

/* @wanted comes in as the mask of configurable bits. */
void cpuid_choose(struct kvm_cpuid2 *wanted, const struct kvm_cpuid2 *supported)
{
	static const struct kvm_cpuid_entry2 none;
	const struct kvm_cpuid_entry2 *s;
	struct kvm_cpuid_entry2 *w;

	for (w = wanted->entries; w < wanted->entries + wanted->nent; w++) {
		/* Mainline takes an entry without the flag for every subleaf. */
		w->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		s = find(supported, w->function, w->index);
		if (!s)
			s = &none;
		if (w->function == 0x80000008)
			w->eax &= (s->eax & ~0xff0000U) | TD_GPAW << 16;
		else
			w->eax &= s->eax;
		w->ebx &= s->ebx;
		w->ecx &= s->ecx;
		w->edx &= s->edx;
	}
}

/*
 * KVM's features that live in guest memory it writes to: a TD's is private,
 * and the module keeps their MSRs from KVM.  kvmclock (0, 3, 24), asynchronous
 * page faults (4, 10, 14), stolen time (5), EOI (6).
 */
static void drop_pv_memory(struct kvm_cpuid_entry2 *e)
{
	if (e->function == KVM_CPUID_FEATURES)
		e->eax &= ~(1U << 0 | 1U << 3 | 1U << 4 | 1U << 5 | 1U << 6 |
			    1U << 10 | 1U << 14 | 1U << 24);
}

/* KVM emulates the local APIC and looks here for what the TD has been told. */
static void set_apic_id(struct kvm_cpuid_entry2 *e, const struct vcpu *vcpu)
{
	if (e->function == 0x1)
		e->ebx = (e->ebx & 0x00ffffff) | vcpu->id << 24;
	else if (e->function == 0xb || e->function == 0x1f)
		e->edx = vcpu->id;
}

static void get_td_cpuid(struct vcpu *vcpu, struct kvm_cpuid2 *cpuid)
{
	struct kvm_tdx_cmd cmd = {
		.id = KVM_TDX_GET_CPUID,
		.data = (uintptr_t)cpuid,
	};

	if (ioctl(vcpu->fd, KVM_MEMORY_ENCRYPT_OP, &cmd))
		die(EXIT_FAILED, "KVM_TDX_GET_CPUID(%u): %s", vcpu->id,
		    strerror(errno));
}

void cpuid_set(struct vcpu *vcpu, const struct kvm_cpuid2 *supported)
{
	struct kvm_cpuid2 *td = cpuid_alloc(), *all = cpuid_alloc();
	const struct kvm_cpuid_entry2 *t;
	struct kvm_cpuid_entry2 *e;
	u32 i;

	get_td_cpuid(vcpu, td);
	all->nent = supported->nent;
	for (i = 0; i < all->nent; i++) {
		e = &all->entries[i];
		*e = supported->entries[i];
		t = find(td, e->function, e->index);
		if (t) {
			e->eax = t->eax;
			e->ebx = t->ebx;
			e->ecx = t->ecx;
			e->edx = t->edx;
		}
		drop_pv_memory(e);
		set_apic_id(e, vcpu);
	}
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, all))
		die(EXIT_FAILED, "KVM_SET_CPUID2(%u): %s", vcpu->id,
		    strerror(errno));
	free(td);
	free(all);
}
