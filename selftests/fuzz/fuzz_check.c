// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has to be true between any two SEAMCALLs.  Written from the
 * specification's layouts, not by way of the module's own functions.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "fuzz.h"

/* Public knowledge about entries: what state is in which bits. */
#define E_LEAF		(1ULL << 7)
#define E_LOCK		(1ULL << 11)
#define E_HP		(1ULL << 52)
#define E_BLOCKED	(1ULL << 55)
#define E_PENDING	(1ULL << 56)
#define E_RWX		7ULL
#define E_PFN		0x000ffffffffff000ULL

enum {
	T_FREE = 0, T_RSVD = 1, T_REG = 3, T_TDR = 4, T_TDCX = 5, T_TDVPR = 6,
	T_EPT = 8, T_PAMT = 15,
};

struct meta {
	u64 low, bepoch;
};

#define META_LOCK(m)	((u16)(m)->low)
#define META_TYPE(m)	((m)->low >> 16 & 0x1f)
#define META_OWNER(m)	((m)->low >> 24 << 12)

/* How often S-EPTs refer to a page, and in what role. */
static struct {
	u8 leaf4k, leaf2m, table;
} refs[NR_POOL];

/* The last epoch of each TD, by page and unique id. */
static struct {
	u64 uuid, epoch;
} epochs[NR_POOL];

void violated(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "invariant violated after step %u: ", fuzz_steps);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

static const struct meta *in_array(int level, u64 pa)
{
	const struct meta *array = sw_va(sw_sys.tdmr[0].pamt[level]);

	return &array[(pa - TDMR_BASE) >> (12 + 9 * level)];
}

/* Dynamic PAMT: a 2M entry of type PAMT has two pages and counts their use. */
#define NODE_PAGE(m, half) (((half) ? (m)->bepoch : (m)->low) >> 28 << 12)
#define NODE_COUNT(m)	((m)->bepoch & 0x3ff)
#define HALF		256

/* The metadata of 256 pages; of those without any: free, and not locked. */
static const struct meta *half_of(u64 pa)
{
	static const struct meta none[HALF];
	const struct meta *node = in_array(1, pa);
	int half = pa / PAGE % 512 / HALF;

	if (!dynamic_pamt)
		return in_array(0, pa & ~(HALF * PAGE - 1));
	return META_TYPE(node) == T_PAMT ? sw_va(NODE_PAGE(node, half)) : none;
}

static const struct meta *meta(int level, u64 pa)
{
	return level ? in_array(level, pa) : &half_of(pa)[pa / PAGE % HALF];
}

/* Does the bitmap say that the page is reserved, or holds metadata? */
static bool marked(u64 pa)
{
	const u64 *map = sw_va(sw_sys.tdmr[0].pamt[0]);
	u64 i = (pa - TDMR_BASE) / PAGE;

	return dynamic_pamt && (map[i / 64] >> (i % 64) & 1);
}

/*
 * The PAMT as it was at the last check.  Most steps leave most of it alone,
 * and comparing is faster than looking.
 */
static struct {
	struct meta small[512], large;
	bool unchecked;			/* copied since the last check */
} shadow[NR_BLOCKS];
/* False: look at all of it the next time. */
static bool shadow_valid;

static bool block_changed(int block)
{
	u64 base = pool_pa(block * 512);

	return memcmp(shadow[block].small, half_of(base), HALF * sizeof(struct meta)) ||
	       memcmp(shadow[block].small + HALF, half_of(base + HALF * PAGE),
		      HALF * sizeof(struct meta)) ||
	       memcmp(&shadow[block].large, meta(1, base), sizeof(struct meta));
}

static void block_copy(int block)
{
	u64 base = pool_pa(block * 512);

	memcpy(shadow[block].small, half_of(base), HALF * sizeof(struct meta));
	memcpy(shadow[block].small + HALF, half_of(base + HALF * PAGE),
	       HALF * sizeof(struct meta));
	shadow[block].large = *meta(1, base);
	shadow[block].unchecked = true;
}

void check_note(void)
{
	int i;

	for (i = 0; i < NR_BLOCKS; i++) {
		if (block_changed(i))
			block_copy(i);
	}
}

static const struct meta *old_meta(int index)
{
	return &shadow[index / 512].small[index % 512];
}

static u32 type_of(u64 pa)
{
	return META_TYPE(meta(0, pa));
}

static bool owned(u64 pa, u32 type, u64 tdr_pa)
{
	const struct meta *m = meta(0, pa);

	return pool_index(pa) >= 0 && META_TYPE(m) == type &&
	       META_OWNER(m) == tdr_pa;
}

/* Every entry in use has one owner, which is a TDR. */
static void check_meta(const struct meta *m, u64 pa, int depth)
{
	u64 owner = META_OWNER(m);

	/* The priority bit may stay when nobody holds the lock. */
	must(depth || !(META_LOCK(m) & ~2), "lock of page %llx is %x", LL(pa),
	     META_LOCK(m));
	switch (META_TYPE(m)) {
	case T_FREE:
	case T_TDR:
		must(!owner, "page %llx of type %u has owner %llx", LL(pa),
		     (u32)META_TYPE(m), LL(owner));
		break;
	case T_REG:
	case T_TDCX:
	case T_TDVPR:
	case T_EPT:
		must(pool_index(owner) >= 0 && type_of(owner) == T_TDR,
		     "page %llx has owner %llx, which is no TDR", LL(pa),
		     LL(owner));
		break;
	default:
		violated("page %llx has type %u", LL(pa), (u32)META_TYPE(m));
	}
}

static void check_node(const struct meta *node, u64 base, int depth)
{
	unsigned int i, used = 0;

	must(dynamic_pamt, "2M entry %llx has small pages", LL(base));
	must(depth || !(META_LOCK(node) & ~2), "lock of range %llx is %x",
	     LL(base), META_LOCK(node));
	for (i = 0; i < 2; i++)
		must(marked(NODE_PAGE(node, i)),
		     "page %llx holds metadata and is not marked",
		     LL(NODE_PAGE(node, i)));
	must(NODE_PAGE(node, 0) != NODE_PAGE(node, 1), "a pair of one page");
	for (i = 0; i < 512; i++)
		used += type_of(base + i * PAGE) != T_FREE;
	must(used == NODE_COUNT(node), "range %llx has %u pages in use, counts %u",
	     LL(base), used, (u32)NODE_COUNT(node));
}

static void check_block(u64 base, int depth)
{
	const struct meta *m2 = meta(1, base);
	int i;

	if (META_TYPE(m2) == T_PAMT) {
		check_node(m2, base, depth);
	} else {
		check_meta(m2, base, depth);
		must(META_TYPE(m2) == T_FREE || META_TYPE(m2) == T_REG,
		     "2M entry %llx has type %u", LL(base), (u32)META_TYPE(m2));
	}
	for (i = 0; i < 512; i++) {
		u64 pa = base + i * PAGE;

		check_meta(meta(0, pa), pa, depth);
		must(META_TYPE(m2) != T_REG || type_of(pa) == T_FREE,
		     "page %llx is in use below a 2M page", LL(pa));
		must(!marked(pa) || (META_TYPE(m2) != T_REG && type_of(pa) == T_FREE),
		     "page %llx holds metadata and is in use", LL(pa));
	}
}

/*
 * Every mark is a page that a range has, be it one of the pool or not, and no
 * page has two ranges.
 */
static void check_marks(void)
{
	unsigned int marks = 0, pages = 0;
	int i, half;

	for (i = 0; i < NR_POOL; i++)
		marks += marked(pool_pa(i));
	for (i = 0; i < SW_SIZE_1G / SW_SIZE_2M; i++) {
		const struct meta *node = meta(1, TDMR_BASE + i * SW_SIZE_2M);

		for (half = 0; half < 2 && META_TYPE(node) == T_PAMT; half++)
			pages += pool_index(NODE_PAGE(node, half)) >= 0;
	}
	must(marks == pages, "%u pages are marked, %u hold metadata", marks,
	     pages);
}

static void check_entry(u64 tdr_pa, u64 val, int level, int depth);

static void check_table(u64 tdr_pa, u64 pa, int level, int depth)
{
	const u64 *table = sw_va(pa);
	int i, n = level == 3 ? 256 : 512;

	for (i = 0; i < n; i++)
		check_entry(tdr_pa, table[i], level, depth);
}

static void check_leaf(u64 tdr_pa, u64 val, int level)
{
	u64 pa = val & E_PFN;
	int i = pool_index(pa);

	/* A 2 MiB page that is being accepted counts in its low bits. */
	if (level == 1) {
		pa &= ~(SW_SIZE_2M - 1);
		i = pool_index(pa);
		must(i >= 0 && META_TYPE(meta(1, pa)) == T_REG &&
		     META_OWNER(meta(1, pa)) == tdr_pa,
		     "2M entry %llx of TD %llx maps what it does not own",
		     LL(val), LL(tdr_pa));
		must(!refs[i].leaf2m++, "2M page %llx is mapped twice", LL(pa));
		return;
	}
	must(!level && owned(pa, T_REG, tdr_pa),
	     "entry %llx of TD %llx maps what it does not own", LL(val),
	     LL(tdr_pa));
	must(!refs[i].leaf4k++, "page %llx is mapped twice", LL(pa));
}

static void check_entry(u64 tdr_pa, u64 val, int level, int depth)
{
	u64 state = val & SW_EPT_STATE_MASK;
	u64 pa = val & E_PFN;

	must(depth || !(val & E_LOCK), "entry %llx is locked", LL(val));
	val &= ~(E_LOCK | E_HP);
	if (val == 0x80e0000000000000ULL)
		return;
	if (val & E_LEAF) {
		bool open = !(val & (E_BLOCKED | E_PENDING));

		must(!(state & ~(E_BLOCKED | E_PENDING | 0xc0)),
		     "entry %llx has an unknown state", LL(val));
		must((val & E_RWX) == (open ? E_RWX : 0),
		     "entry %llx: access does not fit the state", LL(val));
		check_leaf(tdr_pa, val, level);
		return;
	}
	must(level && !(state & ~E_BLOCKED), "entry %llx is no table", LL(val));
	must((val & E_RWX) == (val & E_BLOCKED ? 0 : E_RWX),
	     "table %llx: access does not fit the state", LL(val));
	must(owned(pa, T_EPT, tdr_pa), "table %llx is not the TD's", LL(val));
	must(!refs[pool_index(pa)].table++, "table %llx is linked twice", LL(pa));
	check_table(tdr_pa, pa, level - 1, depth);
}

/* Pages that belong to a TD: all of its S-EPT, and no more than counted. */
static void check_pages(u64 tdr_pa, u64 counted, bool linked)
{
	u64 count = 0;
	int i;

	for (i = 0; i < NR_POOL; i++) {
		const struct meta *m = old_meta(i);
		const struct meta *large = &shadow[i / 512].large;

		if (!(i % 512) && META_TYPE(large) == T_REG &&
		    META_OWNER(large) == tdr_pa) {
			count += 512;
			must(!linked || refs[i].leaf2m,
			     "2M page %llx is lost", LL(pool_pa(i)));
		}
		if (META_OWNER(m) != tdr_pa)
			continue;
		count++;
		must(!linked || META_TYPE(m) != T_REG || refs[i].leaf4k,
		     "page %llx is lost", LL(pool_pa(i)));
		must(!linked || META_TYPE(m) != T_EPT || refs[i].table,
		     "table %llx is lost", LL(pool_pa(i)));
	}
	must(count == counted, "TD %llx owns %llu pages, counts %llu",
	     LL(tdr_pa), LL(count), LL(counted));
}

static void check_sharex(const char *name, const struct sw_sharex *lock)
{
	must(!(lock->word & ~2), "lock %s is %x", name, lock->word);
}

static void check_epoch(u64 tdr_pa, const struct sw_tdr *tdr,
			const struct sw_tdcs *tdcs, int depth)
{
	int i = pool_index(tdr_pa);

	if (epochs[i].uuid == tdr->uuid[0])
		must(tdcs->td_epoch >= epochs[i].epoch,
		     "epoch of TD %llx went back", LL(tdr_pa));
	epochs[i].uuid = tdr->uuid[0];
	epochs[i].epoch = tdcs->td_epoch;
	must(depth || !(tdcs->refcount[0] | tdcs->refcount[1]),
	     "TD %llx counts vCPUs that are not inside", LL(tdr_pa));
}

static void check_vcpus(u64 tdr_pa, const struct sw_tdcs *tdcs)
{
	u32 associated = 0, initialised = 0;
	unsigned int k;
	int i;

	for (i = 0; i < NR_POOL; i++) {
		const struct sw_tdvps *vp;

		if (META_TYPE(old_meta(i)) != T_TDVPR ||
		    META_OWNER(old_meta(i)) != tdr_pa)
			continue;
		vp = sw_va(pool_pa(i));
		associated += vp->assoc_lpid != -1;
		initialised += vp->state != SW_VCPU_UNINITIALIZED;
		for (k = 1; k < vp->num_pages; k++)
			must(owned(vp->page_pa[k], T_TDCX, tdr_pa),
			     "vCPU page %llx is not the TD's",
			     LL(vp->page_pa[k]));
	}
	must(associated == tdcs->num_assoc_vcpus,
	     "TD %llx has %u associated vCPUs, counts %u", LL(tdr_pa),
	     associated, tdcs->num_assoc_vcpus);
	must(initialised <= tdcs->num_vcpus, "TD %llx counts too few vCPUs",
	     LL(tdr_pa));
}

/* Once pages are being reclaimed, the structures in them mean nothing. */
static void check_td(u64 tdr_pa, int depth)
{
	const struct sw_tdr *tdr = sw_va(tdr_pa);
	bool linked = false;
	struct sw_tdcs *tdcs;
	unsigned int i;

	if (tdr->lifecycle != SW_TEARDOWN && tdr->num_tdcx >= SW_TDCS_PAGES_MIN) {
		for (i = 0; i < tdr->num_tdcx; i++)
			must(owned(tdr->tdcx_pa[i], T_TDCX, tdr_pa),
			     "control page %llx is not the TD's",
			     LL(tdr->tdcx_pa[i]));
		tdcs = sw_va(tdr->tdcx_pa[0]);
		if (!depth) {
			check_sharex("OP_STATE", &tdcs->op_lock);
			check_sharex("SEPT_TREE", &tdcs->tree_lock);
			check_sharex("TD_EPOCH", &tdcs->epoch_lock);
			check_sharex("RTMR", &tdcs->rtmr_lock);
		}
		check_table(tdr_pa, tdr->tdcx_pa[SW_TDCS_SEPT_ROOT], 3, depth);
		check_epoch(tdr_pa, tdr, tdcs, depth);
		check_vcpus(tdr_pa, tdcs);
		linked = true;
	}
	check_pages(tdr_pa, tdr->chldcnt, linked);
}

/* A KeyID is in use exactly as long as the one TD that has it says so. */
static void check_keys(const u8 *users, const u8 *flushed)
{
	unsigned int i;

	for (i = 0; i < SW_MAX_HKIDS; i++) {
		u8 state = sw_sys.kot[i].state;

		must(users[i] + flushed[i] <= 1, "KeyID %u is shared", i);
		if (state == SW_KOT_RESERVED)
			continue;
		must((state == SW_KOT_ASSIGNED) == users[i] &&
		     (state == SW_KOT_FLUSHED) == flushed[i],
		     "KeyID %u is in state %u", i, state);
	}
}

static void check_global(void)
{
	check_sharex("SYS", &sw_sys.lock);
	check_sharex("KOT", &sw_sys.kot_lock);
	check_sharex("WBCACHE", &sw_sys.wb_lock[0]);
	check_sharex("TDMR", &sw_sys.tdmr[0].lock);
	must(!(META_LOCK(meta(2, POOL_BASE)) & ~2), "1G entry is locked");
	must(!sw_sys.in_flight, "%u calls in flight", sw_sys.in_flight);
}

static void check_tds(u8 *users, u8 *flushed, int depth)
{
	int i;

	for (i = 0; i < NR_POOL; i++) {
		const struct sw_tdr *tdr;

		if (META_TYPE(old_meta(i)) != T_TDR)
			continue;
		tdr = sw_va(pool_pa(i));
		check_td(pool_pa(i), depth);
		must(tdr->hkid < SW_MAX_HKIDS, "KeyID of a TD");
		if (tdr->lifecycle == SW_BLOCKED)
			flushed[tdr->hkid]++;
		else if (tdr->lifecycle != SW_TEARDOWN)
			users[tdr->hkid]++;
	}
}

void check_all(int depth)
{
	static u8 users[SW_MAX_HKIDS], flushed[SW_MAX_HKIDS];
	int i;

	memset(refs, 0, sizeof(refs));
	memset(users, 0, sizeof(users));
	memset(flushed, 0, sizeof(flushed));
	check_note();
	for (i = 0; i < NR_BLOCKS; i++) {
		if (!shadow_valid || shadow[i].unchecked)
			check_block(pool_pa(i * 512), depth);
		shadow[i].unchecked = false;
	}
	if (dynamic_pamt)
		check_marks();
	check_tds(users, flushed, depth);
	check_keys(users, flushed);
	if (!depth)
		check_global();
	/* What was allowed to be locked now may have to be free next time. */
	shadow_valid = !depth;
}

void check_reset(void)
{
	memset(epochs, 0, sizeof(epochs));
	memset(shadow, 0, sizeof(shadow));
	/* With dynamic PAMT not all is zero: a first call may fail, too. */
	check_note();
	shadow_valid = false;
}

/* Locks aside: a call that lost one has left its mark. */
static bool same(const struct meta *a, const struct meta *b)
{
	return a->low >> 16 == b->low >> 16 && a->bepoch == b->bepoch;
}

bool check_unchanged(void)
{
	int i, k;

	for (i = 0; i < NR_BLOCKS; i++) {
		if (!block_changed(i))
			continue;
		if (!same(&shadow[i].large, meta(1, pool_pa(i * 512))))
			return false;
		for (k = 0; k < 512; k++) {
			if (!same(&shadow[i].small[k],
				  meta(0, pool_pa(i * 512 + k))))
				return false;
		}
	}
	return true;
}

