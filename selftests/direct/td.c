// SPDX-License-Identifier: GPL-2.0-only
/* Build a TD with one vCPU around guest.S, and take it down again. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "direct.h"

#define FIELD_SHARED_EPTP	0x002400030000203cULL
#define FIELD_PID_ADDR		0x0024000300002016ULL
#define FIELD_PID_VECTOR	0x0024000100000002ULL
#define FIELD_PIN_CTLS		0x0024000200004000ULL
#define FIELD_PEND_NMI		0x202000000000000bULL
#define PIN_POSTED		0x80
#define FIELD_PROC_CTLS		0x0024000200004002ULL
#define PROC_MTF		(1 << 27)
#define FIELD_RIP		0x002400030000681eULL
#define EPT_SVE			BIT_ULL(63)
#define EPT_LEAF_RW		0x33ULL

/* Where guest.S has its pages. */
#define GPA_PML4		0x1000
#define GPA_PDPT		0x2000
#define GPA_IDT			0x3000
#define GPA_DATA		0x6000
#define GPA_STACK		0x8000
#define GPA_CODE		0xfffff000ULL

bool direct_ok(const struct direct_td *t)
{
	return !t->err;
}

/* Note the first failure; what follows a failure is not tried. */
static bool ok(struct direct_td *t, u64 err, const char *what)
{
	if (!err)
		return true;
	if (!t->err) {
		t->err = err;
		pr_err("%s: %#llx %s\n", what, err, tdx_status_name(err));
	}
	return false;
}

static struct page *new_page(struct direct_td *t)
{
	/* Also called with interrupts off. */
	struct page *page = alloc_page(GFP_ATOMIC | __GFP_ZERO);

	if (!page)
		ok(t, ~0ULL, "out of memory");
	return page;
}

/* One that the module may have, and that can have metadata. */
static struct page *module_page(struct direct_td *t)
{
	struct page *page = tdx_alloc_page(GFP_ATOMIC | __GFP_ZERO);

	if (!page)
		ok(t, ~0ULL, "out of memory");
	return page;
}

struct page *direct_own_page(struct direct_td *t)
{
	struct page *page;

	if (t->nr_owned == DIRECT_MAX_PAGES) {
		ok(t, ~0ULL, "too many pages");
		return NULL;
	}
	page = module_page(t);
	if (page)
		t->owned[t->nr_owned++] = page;
	return page;
}

/* The S-EPT pages above a 4 KiB page; those that are there are no news. */
static void add_tables(struct direct_td *t, u64 gpa)
{
	struct sept_info info;
	struct sept_pos pos;
	struct page *page;
	u64 err;

	for (pos.level = 3; pos.level >= 1; pos.level--) {
		pos.gpa = gpa & ~((1ULL << (12 + 9 * pos.level)) - 1);
		if (!tdh_mem_sept_rd(&t->td, pos, &info) && (info.entry & 7))
			continue;
		page = direct_own_page(t);
		if (!page)
			return;
		err = tdh_mem_sept_add(&t->td, pos, page, &info);
		if (!ok(t, err, "TDH.MEM.SEPT.ADD"))
			return;
	}
}

static void add(struct direct_td *t, u64 gpa, const void *data)
{
	struct sept_pos pos = { .gpa = gpa };
	struct page *page, *source;
	struct sept_info info;

	if (t->err)
		return;
	add_tables(t, gpa);
	page = direct_own_page(t);
	source = new_page(t);
	if (t->err)
		return;
	if (data)
		memcpy(page_address(source), data, PAGE_SIZE);
	ok(t, tdh_mem_page_add(&t->td, pos.gpa, page, source, &info),
	   "TDH.MEM.PAGE.ADD");
	__free_page(source);
}

void direct_aug(struct direct_td *t, u64 gpa)
{
	struct sept_pos pos = { .gpa = gpa };
	struct sept_info info;
	struct page *page;

	add_tables(t, gpa);
	page = direct_own_page(t);
	if (!t->err)
		ok(t, tdh_mem_page_aug(&t->td, pos, page, &info),
		   "TDH.MEM.PAGE.AUG");
}

static void vp_wr(struct direct_td *t, u64 field, u64 val, u64 mask)
{
	ok(t, tdh_vp_wr(&t->vp, field, val, mask), "TDH.VP.WR");
}

static void *host_page(struct direct_td *t)
{
	struct page *page = NULL;

	if (t->nr_host < DIRECT_MAX_HOST)
		page = new_page(t);
	if (!page) {
		ok(t, ~0ULL, "no page for the host");
		return NULL;
	}
	t->host[t->nr_host++] = page;
	return page_address(page);
}

/* At most two pages, in the same epoch. */
void direct_block(struct direct_td *t, u64 gpa)
{
	struct sept_pos pos = { .gpa = gpa };
	struct sept_info info;

	t->blocked[t->blocked[0] ? 1 : 0] = gpa;
	ok(t, tdh_mem_range_block(&t->td, pos, &info), "TDH.MEM.RANGE.BLOCK");
	ok(t, tdh_mem_track(&t->td), "TDH.MEM.TRACK");
}

bool direct_unblock(struct direct_td *t, u64 gpa)
{
	struct sept_pos pos = { .gpa = gpa };
	struct sept_info info;

	if (gpa != t->blocked[0] && gpa != t->blocked[1])
		return false;
	ok(t, tdh_mem_range_unblock(&t->td, pos, &info),
	   "TDH.MEM.RANGE.UNBLOCK");
	return true;
}

static u64 *new_table(struct direct_td *t)
{
	u64 *table = host_page(t);
	unsigned int i;

	if (!table)
		return NULL;
	for (i = 0; i < 512; i++)
		table[i] = EPT_SVE;
	return table;
}

/* One page of memory, and one entry that lets the guest have its #VE. */
void direct_map_shared(struct direct_td *t)
{
	u64 gpa = DIRECT_SHARED_BIT | DIRECT_SHARED_GPA, *table, *e;
	u64 *data = host_page(t);
	int level;

	table = t->shared_root;
	for (level = 3; level > 0; level--) {
		e = &table[gpa >> (12 + 9 * level) & 511];
		table = new_table(t);
		if (t->err)
			return;
		*e = __pa(table) | 7;
	}
	*data = DIRECT_SHARED_VALUE;
	table[gpa >> 12 & 511] = __pa(data) | EPT_LEAF_RW | EPT_SVE;
	table[DIRECT_MMIO_GPA >> 12 & 511] = 0;
}

void direct_post_setup(struct direct_td *t)
{
	vp_wr(t, FIELD_PID_ADDR, __pa(t->pid), ~63ULL);
	vp_wr(t, FIELD_PID_VECTOR, DIRECT_NOTIFY_VECTOR, 0xffff);
	vp_wr(t, FIELD_PIN_CTLS, PIN_POSTED, PIN_POSTED);
}

/* As the host does for a vCPU that is not running: no notification. */
void direct_post(struct direct_td *t, u8 vector)
{
	set_bit(vector, (unsigned long *)t->pid);
	set_bit(0, (unsigned long *)(t->pid + 4));
}

void direct_nmi(struct direct_td *t)
{
	vp_wr(t, FIELD_PEND_NMI, 1, 1);
}

/* Of a debug TD, by the monitor trap flag. */
void direct_single_step(struct direct_td *t, bool on)
{
	vp_wr(t, FIELD_PROC_CTLS, on ? PROC_MTF : 0, PROC_MTF);
}

u64 direct_rip(struct direct_td *t)
{
	u64 rip = 0;

	ok(t, tdh_vp_rd(&t->vp, FIELD_RIP, &rip), "TDH.VP.RD");
	return rip;
}

static void add_code(struct direct_td *t)
{
	u64 *page = (u64 *)get_zeroed_page(GFP_KERNEL);
	const u64 *g;
	u64 entry, i;

	if (!page)
		return;
	add(t, GPA_CODE, td_test_guest);
	page[0] = GPA_PDPT | 3;
	add(t, GPA_PML4, page);
	/* 4 GiB one to one, and the first shared GiB at 256 GiB. */
	for (i = 0; i < 4; i++)
		page[i] = i << 30 | 0x83;
	page[256] = DIRECT_SHARED_BIT | 0x83;
	add(t, GPA_PDPT, page);
	clear_page(page);
	for (g = td_test_gates; g[0]; g += 2) {
		entry = GPA_CODE + g[1];
		page[2 * g[0]] = (entry & 0xffff) | 8 << 16 | 0x8eULL << 40 |
				 (entry & 0xffff0000) << 32;
		page[2 * g[0] + 1] = entry >> 32;
	}
	add(t, GPA_IDT, page);
	free_page((unsigned long)page);
	add(t, GPA_DATA, NULL);
	add(t, GPA_STACK, NULL);
}

static int key_config(void *data)
{
	struct direct_td *t = data;

	ok(t, tdh_mng_key_config(&t->td), "TDH.MNG.KEY.CONFIG");
	return 0;
}

/* TD_PARAMS, by byte offset. */
static void fill_params(u8 *p, bool debug)
{
	*(u64 *)p = debug;			/* ATTRIBUTES */
	*(u64 *)(p + 8) = DIRECT_XFAM;
	*(u16 *)(p + 16) = 1;			/* MAX_VCPUS */
	*(u64 *)(p + 24) = 6 | 3 << 3;		/* EPTP_CONTROLS */
	*(u64 *)(p + 32) = 1 << 2;		/* NO_RBP_MOD */
	*(u16 *)(p + 40) = 40;			/* 1 GHz */
}

static void build_td(struct direct_td *t, bool debug)
{
	const struct tdx_sys_info *sys = tdx_host_sysinfo();
	struct page *params = new_page(t);
	u64 bad = 0;
	int i;

	t->td.tdcs = t->tdcs;
	t->td.nr_tdcs = sys->tdcs_size / PAGE_SIZE;
	t->td.tdr = module_page(t);
	if (t->err || !ok(t, tdh_mng_create(&t->td), "TDH.MNG.CREATE"))
		return;
	tdx_for_each_package(key_config, t);
	for (i = 0; i < t->td.nr_tdcs && !t->err; i++) {
		t->tdcs[i] = direct_own_page(t);
		ok(t, tdh_mng_addcx(&t->td, t->tdcs[i]), "TDH.MNG.ADDCX");
	}
	if (t->err)
		return;
	fill_params(page_address(params), debug);
	ok(t, tdh_mng_init(&t->td, page_to_phys(params), &bad),
	   "TDH.MNG.INIT");
	__free_page(params);
}

static void build_vp(struct direct_td *t)
{
	const struct tdx_sys_info *sys = tdx_host_sysinfo();
	int i;

	if (t->err)
		return;
	t->vp.tdcx = t->tdcx;
	t->vp.nr_tdcx = sys->tdvps_size / PAGE_SIZE - 1;
	t->vp.tdvpr = direct_own_page(t);
	ok(t, tdh_vp_create(&t->td, &t->vp), "TDH.VP.CREATE");
	for (i = 0; i < t->vp.nr_tdcx && !t->err; i++) {
		t->tdcx[i] = direct_own_page(t);
		ok(t, tdh_vp_addcx(&t->vp, t->tdcx[i]), "TDH.VP.ADDCX");
	}
	if (t->err)
		return;
	ok(t, tdh_vp_init(&t->vp, 0, 0), "TDH.VP.INIT");
	t->shared_root = new_table(t);
	t->pid = host_page(t);
	if (t->err)
		return;
	vp_wr(t, FIELD_SHARED_EPTP, __pa(t->shared_root), 0xffffffffff000ULL);
}

int direct_td_build(struct direct_td *t, bool debug)
{
	int keyid = tdx_keyid_alloc();

	if (keyid < 0)
		return keyid;
	t->td.hkid = keyid;
	build_td(t, debug);
	build_vp(t);
	if (!t->err)
		add_code(t);
	if (!t->err)
		ok(t, tdh_mr_finalize(&t->td), "TDH.MR.FINALIZE");
	return t->err ? -EIO : 0;
}

static void reclaim(struct direct_td *t, struct page *page)
{
	u64 pt, owner, size;

	if (!ok(t, tdh_phymem_page_reclaim(page, &pt, &owner, &size),
		"TDH.PHYMEM.PAGE.RECLAIM"))
		return;
	tdx_free_page(page);
}

/* Where the vCPU is; elsewhere it is not associated, and that is no news. */
static void flush(void *data)
{
	struct direct_td *t = data;

	tdh_vp_flush(&t->vp);
}

int direct_td_destroy(struct direct_td *t)
{
	unsigned int cpu;
	u64 err;

	t->err = 0;
	/* One after the other: two at once would find the TDVPR busy. */
	for_each_online_cpu(cpu)
		smp_call_function_single(cpu, flush, t, 1);
	ok(t, tdh_mng_vpflushdone(&t->td), "TDH.MNG.VPFLUSHDONE");
	err = tdh_phymem_cache_wb(false);
	while ((err & 0xffffffff00000000ULL) == 0x8000000300000000ULL)
		err = tdh_phymem_cache_wb(true);
	ok(t, tdh_mng_key_freeid(&t->td), "TDH.MNG.KEY.FREEID");
	while (t->nr_owned)
		reclaim(t, t->owned[--t->nr_owned]);
	reclaim(t, t->td.tdr);
	while (t->nr_host)
		__free_page(t->host[--t->nr_host]);
	if (!t->err)
		tdx_keyid_free(t->td.hkid);
	return t->err ? -EIO : 0;
}
