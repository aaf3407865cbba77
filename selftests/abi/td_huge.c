// SPDX-License-Identifier: GPL-2.0-only
/*
 * 2 MiB pages of a running TD: where guest_memfd hands them out, what mapping,
 * converting and tearing them down costs, and what becomes of the rest when a
 * part goes: by ACCEPT, by conversion, by a hole, or because it is poisoned.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "huge.h"

#define PAGES		512ULL
#define SLOT_SIZE	(8ULL * HUGE_PAGE)

#define MAX_FRAGMENTED	(768UL << 20)
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif

#define SIZE_MISMATCH	0xc0000b0bULL

/* Of all VMs, from swmod; -1 without it. */
static long long calls_of(const char *leaf)
{
	char name[64], status[64];
	long long n, sum = 0;
	FILE *f = fopen(SWMOD "leaves", "r");

	if (!f)
		return -1;
	while (fscanf(f, "%63s %63s %lld", name, status, &n) == 3)
		sum += strcmp(name, leaf) ? 0 : n;
	fclose(f);
	return sum;
}

/* --- mapping --- */

static void pre_fault_makes_one_aug_for_2m(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	struct counts before = look(&h), c;
	long ret = pre_fault(&h, HUGE_BASE, SLOT_SIZE);

	c = since(&h, &before);
	note_counts(&c);
	ktap_result(!ret && c.n[AUG] == 8 && c.n[LARGE] == 8 && !c.n[SMALL],
		    "%s: %ld, %lld AUG for 16 MiB", __func__, ret, c.n[AUG]);
	huge_down(&h, SLOT_SIZE);
}

static void accept_of_2m_is_one_fault(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	struct counts before = look(&h), c;
	u64 status = accept_at(&h, HUGE_BASE, 1), last = HUGE_BASE + HUGE_PAGE - PAGE;
	bool ok;

	ok = write_page(&h, HUGE_BASE) && write_page(&h, last) &&
	     reads_back(&h, HUGE_BASE) && reads_back(&h, last);
	c = since(&h, &before);
	note_counts(&c);
	ktap_result(!status && ok && c.n[AUG] == 1 && c.n[LARGE] == 1,
		    "%s: status %llx", __func__, (unsigned long long)status);
	huge_down(&h, SLOT_SIZE);
}

static void accept_of_4k_demotes_a_pending_2m(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	u64 page, bad = 0, status;
	struct counts before, c;

	pre_fault(&h, HUGE_BASE, HUGE_PAGE);
	before = look(&h);
	status = accept_at(&h, HUGE_BASE + 7 * PAGE, 0);
	c = since(&h, &before);
	note_counts(&c);
	ktap_result(!status && c.n[DEMOTE] == 1 && c.n[BLOCK] == 1 &&
		    c.n[TRACK] == 1 && c.n[SMALL] == 512 && c.n[LARGE] == -1,
		    "%s: status %llx", __func__, (unsigned long long)status);

	for (page = 0; page < PAGES; page++)
		bad += page != 7 && accept_at(&h, HUGE_BASE + page * PAGE, 0);
	c = since(&h, &before);
	ktap_result(!bad && !c.n[AUG] && c.n[DEMOTE] == 1,
		    "rest_of_a_demoted_2m_is_there: %llu bad",
		    (unsigned long long)bad);
	huge_down(&h, SLOT_SIZE);
}

static void accept_of_2m_on_small_pages_is_a_size_mismatch(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	u64 first = accept_at(&h, HUGE_BASE + PAGE, 0);
	u64 second = accept_at(&h, HUGE_BASE, 1);
	u64 third = accept_at(&h, HUGE_BASE, 0);

	ktap_result(!first && second >> 32 == SIZE_MISMATCH && !third,
		    "%s: %llx %llx %llx", __func__, (unsigned long long)first,
		    (unsigned long long)second, (unsigned long long)third);
	huge_down(&h, SLOT_SIZE);
}

static void mixed_range_has_small_pages(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	struct counts before, c;
	u64 status;

	td_set_private(h.td, HUGE_BASE + 9 * PAGE, PAGE, false);
	before = look(&h);
	status = accept_at(&h, HUGE_BASE, 1);
	c = since(&h, &before);
	ktap_result(status >> 32 == SIZE_MISMATCH && c.n[SMALL] == 1 &&
		    !c.n[LARGE], "%s: status %llx", __func__,
		    (unsigned long long)status);
	huge_down(&h, SLOT_SIZE);
}

/* --- where 2 MiB do not fit --- */

/* Pages from @gpa on that fit @size, in a slot at @base and @offset. */
static void expect_small(const char *name, u64 base, u64 size, u64 offset,
			 u64 gpa, u64 length, long long small, long long large)
{
	struct huge h = huge_up(base, size, offset);
	struct counts before = look(&h), c;
	long ret = pre_fault(&h, gpa, length);
	u64 status = accept_at(&h, gpa, 0);
	bool ok = write_page(&h, gpa) && reads_back(&h, gpa);

	c = since(&h, &before);
	note_counts(&c);
	ktap_result(!ret && !status && ok && c.n[SMALL] == small &&
		    c.n[LARGE] == large, "%s: %ld, status %llx", name, ret,
		    (unsigned long long)status);
	huge_down(&h, size);
}

static void slot_out_of_step_with_its_file_has_small_pages(void)
{
	expect_small(__func__, HUGE_BASE, 2 * HUGE_PAGE, 16 * PAGE, HUGE_BASE,
		     HUGE_PAGE, 512, 0);
}

static void slot_in_step_with_its_file_has_large_pages(void)
{
	/* The accepted page is in the small part. */
	expect_small(__func__, HUGE_BASE + 16 * PAGE, 2 * HUGE_PAGE, 16 * PAGE,
		     HUGE_BASE + 16 * PAGE, 2 * HUGE_PAGE - 16 * PAGE,
		     PAGES - 16, 1);
}

static void end_of_a_slot_has_small_pages(void)
{
	expect_small(__func__, HUGE_BASE, HUGE_PAGE + 3 * PAGE, 0,
		     HUGE_BASE + HUGE_PAGE, 3 * PAGE, 3, 0);
}

static void parameter_turns_it_off(void)
{
	static const char path[] = "/sys/module/kvm/parameters/tdx_huge_pages";

	if (!write_file(path, "0")) {
		ktap_result(false, "%s: no %s", __func__, path);
		return;
	}
	expect_small(__func__, HUGE_BASE, SLOT_SIZE, 0, HUGE_BASE, HUGE_PAGE,
		     512, 0);
	write_file(path, "1");
}

/* A 4 KiB page that is there already keeps its range small. */
static void range_of_which_a_page_is_there_stays_small(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	struct counts before = look(&h), c;
	bool ok;

	/* All but a page goes: one small page is left of the large one. */
	ok = !pre_fault(&h, HUGE_BASE, HUGE_PAGE) &&
	     punch(&h, PAGE, HUGE_PAGE - PAGE);
	ok &= !pre_fault(&h, HUGE_BASE, HUGE_PAGE);
	c = since(&h, &before);
	note_counts(&c);
	ktap_result(ok && c.n[SMALL] == 512 && !c.n[LARGE], "%s", __func__);

	/* Once the last is gone, too, the next one can be large. */
	ok = punch(&h, 0, HUGE_PAGE) && !pre_fault(&h, HUGE_BASE, HUGE_PAGE);
	c = since(&h, &before);
	note_counts(&c);
	ktap_result(ok && c.n[SMALL] == 0 && c.n[LARGE] == 1,
		    "range_that_is_empty_again_is_large_again");
	huge_down(&h, SLOT_SIZE);
}

/* Every other page of the free memory, which cannot be moved; NULL if too much. */
static void *fragment(size_t *size)
{
	/* More than the kernel keeps for itself. */
	size_t at, spare = 96 << 20;
	struct sysinfo info;
	u8 *p;

	sysinfo(&info);
	*size = (info.freeram - spare) & ~(2 * PAGE - 1);
	if (info.freeram < spare || *size > MAX_FRAGMENTED)
		return NULL;
	p = mmap(NULL, *size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	madvise(p, *size, MADV_NOHUGEPAGE);
	mlock(p, *size);
	for (at = 0; at < *size; at += 2 * PAGE)
		madvise(p + at, PAGE, MADV_DONTNEED_LOCKED);
	return p;
}

static void fragmented_memory_gives_small_pages(void)
{
	static const char path[] = "/proc/sys/vm/compact_unevictable_allowed";
	const u64 want = 16 * HUGE_PAGE, size = want + (128 << 20);
	struct counts before, c;
	struct huge h;
	size_t used;
	void *p;
	long ret;

	write_file(path, "0");
	p = fragment(&used);
	if (p) {
		h = huge_up(HUGE_BASE, size, 0);
		before = look(&h);
		/* Takes the large pages that are left. */
		fallocate(h.gmem, FALLOC_FL_KEEP_SIZE, want, size - want);
		ret = pre_fault(&h, HUGE_BASE, want);
		c = since(&h, &before);
		note_counts(&c);
		ktap_result(!ret && c.n[SMALL] && c.n[SMALL] + 512 * c.n[LARGE] ==
			    16 * 512, "%s: %ld", __func__, ret);
		huge_down(&h, size);
		munmap(p, used);
	} else {
		ktap_skip(__func__, "too much memory to fragment");
	}
	write_file(path, "1");
}

/* --- conversion --- */

static void conversion_of_2m_takes_one_call_each(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	struct counts before, c;
	u64 status;

	status = accept_at(&h, HUGE_BASE, 1);
	before = look(&h);
	td_set_private(h.td, HUGE_BASE, HUGE_PAGE, false);
	c = since(&h, &before);
	note_counts(&c);
	ktap_result(!status && c.n[BLOCK] == 1 && c.n[TRACK] == 1 &&
		    c.n[KICK] == 1 && c.n[REMOVE] == 1 && c.n[LARGE] == -1,
		    "%s", __func__);

	td_set_private(h.td, HUGE_BASE, HUGE_PAGE, true);
	status = accept_at(&h, HUGE_BASE, 1);
	ktap_result(!status && order(&h, ORDER_READ, HUGE_BASE, 0) == 0,
		    "converted_back_it_is_large_and_empty: %llx",
		    (unsigned long long)status);
	huge_down(&h, SLOT_SIZE);
}

static void conversion_of_2m_mapped_small_tracks_once(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	struct counts before, c;

	accept_at(&h, HUGE_BASE, 0);
	pre_fault(&h, HUGE_BASE, HUGE_PAGE);
	before = look(&h);
	td_set_private(h.td, HUGE_BASE, HUGE_PAGE, false);
	c = since(&h, &before);
	note_counts(&c);
	ktap_result(c.n[BLOCK] == 512 && c.n[TRACK] == 1 && c.n[KICK] == 1 &&
		    c.n[REMOVE] == 512 && !c.n[DEMOTE], "%s", __func__);
	huge_down(&h, SLOT_SIZE);
}

/* Pages around the ones that go: they must keep what is in them. */
static const u64 kept[] = { 0, 99, 110, 511 };

static bool fill(struct huge *h)
{
	bool ok = !accept_at(h, HUGE_BASE, 1);
	unsigned int i;

	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		ok &= write_page(h, HUGE_BASE + kept[i] * PAGE);
	return ok && write_page(h, HUGE_BASE + 100 * PAGE);
}

static bool is_kept(struct huge *h)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		ok &= reads_back(h, HUGE_BASE + kept[i] * PAGE);
	return ok;
}

/* The page that went is not there before it is accepted anew, and empty then. */
static bool is_new(struct huge *h, u64 gpa)
{
	return !accept_at(h, gpa, 0) && !order(h, ORDER_READ, gpa, 0) &&
	       write_page(h, gpa) && reads_back(h, gpa);
}

static void conversion_of_a_part_keeps_the_rest(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	u64 gpa = HUGE_BASE + 100 * PAGE, result;
	struct counts before, c;
	bool ok = fill(&h);

	before = look(&h);
	td_set_private(h.td, gpa, 10 * PAGE, false);
	c = since(&h, &before);
	note_counts(&c);
	ktap_result(ok && is_kept(&h) && c.n[DEMOTE] == 1 &&
		    c.n[SMALL] == 502 && c.n[REMOVE] == 10, "%s", __func__);

	result = accept_at(&h, gpa, 0);
	ktap_result(result == (FAILED | EFAULT) && h.fault.gpa == gpa &&
		    h.fault.size == PAGE &&
		    h.fault.flags == KVM_MEMORY_EXIT_FLAG_PRIVATE,
		    "converted_part_is_not_private: %llx at %llx",
		    (unsigned long long)result, h.fault.gpa);

	/* The guest is still about to accept the page. */
	td_set_private(h.td, gpa, 10 * PAGE, true);
	result = resume(&h);
	ktap_result(!result && !order(&h, ORDER_READ, gpa, 0) && is_kept(&h) &&
		    is_new(&h, gpa + PAGE), "converted_back_the_part_is_new: %llx",
		    (unsigned long long)result);
	huge_down(&h, SLOT_SIZE);
}

/* --- holes --- */

/* Large pages in page caches, in 4 KiB; all CPUs' counts summed up. */
static long long vm_count(const char *name)
{
	FILE *f;
	char found[64];
	long long n, value = -1;

	write_file("/proc/sys/vm/stat_refresh", "1");
	f = fopen("/proc/vmstat", "r");
	if (!f)
		return -1;
	while (fscanf(f, "%63s %lld", found, &n) == 2) {
		if (!strcmp(found, name))
			value = n;
	}
	fclose(f);
	return value;
}

static void hole_in_2m_keeps_the_rest(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	u64 gpa = HUGE_BASE + 100 * PAGE;
	long long files, thps;
	bool ok = fill(&h);

	files = vm_count("nr_file_pages");
	thps = vm_count("nr_file_hugepages");
	ok &= punch(&h, 100 * PAGE, 10 * PAGE);
	files -= vm_count("nr_file_pages");
	thps -= vm_count("nr_file_hugepages");
	ktap_result(ok && is_kept(&h), "%s", __func__);
	/* Others may have used a file meanwhile, but no large page. */
	ktap_result(files >= 8 && files <= 12 && thps == 1,
		    "hole_in_2m_frees_its_pages: %lld pages, %lld large ones",
		    files, thps);
	ktap_result(is_new(&h, gpa) && is_new(&h, gpa + 9 * PAGE) && is_kept(&h),
		    "hole_can_be_filled_again");
	huge_down(&h, SLOT_SIZE);
}

static void hole_over_two_2m_pages_keeps_both_ends(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	u64 border = HUGE_BASE + HUGE_PAGE, far = border + 2 * PAGE;
	struct counts before, c;
	bool ok = fill(&h) && !accept_at(&h, border, 1) && write_page(&h, far);

	before = look(&h);
	ok &= punch(&h, HUGE_PAGE - 2 * PAGE, 4 * PAGE);
	c = since(&h, &before);
	note_counts(&c);
	/* Page 511 went, which is among the kept ones. */
	ktap_result(ok && reads_back(&h, HUGE_BASE + 110 * PAGE) &&
		    reads_back(&h, far) && c.n[DEMOTE] == 2 &&
		    c.n[REMOVE] == 4, "%s", __func__);
	ktap_result(is_new(&h, border - PAGE) && is_new(&h, border),
		    "both_sides_of_the_border_are_new");
	huge_down(&h, SLOT_SIZE);
}

static void hole_of_2m_frees_the_folio(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	long long thps = vm_count("nr_file_hugepages");
	struct counts before, c;
	bool ok = fill(&h);

	before = look(&h);
	ok &= vm_count("nr_file_hugepages") == thps + 1;
	ok &= punch(&h, 0, HUGE_PAGE);
	c = since(&h, &before);
	ktap_result(ok && vm_count("nr_file_hugepages") == thps &&
		    c.n[BLOCK] == 1 && c.n[REMOVE] == 1, "%s", __func__);
	huge_down(&h, SLOT_SIZE);
}

/* --- teardown --- */

/* How often a VMM's end called RECLAIM; -1 if it zapped anything. */
static long long reclaims_of_a_life(u64 size)
{
	long long before = calls_of("TDH.PHYMEM.PAGE.RECLAIM");
	long long blocks = calls_of("TDH.MEM.RANGE.BLOCK");
	pid_t child = fork();

	if (!child) {
		struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);

		_exit(pre_fault(&h, HUGE_BASE, size) ? 1 : 0);
	}
	waitpid(child, NULL, 0);
	if (calls_of("TDH.MEM.RANGE.BLOCK") != blocks)
		return -1;
	return calls_of("TDH.PHYMEM.PAGE.RECLAIM") - before;
}

static void teardown_takes_one_reclaim_for_2m(void)
{
	long long thps = vm_count("nr_file_hugepages"), one, eight;

	if (calls_of("TDH.PHYMEM.PAGE.RECLAIM") < 0) {
		ktap_skip(__func__, "only swmod counts calls");
		return;
	}
	one = reclaims_of_a_life(HUGE_PAGE);
	eight = reclaims_of_a_life(SLOT_SIZE);
	ktap_result(one > 0 && eight == one + 7 &&
		    vm_count("nr_file_hugepages") == thps,
		    "%s: %lld, %lld for 14 MiB more", __func__, one, eight);
}

/* --- the module objects --- */

static void inject(const char *rule)
{
	write_file(SWMOD "inject", rule);
}

static void refused_2m_is_mapped_small(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	struct counts before = look(&h), c;
	long ret;
	u64 status;

	if (access(SWMOD "inject", W_OK)) {
		ktap_skip(__func__, "only swmod fails on purpose");
		huge_down(&h, SLOT_SIZE);
		return;
	}
	inject("MEM.PAGE.AUG status=PAGE_METADATA_INCORRECT times=1\n");
	ret = pre_fault(&h, HUGE_BASE, HUGE_PAGE);
	inject("clear\n");
	status = accept_at(&h, HUGE_BASE, 0);
	c = since(&h, &before);
	note_counts(&c);
	ktap_result(!ret && !status && c.n[SMALL] == 512 && !c.n[LARGE],
		    "%s: %ld, status %llx", __func__, ret,
		    (unsigned long long)status);
	huge_down(&h, SLOT_SIZE);
}

static void interrupted_demote_is_tried_again(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	struct counts before, c;
	long long quiesces;
	bool ok;

	if (access(SWMOD "inject", W_OK)) {
		ktap_skip(__func__, "only swmod fails on purpose");
		huge_down(&h, SLOT_SIZE);
		return;
	}
	ok = fill(&h);
	before = look(&h);
	quiesces = td_stat(h.td, "quiesces");
	inject("MEM.PAGE.DEMOTE status=INTERRUPTED_RESTARTABLE times=5\n");
	td_set_private(h.td, HUGE_BASE + 100 * PAGE, 10 * PAGE, false);
	inject("clear\n");
	c = since(&h, &before);
	ktap_result(ok && is_kept(&h) && c.n[DEMOTE] == 1 &&
		    td_stat(h.td, "quiesces") == quiesces, "%s", __func__);
	huge_down(&h, SLOT_SIZE);
}

/* --- poison --- */

/* Bits of /proc/kpageflags. */
#define KPF_BUDDY		(1ULL << 10)
#define KPF_COMPOUND_TAIL	(1ULL << 16)
#define KPF_HWPOISON		(1ULL << 19)

static u64 page_flags(u64 pa)
{
	int fd = open("/proc/kpageflags", O_RDONLY);
	u64 flags = 0;

	if (fd < 0 || pread(fd, &flags, 8, pa / PAGE * 8) != 8)
		flags = 0;
	close(fd);
	return flags;
}

static void poisoned_page_ends_in_ehwpoison(void)
{
	struct huge h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
	u64 gpa = HUGE_BASE + 100 * PAGE, pa, result;
	bool ok = fill(&h);

	pa = host_address(gpa);
	if (!pa || access(HARD_OFFLINE, W_OK)) {
		ktap_skip(__func__, "no S-EPT to look at, or no hard_offline_page");
		huge_down(&h, SLOT_SIZE);
		return;
	}
	hard_offline(pa);
	ktap_result(ok && is_kept(&h) && !host_address(gpa),
		    "poison_takes_only_its_page: %llx",
		    (unsigned long long)pa);
	result = order(&h, ORDER_READ, gpa, 0);
	ktap_result(result == (FAILED | EHWPOISON) && h.fault.gpa == gpa &&
		    h.fault.size == PAGE &&
		    h.td->vcpu[0].run->exit_reason == KVM_EXIT_MEMORY_FAULT,
		    "%s: %llx at %llx", __func__, (unsigned long long)result,
		    h.fault.gpa);
	ktap_result(pre_fault(&h, gpa, PAGE) == -EHWPOISON,
		    "poisoned_page_is_not_pre_faulted");
	huge_down(&h, SLOT_SIZE);
	ktap_result((page_flags(pa) & (KPF_HWPOISON | KPF_BUDDY)) == KPF_HWPOISON &&
		    !(page_flags(pa + PAGE) & KPF_HWPOISON),
		    "poisoned_page_is_not_free_after_the_td: flags %llx",
		    (unsigned long long)page_flags(pa));
}

/* Pre-faults a page that the module is too busy for, until told to stop. */
struct holder {
	struct huge *h;
	u64 gpa;
	bool stop;
};

static void nothing(int sig)
{
	(void)sig;
}

static void *hold_folio(void *arg)
{
	struct holder *holder = arg;

	while (!__atomic_load_n(&holder->stop, __ATOMIC_SEQ_CST))
		pre_fault(holder->h, holder->gpa, PAGE);
	return NULL;
}

/*
 * A fault that is tried again and again has a reference to the folio for most of
 * the time, or waits for the folio with one, so the kernel cannot split it.
 * Returns whether it was so.
 */
static bool poison_unsplittable(struct huge *h, u64 pa)
{
	struct holder holder = { .h = h, .gpa = HUGE_BASE + 50 * PAGE };
	struct sigaction action = { .sa_handler = nothing };
	pthread_t thread;
	bool whole;

	sigaction(SIGUSR1, &action, NULL);
	td_set_private(h->td, holder.gpa, PAGE, false);
	td_set_private(h->td, holder.gpa, PAGE, true);
	inject("MEM.PAGE.AUG status=OPERAND_BUSY operand=SEPT_ENTRY rate=100%\n");
	pthread_create(&thread, NULL, hold_folio, &holder);
	usleep(20000);
	hard_offline(pa);
	whole = page_flags(pa) & KPF_COMPOUND_TAIL;
	__atomic_store_n(&holder.stop, true, __ATOMIC_SEQ_CST);
	while (pthread_tryjoin_np(thread, NULL)) {
		pthread_kill(thread, SIGUSR1);
		usleep(1000);
	}
	inject("clear\n");
	return whole;
}

static void poison_is_unmapped_from_a_folio_that_stays_whole(void)
{
	u64 gpa = HUGE_BASE + 100 * PAGE, pa, result = 0;
	bool whole = false, ok = true;
	unsigned int tries;
	struct huge h;

	if (access(SWMOD "inject", W_OK) || access(HARD_OFFLINE, W_OK) ||
	    get_nprocs() < 2) {
		ktap_skip(__func__, "needs swmod, hard_offline_page and two CPUs");
		return;
	}
	for (tries = 0; tries < 4 && ok && !whole; tries++) {
		h = huge_up(HUGE_BASE, SLOT_SIZE, 0);
		ok = fill(&h);
		pa = host_address(gpa);
		whole = poison_unsplittable(&h, pa);
		ok = ok && pa && !host_address(gpa) && is_kept(&h);
		result = order(&h, ORDER_READ, gpa, 0);
		ok = ok && result == (FAILED | EHWPOISON) && h.fault.gpa == gpa;
		/* Its hole splits the folio, and another page comes in. */
		ok = ok && punch(&h, 100 * PAGE, PAGE) &&
		     !pre_fault(&h, gpa, PAGE) && host_address(gpa) != pa;
		huge_down(&h, SLOT_SIZE);
	}
	ktap_result(ok && whole, "%s: %llx, try %u%s", __func__,
		    (unsigned long long)result, tries,
		    whole ? "" : ", it was split");
}

static const struct ktap_test tests[] = {
	TEST(pre_fault_makes_one_aug_for_2m),
	TEST(accept_of_2m_is_one_fault),
	TEST(accept_of_4k_demotes_a_pending_2m),
	TEST(accept_of_2m_on_small_pages_is_a_size_mismatch),
	TEST(mixed_range_has_small_pages),
	TEST(slot_out_of_step_with_its_file_has_small_pages),
	TEST(slot_in_step_with_its_file_has_large_pages),
	TEST(end_of_a_slot_has_small_pages),
	TEST(parameter_turns_it_off),
	TEST(range_of_which_a_page_is_there_stays_small),
	TEST(fragmented_memory_gives_small_pages),
	TEST(conversion_of_2m_takes_one_call_each),
	TEST(conversion_of_2m_mapped_small_tracks_once),
	TEST(conversion_of_a_part_keeps_the_rest),
	TEST(hole_in_2m_keeps_the_rest),
	TEST(hole_over_two_2m_pages_keeps_both_ends),
	TEST(hole_of_2m_frees_the_folio),
	TEST(teardown_takes_one_reclaim_for_2m),
	TEST(refused_2m_is_mapped_small),
	TEST(interrupted_demote_is_tried_again),
	TEST(poisoned_page_ends_in_ehwpoison),
	TEST(poison_is_unmapped_from_a_folio_that_stays_whole),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
