// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.SYS.*: bring-up, in the order SYS.INIT, LP.INIT on every CPU, CONFIG,
 * KEY.CONFIG on every package, TDMR.INIT until all of memory is ready.
 *
 * After SYS.DISABLE the module has forgotten its memory and answers nothing
 * but SYS_SHUTDOWN.  To be brought up again it has to be loaded again; from
 * SYS.CONFIG to SYS.DISABLE it cannot be unloaded, since TDs may exist.
 *
 * After SYS.SHUTDOWN and SEAMLDR.INSTALL it says that it is another module, which
 * takes SYS.INIT, LP.INIT on every CPU and SYS.UPDATE.
 */
#include "host/leaf.h"

/* 4K PAMT entries that one TDMR.INIT initialises: 4 MiB of memory, or 16. */
#define SW_TDMR_INIT_BATCH	1024
#define SW_TDMR_INIT_BATCH_DYNAMIC	4096

/* Bit of R8 of SYS.CONFIG. */
#define SW_CONFIG_DYNAMIC_PAMT	(1ULL << 16)

static u64 sys_lock(enum sw_mode mode)
{
	return sw_lock(&sw_sys.lock, mode, SW_HOST) ? SW_SYS_BUSY : 0;
}

static void sys_unlock(enum sw_mode mode)
{
	sw_unlock(&sw_sys.lock, mode);
}

/* Copy the CMRs; ones that touch become one, so that coverage is one test. */
static u64 copy_cmrs(void)
{
	unsigned int i, nr = sw_nr_cmrs(), n = 0;

	for (i = 0; i < nr; i++) {
		struct sw_range *prev = n ? &sw_sys.cmr[n - 1] : NULL;
		u64 base, size;

		sw_cmr(i, &base, &size);
		if (!size)
			continue;
		if (prev && base < prev->base + prev->size)
			return SW_CMR_LIST_INVALID;
		if (prev && base == prev->base + prev->size) {
			prev->size += size;
			continue;
		}
		if (n == SW_MAX_CMRS)
			return SW_CMR_LIST_INVALID;
		sw_sys.cmr[n++] = (struct sw_range){ base, size };
	}
	sw_sys.nr_cmrs = n;
	return n ? 0 : SW_CMR_LIST_INVALID;
}

static u64 sys_init_locked(const struct sw_regs *in)
{
	bool v1 = in->rax >> 16 & 0xff;
	u64 err;

	if (sw_sys.state != SW_SYSINIT_PENDING)
		return SW_SYS_INIT_NOT_PENDING;
	if (in->rcx)
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	/* No diagnostics of fatal errors to configure. */
	if (v1 && in->r8)
		return SW_OPERAND_INVALID | SW_OPND_R8;
	err = sw_check_cpuid_limit();
	if (err)
		return err;
	sw_hkid_range(&sw_sys.first_hkid, &sw_sys.nr_hkids);
	if (!sw_sys.nr_hkids || sw_sys.nr_hkids > SW_MAX_HKIDS ||
	    sw_sys.first_hkid + sw_sys.nr_hkids > SW_MAX_HKIDS)
		return SW_NUM_ACTIVATED_HKIDS_NOT_SUPPORTED;
	if (sw_nr_pkgs() > SW_MAX_PKGS)
		return SW_INVALID_PKG_ID | SW_MAX_PKGS;
	err = copy_cmrs();
	if (err)
		return err;
	sw_cpuid_sample();
	sw_sys.tsc_adjust = sw_tsc_adjust();
	sw_store(&sw_sys.state, SW_SYSINIT_DONE);
	return 0;
}

u64 sw_sys_init(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_regs in = *r;
	u64 err;

	r->rcx = 0;
	r->rdx = 0;
	r->r8 = 0;
	r->r9 = 0;
	r->r10 = 0;
	err = sys_lock(SW_EXCL);
	if (err)
		return err;
	err = sys_init_locked(&in);
	sys_unlock(SW_EXCL);
	return err;
}

/* A vCPU may run on any CPU, so all have to be the one of SYS.INIT. */
static u64 lp_check(struct sw_regs *r)
{
	u64 err = sw_check_cpuid_limit();

	if (!err)
		err = sw_check_tsc_adjust();
	if (err)
		return err;
	return sw_cpuid_same(r) ? 0 : SW_INCONSISTENT_CPUID_FIELD;
}

static u64 lp_init_locked(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 err;

	/* From SYS.CONFIG on this is the answer to all, also to one that is done. */
	if (sw_sys.state != SW_SYSINIT_DONE)
		return SW_SYS_LP_INIT_NOT_PENDING;
	if (cpu->lp_init_done)
		return SW_SYS_LP_INIT_DONE;
	if (sw_this_pkg() >= sw_nr_pkgs())
		return SW_INVALID_PKG_ID | sw_this_pkg();
	err = lp_check(r);
	if (err)
		return err;
	cpu->lp_init_done = 1;
	sw_add_return(&sw_sys.nr_lps, 1);
	return 0;
}

u64 sw_sys_lp_init(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 err = sys_lock(SW_SHARED);

	if (err)
		return err;
	err = lp_init_locked(cpu, r);
	sys_unlock(SW_SHARED);
	return err;
}

static u64 config_locked(const struct sw_regs *r)
{
	bool dynamic = r->r8 & SW_CONFIG_DYNAMIC_PAMT;
	u32 hkid = r->r8 & 0xffff;
	u64 err;

	if (sw_sys.state != SW_SYSINIT_DONE || sw_sys.nr_lps < sw_nr_cpus())
		return SW_SYS_CONFIG_NOT_PENDING;
	/* The memory is configured, and TDs may be in it: SYS.UPDATE goes on. */
	if (sw_sys.handoff_hv)
		return SW_SYS_CONFIG_NOT_PENDING;
	if (!SW_ALIGNED(r->rcx, 512) || !sw_sys_check_hpa(r->rcx))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	if (!r->rdx || r->rdx > SW_MAX_TDMRS)
		return SW_OPERAND_INVALID | SW_OPND_RDX;
	if ((r->r8 & ~SW_CONFIG_DYNAMIC_PAMT) >> 16 ||
	    hkid < sw_sys.first_hkid ||
	    hkid - sw_sys.first_hkid >= sw_sys.nr_hkids)
		return SW_OPERAND_INVALID | SW_OPND_R8;
	if (dynamic && sw_maxpa() > SW_PAMT_MAXPA)
		return SW_OPERAND_INVALID | SW_OPND_R8;
	if (!sw_is_ram(r->rcx, r->rdx * sizeof(u64)))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	err = sw_tdmr_config(r->rcx, r->rdx, dynamic);
	if (err)
		return err;
	sw_sys.dynamic_pamt = dynamic;
	sw_sys.hkid = hkid;
	sw_sys.kot[hkid].state = SW_KOT_RESERVED;
	/* The host has given memory away, and TDs will depend on this code. */
	sw_pin();
	sw_store(&sw_sys.state, SW_SYSCONFIG_DONE);
	return 0;
}

u64 sw_sys_config(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 err = sys_lock(SW_EXCL);

	if (err)
		return err;
	err = config_locked(r);
	sys_unlock(SW_EXCL);
	return err;
}

static u64 key_config_locked(void)
{
	u64 all = (1ULL << sw_nr_pkgs()) - 1, bit = 1ULL << sw_this_pkg();

	if (sw_sys.state != SW_SYSCONFIG_DONE)
		return SW_SYS_KEY_CONFIG_NOT_PENDING;
	if (sw_sys.keyed_pkgs & bit)
		return SW_KEY_CONFIGURED;
	sw_sys.keyed_pkgs |= bit;
	if (sw_sys.keyed_pkgs == all)
		sw_store(&sw_sys.state, SW_SYS_READY);
	return 0;
}

u64 sw_sys_key_config(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 err = sys_lock(SW_EXCL);

	if (err)
		return err;
	err = key_config_locked();
	sys_unlock(SW_EXCL);
	return err;
}

static void pamt_reset(const struct sw_tdmr *t, u64 pa, u8 level, u8 type)
{
	struct sw_pamt_entry *array = sw_va(t->pamt[level]);
	struct sw_pamt_entry *e = &array[(pa - t->base) >> SW_LEVEL_SHIFT(level)];

	memset(e, 0, sizeof(*e));
	e->type_flags = type;
}

static void tdmr_init_batch(struct sw_tdmr *t)
{
	unsigned int batch = sw_sys.dynamic_pamt ? SW_TDMR_INIT_BATCH_DYNAMIC :
						   SW_TDMR_INIT_BATCH;
	u64 pa = t->next, end = pa + batch * SW_SIZE_4K;

	for (; pa < end; pa += SW_SIZE_4K) {
		if (SW_ALIGNED(pa, SW_SIZE_1G))
			pamt_reset(t, pa, 2, SW_PT_NDA);
		if (SW_ALIGNED(pa, SW_SIZE_2M))
			pamt_reset(t, pa, 1, SW_PT_NDA);
		if (sw_sys.dynamic_pamt)
			sw_pamt_mark_init(t, pa, sw_tdmr_reserved(t, pa));
		else
			pamt_reset(t, pa, 0, sw_tdmr_reserved(t, pa) ?
				   SW_PT_RSVD : SW_PT_NDA);
	}
	/* Pairs with the load in sw_pa_usable(): entries before the limit. */
	sw_store(&t->next, end);
}

u64 sw_sys_tdmr_init(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_tdmr *t = sw_tdmr_find(r->rcx);
	u64 err;

	if (!t || t->base != r->rcx)
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	err = sw_lock(&t->lock, SW_EXCL, SW_HOST);
	if (err)
		return err | SW_OPND_RCX;
	if (t->next == t->base + t->size) {
		err = SW_TDMR_ALREADY_INITIALIZED;
	} else {
		tdmr_init_batch(t);
		r->rdx = t->next & ~(SW_SIZE_1G - 1);
	}
	sw_unlock(&t->lock, SW_EXCL);
	return err;
}

u64 sw_sys_rd(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 val = 0, next = ~0ULL, err;

	if (!cpu->lp_init_done)
		return SW_SYS_LP_INIT_NOT_DONE;
	err = sw_md_sys_rd(r->rdx, SW_HOST, &val, &next);
	r->r8 = val;
	r->rdx = next;
	return err;
}

static u64 shutdown_locked(u64 hv)
{
	const struct sw_version *v = sw_version();

	if (hv < v->min_hv || hv > v->hv)
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	sw_store(&sw_sys.state, SW_SYS_SHUTDOWN_DONE);
	/* Pairs with sw_dispatch(), as in disable_locked(). */
	if (sw_load(&sw_sys.in_flight) != 1) {
		sw_store(&sw_sys.state, SW_SYS_READY);
		return SW_SYS_BUSY;
	}
	sw_sys.handoff_hv = hv;
	return 0;
}

/*
 * Nothing has to be written down for the module that takes over: it finds
 * everything where it was.  Until then only the state changes, and every other
 * leaf sees it.
 */
u64 sw_sys_shutdown(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 err = sys_lock(SW_EXCL);

	if (err)
		return err;
	err = shutdown_locked(r->rcx);
	sys_unlock(SW_EXCL);
	return err;
}

static u64 update_locked(u32 version)
{
	if (sw_sys.state != SW_SYSINIT_DONE)
		return SW_SYS_STATE_INCORRECT;
	if (version > SW_SYS_UPDATE_VERSION)
		return SW_OPERAND_INVALID | SW_OPND_RAX;
	/* A module that nobody was before finds no state of a predecessor. */
	if (!sw_sys.handoff_hv)
		return SW_SYS_INVALID_HANDOFF;
	if (sw_sys.nr_lps < sw_nr_cpus())
		return SW_SYS_STATE_INCORRECT;
	sw_sys.handoff_hv = 0;
	sw_store(&sw_sys.state, SW_SYS_READY);
	return 0;
}

u64 sw_sys_update(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 err = sys_lock(SW_EXCL);

	if (err)
		return err;
	err = update_locked(r->rax >> 16 & 0xff);
	sys_unlock(SW_EXCL);
	return err;
}

u64 sw_sys_lp_shutdown(struct sw_cpu *cpu, struct sw_regs *r)
{
	return 0;
}

static u64 disable_locked(void)
{
	sw_store(&sw_sys.state, SW_SYS_SHUTDOWN_DONE);
	/*
	 * Pairs with sw_dispatch(), which counts itself before it reads the
	 * state: either it is seen here, or it sees the shutdown.
	 */
	if (sw_load(&sw_sys.in_flight) != 1)
		return SW_SYS_BUSY;
	/* SYS.CONFIG pinned, and left TDMRs. */
	if (sw_sys.nr_tdmrs)
		sw_unpin();
	sw_sys.nr_tdmrs = 0;
	sw_sys.nr_cmrs = 0;
	sw_sys.handoff_hv = 0;
	sw_sys.keyed_pkgs = 0;
	memset(sw_sys.kot, 0, sizeof(sw_sys.kot));
	return 0;
}

u64 sw_sys_disable(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 err = sys_lock(SW_EXCL);

	if (err)
		return err;
	err = disable_locked();
	sys_unlock(SW_EXCL);
	return err;
}
