// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYS.CONFIG's checks of memory: TDMRs that the host proposes, their reserved
 * areas and PAMT arrays have to be consistent with each other and inside
 * convertible memory.  Everything is copied first, since the host could
 * change it meanwhile, and nothing counts before the last check.
 */
#include "host/leaf.h"

#define SW_PAMT_ENTRY_SIZE	sizeof(struct sw_pamt_entry)

/* As the host writes it: 512-byte aligned, in shared memory. */
struct sw_tdmr_info {
	u64 base, size;
	u64 pamt_1g, pamt_1g_size;
	u64 pamt_2m, pamt_2m_size;
	u64 pamt_4k, pamt_4k_size;
	struct {
		u64 offset, size;
	} rsvd[SW_MAX_RSVD];
};

static bool overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/*
 * The @i-th stretch of a TDMR that is not reserved; they lie before, between
 * and behind the reserved areas, and may be empty.
 */
static struct sw_range tdmr_gap(const struct sw_tdmr *t, unsigned int i)
{
	u64 start = t->base, end = t->base + t->size;

	if (i)
		start = t->rsvd[i - 1].base + t->rsvd[i - 1].size;
	if (i < t->nr_rsvd)
		end = t->rsvd[i].base;
	return (struct sw_range){ start, end - start };
}

static u64 check_area(const struct sw_tdmr *t, unsigned int nr)
{
	u32 detail = nr;

	if (!SW_ALIGNED(t->base, SW_SIZE_1G) ||
	    !SW_ALIGNED(t->size, SW_SIZE_1G) || !sw_sys_check_hpa(t->base) ||
	    !sw_sys_check_hpa(t->size) ||
	    (t->size && !sw_sys_check_hpa(t->base + t->size - 1)))
		return SW_INVALID_TDMR | detail;
	if (nr && t->base < t[-1].base + t[-1].size)
		return SW_NON_ORDERED_TDMR | detail;
	return t->size ? 0 : SW_INVALID_TDMR | detail;
}

static u64 copy_reserved(struct sw_tdmr *t, const struct sw_tdmr_info *info,
			 unsigned int nr)
{
	u64 last = 0;
	unsigned int i;

	t->nr_rsvd = 0;
	for (i = 0; i < SW_MAX_RSVD; i++) {
		u64 offset = info->rsvd[i].offset, size = info->rsvd[i].size;
		u32 detail = nr | i << 8;

		if (!size)
			continue;
		if (!sw_sys_check_hpa(size))
			return SW_INVALID_RESERVED_IN_TDMR | detail;
		/* An empty entry ends the list; the earlier one is named. */
		if (t->nr_rsvd != i || offset < last)
			return SW_NON_ORDERED_RESERVED_IN_TDMR | nr | (i - 1) << 8;
		if (!SW_ALIGNED(offset | size, SW_SIZE_4K) ||
		    offset >= t->size || size > t->size - offset)
			return SW_INVALID_RESERVED_IN_TDMR | detail;
		last = offset + size;
		t->rsvd[i] = (struct sw_range){ t->base + offset, size };
		t->nr_rsvd = i + 1;
	}
	return 0;
}

static u64 check_gaps(const struct sw_tdmr *t, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i <= t->nr_rsvd; i++) {
		struct sw_range gap = tdmr_gap(t, i);

		if (gap.size && !sw_covered_by_cmr(gap.base, gap.size))
			return SW_TDMR_OUTSIDE_CMRS | nr;
	}
	return 0;
}

static u64 check_pamt(const struct sw_tdmr *t, unsigned int nr, bool dynamic)
{
	u32 level;

	for (level = 0; level < 3; level++) {
		u64 need = (t->size >> SW_LEVEL_SHIFT(level)) * SW_PAMT_ENTRY_SIZE;
		u64 base = t->pamt[level], size = t->pamt_size[level];
		u32 detail = nr | level << 8;

		/* One bit for each small page. */
		if (dynamic && !level)
			need = t->size >> SW_LEVEL_SHIFT(0) >> 3;
		if (!SW_ALIGNED(base | size, SW_SIZE_4K) || size < need ||
		    !sw_sys_check_hpa(base) || !sw_sys_check_hpa(size))
			return SW_INVALID_PAMT | detail;
		if (!sw_covered_by_cmr(base, size))
			return SW_PAMT_OUTSIDE_CMRS | detail;
	}
	return 0;
}

static bool range_meets_tdmr(u64 base, u64 size, const struct sw_tdmr *t)
{
	unsigned int i;

	for (i = 0; i <= t->nr_rsvd; i++) {
		struct sw_range gap = tdmr_gap(t, i);

		if (gap.size && overlap(base, size, gap.base, gap.size))
			return true;
	}
	return false;
}

/* One PAMT array against the PAMT arrays of another TDMR, or its own others. */
static bool range_meets_pamts(u64 base, u64 size, const struct sw_tdmr *o,
			      const struct sw_tdmr *t, u32 level)
{
	u32 l;

	for (l = 0; l < 3; l++) {
		if ((o != t || l != level) &&
		    overlap(base, size, o->pamt[l], o->pamt_size[l]))
			return true;
	}
	return false;
}

/* One PAMT array against this TDMR and those before it. */
static u64 check_pamt_overlap(unsigned int nr, u32 level)
{
	const struct sw_tdmr *t = &sw_sys.tdmr[nr];
	u64 base = t->pamt[level], size = t->pamt_size[level];
	unsigned int i;

	for (i = 0; i <= nr; i++) {
		const struct sw_tdmr *o = &sw_sys.tdmr[i];

		if (range_meets_tdmr(base, size, o) ||
		    range_meets_pamts(base, size, o, t, level))
			return SW_PAMT_OVERLAP | nr | level << 8 | i << 16;
	}
	return 0;
}

/* The PAMT arrays of TDMRs against the TDMRs behind them. */
static u64 check_pamt_below(unsigned int nr, unsigned int count)
{
	const struct sw_tdmr *t = &sw_sys.tdmr[nr];
	unsigned int i;
	u32 level;

	for (level = 0; level < 3; level++) {
		for (i = nr + 1; i < count; i++) {
			if (range_meets_tdmr(t->pamt[level], t->pamt_size[level],
					     &sw_sys.tdmr[i]))
				return SW_PAMT_OVERLAP | nr | level << 8 | i << 16;
		}
	}
	return 0;
}

static u64 copy_tdmr(struct sw_tdmr *t, u64 info_pa, unsigned int nr,
		     bool dynamic)
{
	struct sw_tdmr_info info;
	u32 level;
	u64 err;

	if (!SW_ALIGNED(info_pa, 512) || !sw_sys_check_hpa(info_pa) ||
	    !sw_is_ram(info_pa, sizeof(info)))
		return SW_OPERAND_INVALID | SW_OPND_TDMR_INFO_PA;
	memcpy(&info, sw_va(info_pa), sizeof(info));

	memset(t, 0, sizeof(*t));
	t->base = info.base;
	t->size = info.size;
	t->next = info.base;
	t->pamt[0] = info.pamt_4k;
	t->pamt_size[0] = info.pamt_4k_size;
	t->pamt[1] = info.pamt_2m;
	t->pamt_size[1] = info.pamt_2m_size;
	t->pamt[2] = info.pamt_1g;
	t->pamt_size[2] = info.pamt_1g_size;

	err = check_area(t, nr);
	if (!err)
		err = copy_reserved(t, &info, nr);
	if (!err)
		err = check_gaps(t, nr);
	if (!err)
		err = check_pamt(t, nr, dynamic);
	for (level = 0; level < 3 && !err; level++)
		err = check_pamt_overlap(nr, level);
	return err;
}

u64 sw_tdmr_config(u64 array_pa, u64 count, bool dynamic)
{
	u64 pa[SW_MAX_TDMRS], err = 0;
	unsigned int i;

	memcpy(pa, sw_va(array_pa), count * sizeof(pa[0]));
	for (i = 0; i < count && !err; i++)
		err = copy_tdmr(&sw_sys.tdmr[i], pa[i], i, dynamic);
	for (i = 0; i < count && !err; i++)
		err = check_pamt_below(i, count);
	if (!err)
		sw_sys.nr_tdmrs = count;
	return err;
}
