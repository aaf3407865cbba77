// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls for the life of TDs, vCPUs and KeyIDs, on four CPUs in two
 * packages; each is predicted by model_life.c.
 */
#include "model_life.h"
#include "predict.h"

#define POOL		(TDMR_BASE + 0x2000000)
#define PARAMS		(TDMR_BASE + 0xa000)
#define FIRST_KEY	33
#define PID_VECTOR	0x0024000100000002ULL
#define PID_ADDR	0x0024000300002016ULL
#define PIN_CTLS	0x0024000200004000ULL
#define VCPU_INDEX	0xA020000200000002ULL
#define NUM_VCPUS	0x9010000200000001ULL
#define NUM_ASSOC	0x9010000200000002ULL
#define CHLDCNT		0x8010000300000004ULL

static struct l_cpu cpu;

__u64 l_page_address(unsigned int n)
{
	return POOL + n * PAGE;
}

static void step(const char *name, u64 leaf, struct sw_regs *r,
		 struct l_answer want)
{
	u64 status = predicted_call(cpu.lpid, name, leaf, r, want.status);

	if (want.regs && want.rcx != ~0ULL)
		same("rcx", r->rcx, want.rcx);
	if (want.regs && want.rdx != ~0ULL)
		same("rdx", r->rdx, want.rdx);
	if (want.regs && want.r8 != ~0ULL)
		same("r8", r->r8, want.r8);
	count(name, !(status >> 63));
	steps++;
}

#define STEP(name, leaf, c, d, e, ...) do {				\
	struct sw_regs r_ = { .rcx = (c), .rdx = (d), .r8 = (e) };	\
									\
	step(#name, SW_LEAF_##leaf, &r_, l_##name(__VA_ARGS__));	\
} while (0)

/* A page that is free, mostly. */
static unsigned int free_page(void)
{
	unsigned int n = any(L_PAGES), i;

	for (i = 0; i < L_PAGES && any(32); i++) {
		if (!l_use((n + i) % L_PAGES))
			return (n + i) % L_PAGES;
	}
	return n;
}

static unsigned int some_tdr(void)
{
	return any(32) ? l_tdr(any(L_TDS)) : any(L_PAGES);
}

static unsigned int some_vcpu(void)
{
	return any(32) ? l_vcpu(any(L_VCPUS)) : any(L_PAGES);
}

static u64 some_id(void)
{
	switch (any(8)) {
	case 0:
		return ~0ULL;
	case 1:
		return 1ULL << 32 | any(4);
	default:
		return any(4);
	}
}

static void vp_init(unsigned int vp)
{
	u64 id = some_id();
	u64 leaf = SW_LEAF_VP_INIT | (u64)(id != ~0ULL) << 16;
	struct sw_regs r = { .rcx = l_page_address(vp), .r8 = id };

	step("vp_init", leaf, &r, l_vp_init(vp, id, cpu));
}

static void vp_wr(unsigned int vp)
{
	static const u64 field[] = { PID_VECTOR, PID_ADDR, PIN_CTLS };
	static const u64 val[] = { 0xec, TDMR_BASE + 0x10040, 0x80 };
	static const u64 mask[] = { 0xffff, ~0x3fULL, 0x80 };
	unsigned int what = any(3);
	struct sw_regs r = {
		.rcx = l_page_address(vp), .rdx = field[what], .r8 = val[what],
		.r9 = mask[what],
	};

	step("vp_wr", SW_LEAF_VP_WR, &r, l_vp_wr(cpu, vp, what));
}

static void step_on_vcpu(unsigned int vp)
{
	u64 pa = l_page_address(vp);
	unsigned int n = free_page();

	switch (any(12)) {
	case 0 ... 4:
		STEP(vp_addcx, VP_ADDCX, l_page_address(n), pa, 0, n, vp);
		break;
	case 5 ... 6:
		vp_init(vp);
		break;
	case 7:
		STEP(vp_enter, VP_ENTER, pa, 0, 0, cpu, vp);
		break;
	case 8:
		STEP(vp_rd, VP_RD, pa, VCPU_INDEX, 0, cpu, vp);
		break;
	case 9:
		vp_wr(vp);
		break;
	default:
		STEP(vp_flush, VP_FLUSH, pa, 0, 0, cpu, vp);
	}
}

static void step_on_td(unsigned int tdr)
{
	u64 pa = l_page_address(tdr);
	unsigned int n = free_page();

	switch (any(24)) {
	case 0 ... 3:
		STEP(key_config, MNG_KEY_CONFIG, pa, 0, 0, cpu, tdr);
		break;
	case 4 ... 14:
		STEP(addcx, MNG_ADDCX, l_page_address(n), pa, 0, cpu, n, tdr);
		break;
	case 15 ... 16:
		STEP(init, MNG_INIT, pa, PARAMS, 0, tdr);
		break;
	case 17 ... 19:
		STEP(vp_create, VP_CREATE, l_page_address(n), pa, 0, n, tdr);
		break;
	case 20:
		if (!any(4))
			STEP(finalize, MR_FINALIZE, pa, 0, 0, tdr);
		break;
	case 21:
		if (!any(16))
			STEP(vpflushdone, MNG_VPFLUSHDONE, pa, 0, 0, tdr);
		break;
	default:
		STEP(freeid, MNG_KEY_FREEID, pa, 0, 0, tdr);
	}
}

static void step_on_page(void)
{
	unsigned int n = any(L_PAGES);
	u64 pa = l_page_address(n), off = any(64) ? 0 : 1ULL << (3 + any(9));
	u64 level = any(16) ? 0 : 1 + any(2);
	u64 command = any(8) ? 0 : any(3);
	int key = any(8) ? any(L_KEYS) : any(2) ? L_KEY_MODULE : L_KEY_NONE;

	switch (any(16)) {
	case 0:
		STEP(create, MNG_CREATE, pa | off, FIRST_KEY + key, 0, cpu, n,
		     off, key);
		break;
	case 1 ... 3:
		STEP(cache_wb, PHYMEM_CACHE_WB, command, 0, 0, cpu, command);
		break;
	case 4:
		STEP(rdmd, PHYMEM_PAGE_RDMD, pa | level, 0, 0, n, level);
		break;
	case 5:
		STEP(wbinvd, PHYMEM_PAGE_WBINVD, pa, 0, 0, n);
		break;
	default:
		STEP(reclaim, PHYMEM_PAGE_RECLAIM, pa | off, 0, 0, n, off);
	}
}

static u64 counted(unsigned int tdr, u64 field)
{
	struct sw_regs r = { .rcx = l_page_address(tdr), .rdx = field };

	same("status of MNG.RD", seamcall_on(0, SW_LEAF_MNG_RD, &r), 0);
	return r.r8;
}

static void check_td(unsigned int tdr)
{
	u64 vcpus, assoc, children;
	unsigned int n = any(L_PAGES);
	struct sw_regs r = { .rcx = l_page_address(n) };

	same("status of RDMD", seamcall_on(0, SW_LEAF_PHYMEM_PAGE_RDMD, &r), 0);
	same("type of page", r.rcx, l_use(n));
	same("owner of page", r.rdx, l_owner(n));
	if (!l_counts(tdr, &vcpus, &assoc, &children))
		return;
	same("NUM_VCPUS", counted(tdr, NUM_VCPUS), vcpus);
	same("NUM_ASSOC_VCPUS", counted(tdr, NUM_ASSOC), assoc);
	same("CHLDCNT", counted(tdr, CHLDCNT), children);
}

void predict_life(u64 until)
{
	unsigned int tdr;

	if (steps >= until)
		return;
	dynamic_pamt = false;
	script_reset();
	guest = NULL;
	module_reset();
	sw_user.nr_pkgs = L_PKGS;
	module_ready_again();
	((u16 *)td_params())[8] = L_MAX_VCPUS;
	l_reset();
	while (steps < until) {
		cpu.lpid = any(L_CPUS);
		cpu.pkg = cpu.lpid % L_PKGS;
		sw_user_pkg = cpu.pkg;
		cpu.no_entropy = !any(16);
		sw_user.no_entropy = cpu.no_entropy;
		tdr = some_tdr();
		if (!any(3))
			step_on_page();
		else if (any(2))
			step_on_td(tdr);
		else
			step_on_vcpu(some_vcpu());
		check_td(tdr);
	}
	sw_user.no_entropy = false;
	sw_user_pkg = 0;
}
