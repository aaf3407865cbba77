// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's whole life while the module answers BUSY to 1, 10 and 50 percent of
 * the calls of one leaf, for each leaf that such a life makes: memory and the
 * counts of pages end as without, and nothing is lost.
 *
 * Every CPU has a vCPU.  A life is: build and populate, map large pages, accept
 * small ones and write, let the host punch holes, convert by asking and by
 * touching, accept anew, compare; then let all of it go, and map it large again.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest.h"
#include "td_lib.h"
#include "td_swmod.h"

#define DATA_SLOT	2
#define REPORT_SLOT	3
/* Each vCPU has 2 MiB, and uses what is around 1 MiB. */
#define DATA_GPA	0x10000000UL
#define DATA_GVA	0x10000000UL
#define SHARED_GVA	0x20000000UL
#define REPORT_GPA	0x30000000UL
#define REPORT_GVA	0x30000000UL
#define AREA		0x200000UL
#define OFFSET		0x100000UL
#define PAGE		0x1000UL
#define MAX_VCPUS	4

#define PAGES		16
/* Of these pages: */
#define PUNCHED		4
#define ASKED		8
#define TOUCHED		12

/* --- the guest --- */

static u64 offset_of(u64 vcpu, u64 page)
{
	return vcpu * AREA + OFFSET + page * PAGE;
}

static u64 *private_page(u64 vcpu, u64 page)
{
	return (u64 *)(DATA_GVA + offset_of(vcpu, page));
}

static u64 *shared_page(u64 vcpu, u64 page)
{
	return (u64 *)(SHARED_GVA + offset_of(vcpu, page));
}

static u64 pattern(u64 vcpu, u64 page, u64 round)
{
	return 0x0123456789abcdefULL * (1 + vcpu * 64 + page) + round;
}

static u64 accept(u64 gpa)
{
	u64 status;

	do {
		status = tdg_accept(gpa) & TDG_STATUS_MASK;
	} while (status == TDG_OPERAND_BUSY);
	return status;
}

/* Accept what is new, and find it empty. */
static void take(u64 vcpu, u64 page, u64 round)
{
	TD_GUEST_ASSERT(!accept(DATA_GPA + offset_of(vcpu, page)));
	TD_GUEST_ASSERT(READ_ONCE(*private_page(vcpu, page)) == 0);
	WRITE_ONCE(*private_page(vcpu, page), pattern(vcpu, page, round));
}

static void convert_by_asking(u64 vcpu)
{
	u64 gpa = DATA_GPA + offset_of(vcpu, ASKED), i;

	TD_GUEST_ASSERT(!tdg_map_gpa(gpa | TD_SHARED_BIT, 4 * PAGE));
	for (i = ASKED; i < ASKED + 4; i++)
		WRITE_ONCE(*shared_page(vcpu, i), pattern(vcpu, i, 2));
	td_sync(2);
	for (i = ASKED; i < ASKED + 4; i++)
		TD_GUEST_ASSERT(READ_ONCE(*shared_page(vcpu, i)) ==
				pattern(vcpu, i, 3));
	TD_GUEST_ASSERT(!tdg_map_gpa(gpa, 2 * PAGE));
	take(vcpu, ASKED, 4);
	take(vcpu, ASKED + 1, 4);
}

static void convert_by_touching(u64 vcpu)
{
	WRITE_ONCE(*shared_page(vcpu, TOUCHED), pattern(vcpu, TOUCHED, 5));
	TD_GUEST_ASSERT(READ_ONCE(*shared_page(vcpu, TOUCHED)) ==
			pattern(vcpu, TOUCHED, 5));
	take(vcpu, TOUCHED, 6);
}

/* All private pages, in order. */
static u64 digest(u64 vcpu)
{
	u64 i, sum = 0;

	for (i = 0; i < PAGES; i++)
		if (i < ASKED + 2 || i >= ASKED + 4)
			sum = sum * 31 + READ_ONCE(*private_page(vcpu, i));
	return sum;
}

static void guest_code(u64 vcpu)
{
	u64 i;

	for (i = 0; i < PAGES; i++)
		take(vcpu, i, 0);
	td_sync(1);
	for (i = PUNCHED; i < PUNCHED + 4; i++)
		take(vcpu, i, 1);
	convert_by_asking(vcpu);
	convert_by_touching(vcpu);
	for (i = 0; i < PUNCHED; i++)
		TD_GUEST_ASSERT(READ_ONCE(*private_page(vcpu, i)) ==
				pattern(vcpu, i, 0));
	WRITE_ONCE(((u64 *)REPORT_GVA)[vcpu], digest(vcpu));
	td_done();
}

/* --- the host --- */

/* What a life ends with. */
struct end {
	bool whole;
	u64 digest[MAX_VCPUS], shared[MAX_VCPUS];
	long pages, held, leaked;
};

static int nr_vcpus;
static struct end *end;

struct runner {
	pthread_t thread;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	u64 id;
	bool ok;
};

static u64 *host_page(struct runner *r, u64 page)
{
	return addr_gpa2hva(r->vm, DATA_GPA + offset_of(r->id, page));
}

static bool serve_sync(struct runner *r, u32 step)
{
	u64 i;

	if (step == 1) {
		vm_guest_mem_punch_hole(r->vm, DATA_GPA +
					offset_of(r->id, PUNCHED), 4 * PAGE);
		return true;
	}
	for (i = ASKED; i < ASKED + 4; i++) {
		if (*host_page(r, i) != pattern(r->id, i, 2))
			return false;
		*host_page(r, i) = pattern(r->id, i, 3);
	}
	return step == 2;
}

static void *run_vcpu(void *arg)
{
	struct runner *r = arg;
	struct td_event event;
	bool ok = true;

	while (ok) {
		event = td_run(r->vcpu);
		if (event.kind == TD_EVENT_DONE)
			break;
		if (event.kind == TD_EVENT_SYNC)
			ok = serve_sync(r, event.val);
		else if (event.kind == TD_EVENT_MAP_GPA ||
			 event.kind == TD_EVENT_MEMORY_FAULT)
			td_convert(r->vm, &event);
		else
			ok = false;
	}
	if (!ok)
		ksft_print_msg("vCPU %lu: event %u, value %u\n", r->id,
			       event.kind, event.val);
	r->ok = ok;
	return NULL;
}

static struct kvm_vm *build(struct runner *runners)
{
	struct kvm_vm *vm = td_create();
	int i;

	td_add_memory(vm, DATA_GPA, DATA_SLOT, nr_vcpus * AREA / PAGE);
	td_add_memory(vm, REPORT_GPA, REPORT_SLOT, 1);
	vm_mem_set_shared(vm, REPORT_GPA, PAGE);
	for (i = 0; i < nr_vcpus; i++) {
		u64 at = offset_of(i, 0);

		virt_map(vm, DATA_GVA + at, DATA_GPA + at, PAGES);
		virt_map(vm, SHARED_GVA + at, (DATA_GPA + at) | TD_SHARED_BIT,
			 PAGES);
	}
	virt_map(vm, REPORT_GVA, REPORT_GPA | TD_SHARED_BIT, 1);
	for (i = 0; i < nr_vcpus; i++) {
		runners[i].vm = vm;
		runners[i].id = i;
		runners[i].vcpu = td_add_vcpu_with_code(vm, i, guest_code);
	}
	td_finalize(vm);
	return vm;
}

/* A vCPU's 2 MiB, as one if that is possible. */
static bool map_area(struct runner *r)
{
	struct kvm_pre_fault_memory range = {
		.gpa = DATA_GPA + r->id * AREA, .size = AREA,
	};
	int ret;

	do {
		ret = ioctl(r->vcpu->fd, KVM_PRE_FAULT_MEMORY, &range);
	} while (!ret && range.size);
	return !ret;
}

static bool map_anew(struct runner *r)
{
	u64 gpa = DATA_GPA + r->id * AREA;

	vm_guest_mem_punch_hole(r->vm, gpa, AREA);
	vm_mem_set_private(r->vm, gpa, AREA);
	return map_area(r);
}

static void live(void)
{
	struct runner runners[MAX_VCPUS] = {};
	struct kvm_vm *vm = build(runners);
	bool ok = true;
	int i;

	for (i = 0; i < nr_vcpus; i++)
		ok &= map_area(&runners[i]);
	for (i = 0; i < nr_vcpus; i++)
		pthread_create(&runners[i].thread, NULL, run_vcpu, &runners[i]);
	for (i = 0; i < nr_vcpus; i++) {
		pthread_join(runners[i].thread, NULL);
		ok &= runners[i].ok;
		end->digest[i] = ((u64 *)addr_gpa2hva(vm, REPORT_GPA))[i];
		end->shared[i] = *host_page(&runners[i], ASKED + 2);
		ok &= map_anew(&runners[i]);
	}
	end->pages = td_kvm_count(vm, "pages_4k") +
		     512 * td_kvm_count(vm, "pages_2m");
	end->held = td_kvm_count(vm, "pages_held");
	end->leaked = td_kvm_count(vm, "pages_leaked");
	kvm_vm_free(vm);
	end->whole = ok;
}

/* In a process of its own: what fails there ends only this life. */
static struct end one_life(void)
{
	int status = -1;
	pid_t pid;

	memset(end, 0, sizeof(*end));
	fflush(stdout);
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork");
	if (!pid) {
		live();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	end->whole &= WIFEXITED(status) && !WEXITSTATUS(status);
	return *end;
}

/* --- leaf by leaf --- */

#define MAX_LEAVES	64
#define MAX_SEEDS	20

static char leaves[MAX_LEAVES][64];
static int nr_leaves;
static struct end normal;

/*
 * The module is brought up once, before this program starts; of the others,
 * each is tried that the life without faults has made.
 */
static void note_leaf(const char *leaf, void *data)
{
	if (strncmp(leaf, "TDH.SYS.", 8) && strncmp(leaf, "TDG.", 4) &&
	    nr_leaves < MAX_LEAVES)
		strcpy(leaves[nr_leaves++], leaf);
}

static bool same(const char *leaf, int rate, const struct end *now)
{
	if (!memcmp(now, &normal, sizeof(normal)))
		return true;
	ksft_print_msg("%s busy at %d %%: %s, %ld pages and not %ld, %ld held, %ld leaked\n",
		       leaf, rate, now->whole ? "whole" : "not whole",
		       now->pages, normal.pages, now->held, now->leaked);
	return false;
}

/* A leaf that is called once may get away: then with another seed. */
static bool busy_at(const char *leaf, int rate, long *fired)
{
	int seed = 0;
	bool ok = true;
	struct end now;

	do {
		swmod_inject("%s status=OPERAND_BUSY operand=RCX rate=%d%% seed=%d",
			     leaf, rate, ++seed);
		now = one_life();
		*fired = swmod_fired();
		swmod_clear();
		ok = same(leaf, rate, &now);
	} while (ok && rate == 50 && !*fired && seed < MAX_SEEDS);
	return ok && (rate < 50 || *fired);
}

static void test_leaf(const char *leaf)
{
	static const int rates[] = { 1, 10, 50 };
	long fired[ARRAY_SIZE(rates)];
	bool ok = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		ok &= busy_at(leaf, rates[i], &fired[i]);
	ksft_test_result(ok, "%s busy at 1, 10, 50 %%: %ld, %ld, %ld times\n",
			 leaf, fired[0], fired[1], fired[2]);
}

int main(int argc, char **argv)
{
	int i;

	td_require();
	ksft_print_header();
	if (!swmod_there())
		ksft_exit_skip("no software TDX module\n");
	end = mmap(NULL, sizeof(*end), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	nr_vcpus = min(sysconf(_SC_NPROCESSORS_ONLN), (long)MAX_VCPUS);

	normal = one_life();
	swmod_each_leaf(note_leaf, NULL);
	/* The guest tries again by itself. */
	strcpy(leaves[nr_leaves++], "TDG.MEM.PAGE.ACCEPT");
	if (argc > 1) {
		strcpy(leaves[0], argv[1]);
		nr_leaves = 1;
	}
	ksft_set_plan(nr_leaves + 2);
	ksft_test_result(normal.whole && !normal.held && !normal.leaked,
			 "%d vCPUs without faults: %ld pages at the end\n",
			 nr_vcpus, normal.pages);
	for (i = 0; i < nr_leaves; i++)
		test_leaf(leaves[i]);
	ksft_test_result(!swmod_tds(), "the module has no TD left\n");
	ksft_finished();
}
