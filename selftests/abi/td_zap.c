// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes away, what that costs, and whom it touches, as KVM's statistics have
 * it: shared memory leaves private pages alone and the other way round, tables
 * make room for large pages, and a TD that nobody can run is taken apart without
 * zaps.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "../lib/kvm_stats.h"
#include "td.h"

#define PAGE		4096UL
#define MIB		(1024 * 1024UL)
#define NR_PRIVATE	64
#define NR_SHARED	16
/* In RAM: the first shared page. */
#define SHARED_AT	0x200000
#define LOG_SLOT	5
/* More than there are KeyIDs in the emulated machine. */
#define MANY_TDS	40
#define BIG_SLOT	6
#define BIG_BASE	0x20000000
#define BIG_SIZE	(8 * MIB)
#define NX_HUGE_PAGES	"/sys/module/kvm/parameters/nx_huge_pages"

static int pre_fault(struct td *td, u64 gpa, u64 size)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };
	int ret;

	do
		ret = ioctl(td->vcpu[0].fd, KVM_PRE_FAULT_MEMORY, &range);
	while (ret && (errno == EAGAIN || errno == EINTR));
	return ret ? -errno : 0;
}

/* --- a TD with pages of both kinds, and what changed since --- */

static const char *const names[] = {
	"tdx_range_block", "tdx_page_remove", "tdx_tracks", "tdx_kicks",
	"tdx_sept_remove", "tdx_page_aug", "tdx_pages_4k", "tdx_pages_2m",
	"pages_4k",
};

enum { BLOCK, REMOVE, TRACK, KICK, SEPT_REMOVE, AUG, PRIVATE, LARGE, SHARED, NR };

struct scene {
	struct td *td;
	struct kvm_stats stats;
	long long before[NR];
	void *log;
};

static void take(struct scene *s)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		s->before[i] = kvm_stats_value(&s->stats, names[i]);
}

static long long since(const struct scene *s, int what)
{
	return kvm_stats_value(&s->stats, names[what]) - s->before[what];
}

static int set_log_slot(struct scene *s, u64 gpa, u64 size, u32 flags)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = LOG_SLOT,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)s->log,
	};

	return ioctl(s->td->fd, KVM_SET_USER_MEMORY_REGION2, &region) ? -errno : 0;
}

static bool up(struct scene *s)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	int ret;

	memset(s, 0, sizeof(*s));
	s->td = td;
	s->log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ret = set_log_slot(s, LOG_BASE, LOG_SIZE, 0);
	if (!ret)
		ret = pre_fault(td, RAM_BASE, NR_PRIVATE * PAGE);
	td_set_private(td, RAM_BASE + SHARED_AT, NR_SHARED * PAGE, false);
	if (!ret)
		ret = pre_fault(td, RAM_BASE + SHARED_AT, NR_SHARED * PAGE);
	if (!ret)
		ret = pre_fault(td, LOG_BASE, LOG_SIZE);
	if (ret || !kvm_stats_open(&s->stats, td->fd)) {
		ktap_result(false, "a TD with pages of both kinds: %d", ret);
		return false;
	}
	take(s);
	return true;
}

static void down(struct scene *s)
{
	kvm_stats_close(&s->stats);
	td_destroy(s->td);
	munmap(s->log, LOG_SIZE);
}

/* The guest still says hello. */
static bool runs(struct scene *s)
{
	return !ioctl(s->td->vcpu[0].fd, KVM_RUN, 0) &&
	       s->td->vcpu[0].run->exit_reason == KVM_EXIT_IO;
}

/* No private page has gone, but shared ones have: the test did something. */
static void expect_shared_only(struct scene *s, const char *name)
{
	bool ok = !since(s, BLOCK) && !since(s, REMOVE) && !since(s, TRACK) &&
		  !since(s, PRIVATE) && since(s, SHARED) < 0;

	ktap_result(ok && runs(s),
		    "%s: %lld blocked, %lld removed, %lld tracks, private %lld, shared %lld",
		    name, since(s, BLOCK), since(s, REMOVE), since(s, TRACK),
		    since(s, PRIVATE), since(s, SHARED));
}

/* @nr private pages went in one batch, and no shared one. */
static void expect_private_only(struct scene *s, long long nr, const char *name)
{
	bool ok = since(s, BLOCK) == nr && since(s, REMOVE) == nr &&
		  since(s, TRACK) == 1 && since(s, KICK) == 1 &&
		  since(s, PRIVATE) == -nr && !since(s, SHARED);

	ktap_note("%lld blocked, %lld removed, %lld tracks, %lld kicks",
		  since(s, BLOCK), since(s, REMOVE), since(s, TRACK),
		  since(s, KICK));
	ktap_result(ok, "%s: private %lld, shared %lld", name,
		    since(s, PRIVATE), since(s, SHARED));
}

/* --- the statistics themselves --- */

static bool has_stat(int vm, const char *name)
{
	struct kvm_stats stats;
	bool has;

	if (!kvm_stats_open(&stats, vm))
		return false;
	has = kvm_stats_value(&stats, name) >= 0;
	kvm_stats_close(&stats);
	return has;
}

static void stats_have_base_counts_and_ours(void)
{
	struct scene s;
	int vm;

	if (!up(&s))
		return;
	ktap_result(s.before[PRIVATE] >= NR_PRIVATE &&
		    s.before[AUG] == NR_PRIVATE &&
		    s.before[SHARED] == NR_SHARED + LOG_SIZE / PAGE,
		    "%s: private %lld, shared %lld", __func__,
		    s.before[PRIVATE], s.before[SHARED]);
	down(&s);

	vm = ioctl(td_dev(), KVM_CREATE_VM, 0);
	ktap_result(has_stat(vm, "pages_4k") && !has_stat(vm, "tdx_pages_4k"),
		    "stats_of_an_ordinary_vm_are_base_kvms");
	close(vm);
}

static char whole[65536], pieces[65536];

/* Any number of bytes from any place, as base KVM's file. */
static void stats_read_in_pieces_are_the_same(void)
{
	ssize_t len, at, n;
	struct scene s;
	bool ok;

	if (!up(&s))
		return;
	len = pread(s.stats.fd, whole, sizeof(whole), 0);
	for (at = 0; at < len; at += n) {
		n = pread(s.stats.fd, pieces + at, 37, at);
		if (n <= 0)
			break;
	}
	ok = len > 0 && at == len && !memcmp(whole, pieces, len) &&
	     !pread(s.stats.fd, pieces, 1, len);
	ktap_result(ok, "%s: %zd of %zd bytes", __func__, at, len);
	down(&s);
}

/* The file keeps the VM: what it reads is there. */
static void stats_outlive_the_vms_files(void)
{
	struct kvm_stats stats;
	struct td *td = td_ready(1, GUEST_HELLO);
	bool ok = kvm_stats_open(&stats, td->fd);
	long long augs, pages;

	pre_fault(td, RAM_BASE, NR_PRIVATE * PAGE);
	td_destroy(td);
	augs = kvm_stats_value(&stats, "tdx_page_aug");
	pages = kvm_stats_value(&stats, "tdx_pages_4k");
	ktap_result(ok && augs == NR_PRIVATE && !pages, "%s: %lld AUG, %lld pages",
		    __func__, augs, pages);
	kvm_stats_close(&stats);
}

static void debugfs_shows_the_mirror(void)
{
	unsigned int lines = 0, tables = 0, leaves = 0;
	char path[128], line[128], state[32];
	struct scene s;
	u64 count;
	FILE *f;

	if (!up(&s))
		return;
	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/sept",
		 getpid(), s.td->fd);
	f = fopen(path, "r");
	if (!f) {
		ktap_skip(__func__, "no debugfs");
		down(&s);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		lines++;
		if (sscanf(line, "%*x-%*x level %*u %31s %llu", state,
			   (unsigned long long *)&count) != 2)
			continue;
		if (!strcmp(state, "table"))
			tables++;
		if (!strcmp(state, "leaf"))
			leaves += count;
	}
	fclose(f);
	ktap_result(lines > tables && leaves == s.before[PRIVATE] &&
		    tables == kvm_stats_value(&s.stats, "tdx_sept_tables"),
		    "%s: %u lines, %u tables, %u leaves", __func__, lines,
		    tables, leaves);
	down(&s);
}

/* --- the shared side --- */

static void backing_that_goes_leaves_private_pages(void)
{
	struct scene s;

	if (!up(&s))
		return;
	/* All of RAM: the user addresses of private pages, too. */
	madvise(s.td->ram, RAM_SIZE, MADV_DONTNEED);
	expect_shared_only(&s, __func__);
	munmap(s.td->ram, RAM_SIZE);
	s.td->ram = MAP_FAILED;
	munmap(s.log, LOG_SIZE);
	expect_shared_only(&s, "backing_that_is_unmapped_leaves_private_pages");
	down(&s);
}

static void dirty_logging_leaves_private_pages(void)
{
	struct kvm_userspace_memory_region2 region = {
		.flags = KVM_MEM_GUEST_MEMFD | KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = RAM_BASE,
		.memory_size = RAM_SIZE,
	};
	u8 bitmap[LOG_SIZE / PAGE / 8 + 8] = {};
	struct kvm_dirty_log log = { .slot = LOG_SLOT, .dirty_bitmap = bitmap };
	struct scene s;
	int ret;

	if (!up(&s))
		return;
	region.userspace_addr = (uintptr_t)s.td->ram;
	region.guest_memfd = s.td->ram_memfd;
	ret = ioctl(s.td->fd, KVM_SET_USER_MEMORY_REGION2, &region);
	ktap_result(ret && errno == EINVAL && !since(&s, BLOCK),
		    "a_slot_of_guest_memfd_has_no_dirty_log");
	ret = set_log_slot(&s, LOG_BASE, LOG_SIZE, KVM_MEM_LOG_DIRTY_PAGES);
	ret = ret ?: ioctl(s.td->fd, KVM_GET_DIRTY_LOG, &log);
	ret = ret ?: set_log_slot(&s, LOG_BASE, LOG_SIZE, 0);
	ktap_result(!ret && !since(&s, BLOCK) && !since(&s, TRACK) &&
		    !since(&s, PRIVATE) && runs(&s), "%s: %d", __func__, ret);
	down(&s);
}

static void slots_of_shared_memory_come_and_go(void)
{
	struct scene s;
	int ret;

	if (!up(&s))
		return;
	ret = set_log_slot(&s, LOG_BASE + LOG_SIZE, LOG_SIZE, 0);
	if (ret)
		ktap_note("a slot does not move: %d", ret);
	expect_shared_only(&s, "a_slot_of_shared_memory_moves");
	ret = pre_fault(s.td, LOG_BASE + LOG_SIZE, LOG_SIZE);
	take(&s);
	ret = ret ?: set_log_slot(&s, LOG_BASE + LOG_SIZE, 0, 0);
	if (ret)
		ktap_note("a slot does not go: %d", ret);
	expect_shared_only(&s, __func__);
	down(&s);
}

static bool write_param(const char *value)
{
	int fd = open(NX_HUGE_PAGES, O_WRONLY);
	bool ok = fd >= 0 && write(fd, value, strlen(value)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Every VM's roots become obsolete, and are replaced at the next entry. */
static void new_roots_leave_private_pages(void)
{
	char old = 0;
	struct scene s;
	int fd = open(NX_HUGE_PAGES, O_RDONLY);

	if (fd < 0 || read(fd, &old, 1) != 1) {
		ktap_skip(__func__, "no nx_huge_pages");
		return;
	}
	close(fd);
	if (!up(&s))
		return;
	if (write_param(old == 'Y' ? "off" : "force"))
		expect_shared_only(&s, __func__);
	else
		ktap_skip(__func__, "nx_huge_pages cannot be changed");
	write_param(old == 'Y' ? "force" : "off");
	down(&s);
}

/* --- conversions and holes --- */

static void conversion_touches_one_half(void)
{
	struct scene s;

	if (!up(&s))
		return;
	td_set_private(s.td, RAM_BASE, 10 * PAGE, false);
	expect_private_only(&s, 10, "conversion_to_shared_touches_the_private_half");
	take(&s);
	td_set_private(s.td, RAM_BASE + SHARED_AT, NR_SHARED * PAGE, true);
	expect_shared_only(&s, "conversion_to_private_touches_the_shared_half");
	take(&s);
	/* Half of the range is private already, and keeps its pages. */
	td_set_private(s.td, RAM_BASE, 20 * PAGE, true);
	ktap_result(!since(&s, BLOCK) && !since(&s, PRIVATE),
		    "conversion_of_what_is_private_in_part_takes_no_page");
	down(&s);
}

static void hole_touches_the_private_half(void)
{
	struct scene s;
	int ret;

	if (!up(&s))
		return;
	/* Up to the end: the file has no pages for what is shared. */
	ret = fallocate(s.td->ram_memfd,
			FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, RAM_SIZE);
	if (ret)
		ktap_note("no hole: %d", errno);
	expect_private_only(&s, NR_PRIVATE, __func__);
	down(&s);
}

/* --- tables --- */

/*
 * Small pages where 2 MiB would fit, as one page of each is shared, and all of
 * them shared then: empty tables stay.
 */
static void leave_empty_tables(struct scene *s)
{
	u64 gpa;

	for (gpa = BIG_BASE; gpa < BIG_BASE + BIG_SIZE; gpa += 2 * MIB) {
		td_set_private(s->td, gpa, PAGE, false);
		pre_fault(s->td, gpa + PAGE, 2 * MIB - PAGE);
	}
	take(s);
	td_set_private(s->td, BIG_BASE, BIG_SIZE, false);
}

static void large_page_replaces_an_empty_table(void)
{
	long long nr = BIG_SIZE / (2 * MIB), small = nr * 511;
	struct scene s;
	int fd, ret;

	if (!up(&s))
		return;
	fd = td_add_slot(s.td, BIG_SLOT, BIG_BASE, BIG_SIZE, 0, s.td->ram);
	leave_empty_tables(&s);
	ktap_result(since(&s, BLOCK) == small && since(&s, REMOVE) == small &&
		    since(&s, TRACK) == 1 && since(&s, KICK) == 1,
		    "a_range_of_small_pages_goes_in_one_batch: %lld blocked, %lld removed, %lld tracks, %lld kicks",
		    since(&s, BLOCK), since(&s, REMOVE), since(&s, TRACK),
		    since(&s, KICK));
	take(&s);
	td_set_private(s.td, BIG_BASE, BIG_SIZE, true);
	ret = pre_fault(s.td, BIG_BASE, BIG_SIZE);
	if (!ret && !since(&s, LARGE) && since(&s, PRIVATE) == nr * 512) {
		ktap_skip(__func__, "no memory for large pages");
	} else {
		ktap_result(!ret && since(&s, LARGE) == nr &&
			    since(&s, AUG) == nr &&
			    since(&s, SEPT_REMOVE) == nr &&
			    since(&s, TRACK) == 1 && since(&s, KICK) == 1,
			    "%s: %lld large, %lld AUG, %lld SEPT.REMOVE, %lld tracks, %lld kicks",
			    __func__, since(&s, LARGE), since(&s, AUG),
			    since(&s, SEPT_REMOVE), since(&s, TRACK),
			    since(&s, KICK));
	}
	close(fd);
	down(&s);
}

/* --- the end --- */

static long long debugfs_stat(const char *dir, const char *name)
{
	char path[128], found[64];
	long long value = -1, v;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tdx", dir);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fscanf(f, "%63s %lld", found, &v) == 2) {
		if (!strcmp(found, name))
			value = v;
	}
	fclose(f);
	return value;
}

/* Somebody could run a vCPU yet: its pages go the long way. */
static void guest_memfd_of_a_live_td_is_zapped(void)
{
	struct scene s;

	if (!up(&s))
		return;
	close(s.td->ram_memfd);
	s.td->ram_memfd = -1;
	expect_private_only(&s, NR_PRIVATE, __func__);
	ktap_result(runs(&s), "and the TD runs on");
	down(&s);
}

static void close_vcpus_and_vm(struct td *td)
{
	unsigned int i;

	for (i = 0; i < td->nr_vcpus; i++) {
		munmap(td->vcpu[i].run, ioctl(td_dev(), KVM_GET_VCPU_MMAP_SIZE, 0));
		close(td->vcpu[i].fd);
	}
	td->nr_vcpus = 0;
	close(td->fd);
	td->fd = -1;
}

/*
 * Nothing is left of the VM but its memory, while its VMM lives on: with the
 * first file that closes the KeyID goes, and no page is blocked or removed.
 */
static void guest_memfds_alone_are_reclaimed(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	long long pages, blocks, reclaims;
	char dir[128];

	pre_fault(td, RAM_BASE, NR_PRIVATE * PAGE);
	snprintf(dir, sizeof(dir), "/sys/kernel/debug/kvm/%d-%d", getpid(), td->fd);
	pages = debugfs_stat(dir, "pages_4k");
	if (pages < 0) {
		ktap_skip(__func__, "no debugfs");
		td_destroy(td);
		return;
	}
	close_vcpus_and_vm(td);
	close(td->ram_memfd);
	td->ram_memfd = -1;
	/* The image's file keeps the VM, and its counts. */
	blocks = debugfs_stat(dir, "range_block");
	reclaims = debugfs_stat(dir, "page_reclaim");
	ktap_result(!blocks && !debugfs_stat(dir, "tracks") &&
		    !debugfs_stat(dir, "page_remove") && reclaims == NR_PRIVATE &&
		    debugfs_stat(dir, "pages_4k") == pages - NR_PRIVATE,
		    "%s: %lld blocked, %lld reclaimed", __func__, blocks, reclaims);
	close(td->image_memfd);
	td->image_memfd = -1;
	ktap_result(debugfs_stat(dir, "pages_4k") < 0, "and the VM has gone");
	td_destroy(td);
}

/* Whoever else has a reference might run the TD, for all that is known. */
static void a_mapped_vcpu_keeps_the_keyid(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	int size = ioctl(td_dev(), KVM_GET_VCPU_MMAP_SIZE, 0);
	long long blocks, reclaims;
	char dir[128];

	pre_fault(td, RAM_BASE, NR_PRIVATE * PAGE);
	snprintf(dir, sizeof(dir), "/sys/kernel/debug/kvm/%d-%d", getpid(), td->fd);
	close(td->vcpu[0].fd);
	td->nr_vcpus = 0;
	close(td->fd);
	td->fd = -1;
	close(td->ram_memfd);
	td->ram_memfd = -1;
	blocks = debugfs_stat(dir, "range_block");
	reclaims = debugfs_stat(dir, "page_reclaim");
	if (blocks < 0)
		ktap_skip(__func__, "no debugfs");
	else
		ktap_result(blocks == NR_PRIVATE && !reclaims, "%s: %lld blocked",
			    __func__, blocks);
	munmap(td->vcpu[0].run, size);
	td_destroy(td);
}

/* --- a busy module --- */

/* One zap of each kind with every second call refused. */
static bool zap_everything(void)
{
	struct scene s;
	bool ok;

	if (!up(&s))
		return false;
	td_set_private(s.td, RAM_BASE, 10 * PAGE, false);
	ok = since(&s, REMOVE) == 10 && since(&s, KICK) <= 2;
	ok = !fallocate(s.td->ram_memfd,
			FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, RAM_SIZE) && ok;
	ok = ok && since(&s, REMOVE) == NR_PRIVATE && runs(&s) &&
	     !kvm_stats_value(&s.stats, "tdx_pages_held") &&
	     !kvm_stats_value(&s.stats, "tdx_pages_leaked") &&
	     kvm_stats_value(&s.stats, "tdx_module_busy") > 0;
	down(&s);
	return ok;
}

static void with_rules(const char *const *rules, unsigned int nr_rules,
		       unsigned int nr_tds, const char *name)
{
	unsigned int i, good = 0;
	bool ok = true;

	if (!write_file(SWMOD_INJECT, "clear")) {
		ktap_skip(name, "no software module");
		return;
	}
	for (i = 0; i < nr_rules; i++)
		ok = write_file(SWMOD_INJECT, rules[i]) && ok;
	for (i = 0; ok && i < nr_tds; i++)
		good += zap_everything();
	ok = write_file(SWMOD_INJECT, "clear") && ok;
	ktap_result(ok && good == nr_tds, "%s: %u TDs", name, good);
}

static void busy_module_lets_tds_be_built(void)
{
	static const char *const rules[] = {
		"MNG.KEY.CONFIG status=OPERAND_BUSY operand=TDR rate=30% seed=1",
		"VP.CREATE status=OPERAND_BUSY operand=RCX rate=50% seed=2",
		"VP.ADDCX status=OPERAND_BUSY operand=RCX rate=50% seed=3",
		"VP.INIT status=OPERAND_BUSY operand=TDR rate=50% seed=4",
		"VP.WR status=OPERAND_BUSY operand=TDR rate=50% seed=5",
		"VP.FLUSH status=OPERAND_BUSY operand=TDR rate=50% seed=6",
		"VP.ENTER status=OPERAND_BUSY operand=TD_EPOCH rate=50% seed=7",
		"MR.FINALIZE status=OPERAND_BUSY operand=TDR rate=50% seed=8",
		"MR.EXTEND status=OPERAND_BUSY operand=TDR rate=50% seed=9",
		"MEM.SEPT.ADD status=OPERAND_BUSY operand=SEPT_TREE rate=50% seed=10",
		"MEM.PAGE.ADD status=OPERAND_BUSY operand=TDR rate=50% seed=11",
		"MEM.PAGE.AUG status=OPERAND_BUSY operand=RCX rate=50% seed=12",
		"MEM.RANGE.BLOCK status=OPERAND_BUSY operand=SEPT_TREE rate=50% seed=13",
	};

	with_rules(rules, sizeof(rules) / sizeof(*rules), 5, __func__);
}

/* More TDs than there are KeyIDs: not one is lost. */
static void busy_module_costs_no_page_and_no_keyid(void)
{
	static const char *const rules[] = {
		"MEM.RANGE.BLOCK status=OPERAND_BUSY operand=SEPT_TREE rate=50% seed=1",
		"MEM.TRACK status=PREVIOUS_TLB_EPOCH_BUSY rate=50% seed=2",
		"MEM.PAGE.REMOVE status=OPERAND_BUSY operand=SEPT_ENTRY rate=50% seed=3",
		"PHYMEM.PAGE.WBINVD status=OPERAND_BUSY operand=RCX rate=50% seed=4",
		"PHYMEM.PAGE.RECLAIM status=OPERAND_BUSY operand=TDR rate=50% seed=5",
		"PHYMEM.CACHE.WB status=OPERAND_BUSY operand=WBCACHE rate=50% seed=6",
		"MNG.VPFLUSHDONE status=OPERAND_BUSY operand=TDR rate=50% seed=7",
		"MNG.KEY.FREEID status=OPERAND_BUSY operand=KOT rate=50% seed=8",
	};

	with_rules(rules, sizeof(rules) / sizeof(*rules), MANY_TDS, __func__);
}

/* --- killed in the middle --- */

static void populate_for_ever(void)
{
	for (;;) {
		struct td *td = td_ready(1, GUEST_HELLO);

		td_add_slot(td, BIG_SLOT, BIG_BASE, BIG_SIZE, 0, td->ram);
		pre_fault(td, BIG_BASE, BIG_SIZE);
		td_destroy(td);
	}
}

static void *convert_thread(void *arg)
{
	struct td *td = arg;
	u64 base = RAM_BASE + ACCEPT_OFFSET;

	for (;;) {
		td_set_private(td, base, ACCEPT_PAGES * PAGE, false);
		td_set_private(td, base, ACCEPT_PAGES * PAGE, true);
	}
	return NULL;
}

static void *run_thread(void *arg)
{
	struct td_vcpu *vcpu = arg;

	for (;;)
		ioctl(vcpu->fd, KVM_RUN, 0);
	return NULL;
}

static void convert_and_fault_for_ever(void)
{
	struct td *td = td_create();
	unsigned int i, nr = td_max_vcpus(td);
	pthread_t t;

	td_destroy(td);
	td = td_ready(nr, GUEST_ACCEPT);
	for (i = 0; i < nr; i++)
		pthread_create(&t, NULL, run_thread, &td->vcpu[i]);
	convert_thread(td);
}

static bool hello(void)
{
	struct scene s;
	bool ok;

	if (!up(&s))
		return false;
	ok = runs(&s) && kvm_stats_value(&s.stats, "tdx_pages_leaked") == 0;
	down(&s);
	return ok;
}

static void kill_many(void (*work)(void), const char *name)
{
	unsigned int i, killed = 0;

	for (i = 0; i < 10; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			work();
			_exit(0);
		}
		usleep(20000 + i * 7000);
		kill(pid, SIGKILL);
		killed += waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
	}
	ktap_result(killed == 10 && hello(), "%s: %u killed", name, killed);
}

static void vmm_is_killed_while_it_populates(void)
{
	kill_many(populate_for_ever, __func__);
}

static void vmm_is_killed_while_vcpus_fault_and_it_converts(void)
{
	kill_many(convert_and_fault_for_ever, __func__);
}

static const struct ktap_test tests[] = {
	TEST(stats_have_base_counts_and_ours),
	TEST(stats_read_in_pieces_are_the_same),
	TEST(stats_outlive_the_vms_files),
	TEST(debugfs_shows_the_mirror),
	TEST(backing_that_goes_leaves_private_pages),
	TEST(dirty_logging_leaves_private_pages),
	TEST(slots_of_shared_memory_come_and_go),
	TEST(new_roots_leave_private_pages),
	TEST(conversion_touches_one_half),
	TEST(hole_touches_the_private_half),
	TEST(large_page_replaces_an_empty_table),
	TEST(guest_memfd_of_a_live_td_is_zapped),
	TEST(guest_memfds_alone_are_reclaimed),
	TEST(a_mapped_vcpu_keeps_the_keyid),
	TEST(busy_module_lets_tds_be_built),
	TEST(busy_module_costs_no_page_and_no_keyid),
	TEST(vmm_is_killed_while_it_populates),
	TEST(vmm_is_killed_while_vcpus_fault_and_it_converts),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
