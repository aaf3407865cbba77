// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ordinary VM, not a TD: one vCPU in real mode that executes HLT.  Exit status 0: it
 * has done so.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define CODE	0x1000
#define HLT	0xf4

/* A negative @result ends the program. */
static int must(const char *what, int result)
{
	if (result < 0)
		perror(what);
	return result;
}

static int run(int vm, struct kvm_run *vcpu_run, int vcpu)
{
	struct kvm_userspace_memory_region slot = {
		.guest_phys_addr = CODE, .memory_size = 0x1000,
	};
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };
	char *page = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || vcpu_run == MAP_FAILED)
		return 1;
	*page = (char)HLT;
	slot.userspace_addr = (unsigned long)page;
	if (must("slot", ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot)) < 0 ||
	    must("get sregs", ioctl(vcpu, KVM_GET_SREGS, &sregs)) < 0)
		return 1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (must("set sregs", ioctl(vcpu, KVM_SET_SREGS, &sregs)) < 0 ||
	    must("set regs", ioctl(vcpu, KVM_SET_REGS, &regs)) < 0 ||
	    must("run", ioctl(vcpu, KVM_RUN, 0)) < 0)
		return 1;
	if (vcpu_run->exit_reason == KVM_EXIT_HLT)
		return 0;
	fprintf(stderr, "KVM_RUN ended for reason %u\n", vcpu_run->exit_reason);
	return 1;
}

int main(void)
{
	int kvm, vm, vcpu, size;

	kvm = must("/dev/kvm", open("/dev/kvm", O_RDWR));
	vm = kvm < 0 ? -1 : must("create VM", ioctl(kvm, KVM_CREATE_VM, 0));
	vcpu = vm < 0 ? -1 : must("create vCPU", ioctl(vm, KVM_CREATE_VCPU, 0));
	if (vcpu < 0)
		return 1;
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	return run(vm, mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0), vcpu);
}
