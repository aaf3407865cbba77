// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD with one vCPU: it accepts a page, writes it and reads it back after the
 * host has zapped another one; converts a page to shared, exchanges data with
 * the host, and takes it back; converts by touching alone.
 */
#include "kselftest.h"
#include "td_lib.h"

#define DATA_SLOT	2
#define DATA_GPA	0x10000000ULL
#define DATA_GVA	0x10000000ULL
#define SHARED_GVA	0x20000000ULL
#define DATA_PAGES	8

enum { PAGE_KEPT, PAGE_ZAPPED, PAGE_SHARED, PAGE_IMPLICIT };

#define GPA(page)	(DATA_GPA + (page) * 0x1000ULL)
#define PRIVATE(page)	((u64 *)(DATA_GVA + (page) * 0x1000ULL))
#define SHARED(page)	((u64 *)(SHARED_GVA + (page) * 0x1000ULL))

#define PATTERN		0x0123456789abcdefULL
#define FROM_GUEST	0x6775657374ULL
#define FROM_HOST	0x686f7374ULL

static void use_private_pages(void)
{
	TD_GUEST_ASSERT(!tdg_accept(GPA(PAGE_KEPT)));
	TD_GUEST_ASSERT(!tdg_accept(GPA(PAGE_ZAPPED)));
	TD_GUEST_ASSERT(READ_ONCE(*PRIVATE(PAGE_KEPT)) == 0);
	WRITE_ONCE(*PRIVATE(PAGE_KEPT), PATTERN);
	WRITE_ONCE(*PRIVATE(PAGE_ZAPPED), PATTERN);
	td_sync(1);

	/* The host has zapped the other page. */
	TD_GUEST_ASSERT(READ_ONCE(*PRIVATE(PAGE_KEPT)) == PATTERN);
	TD_GUEST_ASSERT((tdg_accept(GPA(PAGE_KEPT)) & TDG_STATUS_MASK) ==
			TDG_ALREADY_ACCEPTED);
	td_sync(2);

	/* A page that comes back comes back empty, and has to be accepted. */
	TD_GUEST_ASSERT(!tdg_accept(GPA(PAGE_ZAPPED)));
	TD_GUEST_ASSERT(READ_ONCE(*PRIVATE(PAGE_ZAPPED)) == 0);
	td_sync(3);
}

static void share_a_page(void)
{
	TD_GUEST_ASSERT(!tdg_accept(GPA(PAGE_SHARED)));
	WRITE_ONCE(*PRIVATE(PAGE_SHARED), PATTERN);
	TD_GUEST_ASSERT(!tdg_map_gpa(GPA(PAGE_SHARED) | TD_SHARED_BIT, 0x1000));
	TD_GUEST_ASSERT(READ_ONCE(*SHARED(PAGE_SHARED)) == FROM_HOST);
	WRITE_ONCE(*SHARED(PAGE_SHARED), FROM_GUEST);
	td_sync(4);

	TD_GUEST_ASSERT(READ_ONCE(*SHARED(PAGE_SHARED)) == FROM_HOST);
	TD_GUEST_ASSERT(!tdg_map_gpa(GPA(PAGE_SHARED), 0x1000));
	TD_GUEST_ASSERT(!tdg_accept(GPA(PAGE_SHARED)));
	TD_GUEST_ASSERT(READ_ONCE(*PRIVATE(PAGE_SHARED)) == 0);
	td_sync(5);
}

static void convert_by_touching(void)
{
	WRITE_ONCE(*SHARED(PAGE_IMPLICIT), FROM_GUEST);
	td_sync(6);

	TD_GUEST_ASSERT(!tdg_accept(GPA(PAGE_IMPLICIT)));
	TD_GUEST_ASSERT(READ_ONCE(*PRIVATE(PAGE_IMPLICIT)) == 0);
	td_sync(7);
}

static void guest_code(void)
{
	use_private_pages();
	share_a_page();
	convert_by_touching();
	td_done();
}

static u64 *host_page(struct kvm_vm *vm, int page)
{
	return addr_gpa2hva(vm, GPA(page));
}

/* The next event is this conversion; do it. */
static bool convert_next(struct kvm_vm *vm, struct kvm_vcpu *vcpu,
			 enum td_event_kind kind, int page, bool private)
{
	struct td_event event = td_run(vcpu);

	if (event.kind != kind || event.gpa != GPA(page) ||
	    event.size != vm->page_size || event.private != private) {
		ksft_print_msg("event %u, value %u: %s %#lx+%#lx\n", event.kind,
			       event.val, event.private ? "private" : "shared",
			       event.gpa, event.size);
		return false;
	}
	td_convert(vm, &event);
	return true;
}

static void check_private(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	ksft_test_result(td_run_until_sync(vcpu, 1),
			 "guest accepts and writes private pages\n");
	ksft_test_result(*host_page(vm, PAGE_KEPT) == 0,
			 "host does not see what the guest wrote\n");

	vm_guest_mem_punch_hole(vm, GPA(PAGE_ZAPPED), vm->page_size);
	ksft_test_result(td_run_until_sync(vcpu, 2),
			 "page keeps its contents when another is zapped\n");
	ksft_test_result(td_run_until_sync(vcpu, 3),
			 "zapped page comes back empty\n");
}

static void check_shared(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	ksft_test_result(convert_next(vm, vcpu, TD_EVENT_MAP_GPA, PAGE_SHARED,
				      false), "guest asks for a shared page\n");
	*host_page(vm, PAGE_SHARED) = FROM_HOST;
	ksft_test_result(td_run_until_sync(vcpu, 4),
			 "guest reads what the host wrote\n");
	ksft_test_result(*host_page(vm, PAGE_SHARED) == FROM_GUEST,
			 "host reads what the guest wrote\n");

	*host_page(vm, PAGE_SHARED) = FROM_HOST;
	ksft_test_result(convert_next(vm, vcpu, TD_EVENT_MAP_GPA, PAGE_SHARED,
				      true), "guest asks for it back\n");
	ksft_test_result(td_run_until_sync(vcpu, 5),
			 "page that was shared comes back empty\n");
}

static void check_implicit(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	ksft_test_result(convert_next(vm, vcpu, TD_EVENT_MEMORY_FAULT,
				      PAGE_IMPLICIT, false),
			 "shared access to a private page exits\n");
	ksft_test_result(td_run_until_sync(vcpu, 6) &&
			 *host_page(vm, PAGE_IMPLICIT) == FROM_GUEST,
			 "the access works after the conversion\n");
	ksft_test_result(convert_next(vm, vcpu, TD_EVENT_MEMORY_FAULT,
				      PAGE_IMPLICIT, true),
			 "accepting a shared page exits\n");
	ksft_test_result(td_run_until_sync(vcpu, 7),
			 "the page is private after the conversion\n");
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	td_require();
	ksft_print_header();
	ksft_set_plan(14);

	vm = td_create();
	td_add_memory(vm, DATA_GPA, DATA_SLOT, DATA_PAGES);
	virt_map(vm, DATA_GVA, DATA_GPA, DATA_PAGES);
	virt_map(vm, SHARED_GVA, DATA_GPA | TD_SHARED_BIT, DATA_PAGES);
	vcpu = td_add_vcpu_with_code(vm, 0, guest_code);
	td_finalize(vm);

	check_private(vm, vcpu);
	check_shared(vm, vcpu);
	check_implicit(vm, vcpu);
	ksft_test_result(td_run_until_done(vcpu), "guest is done\n");
	kvm_vm_free(vm);
	ksft_finished();
}
