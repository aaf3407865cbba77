// SPDX-License-Identifier: GPL-2.0-only
/*
 * The persistent SEAM loader: what it is, and replacing the module.  No code is
 * ever loaded: once each CPU has called SEAMLDR.INSTALL, this module says the
 * version that the image has, and is where a module is that was just loaded.
 */
#include "host/leaf.h"

#define LEAF_INFO	(1ULL << 63)
#define LEAF_INSTALL	(1ULL << 63 | 1)

/* Statuses of its own. */
#define BAD_PARAM	0x8000000000000000ULL
#define BAD_CALL	0x8000000000000003ULL
#define BAD_HANDOFF	0x8000000000000004ULL
#define BAD_SIG		0x8000000000020000ULL
#define BAD_HASH	0x8000000000020001ULL

#define SCENARIO_UPDATE	1
#define MAX_MODULE_PAGES	496

unsigned int sw_max_updates = 60;

/* SEAMLDR_INFO */
struct sw_seamldr_info {
	u32 version, attributes, vendor_id, build_date;
	u16 build_num, minor_version, major_version, update_version;
	u32 acm_x2apic_id, num_remaining_updates;
	u8 seam_info[128];
	u8 seam_ready, seam_debug, p_seamldr_ready;
	u8 reserved[93];
};

static_assert(sizeof(struct sw_seamldr_info) == 256, "SEAMLDR_INFO");

/* SEAMLDR_PARAMS */
struct sw_seamldr_params {
	u32 version, scenario;
	u64 sigstruct_pa;
	u8 reserved[104];
	u64 nr_module_pages;
	u64 module_pa[MAX_MODULE_PAGES];
};

static_assert(sizeof(struct sw_seamldr_params) == SW_PAGE_SIZE, "SEAMLDR_PARAMS");

/*
 * In place of a signature: a page that begins with this, for modules that only
 * the software P-SEAMLDR takes.
 */
struct sw_sigstruct {
	u8 magic[8];
	u64 sum;			/* of the module's 64-bit words */
	struct sw_version version;
};

static const u8 sig_magic[8] = "SWMODSIG";

static u64 info(u64 pa)
{
	struct sw_page page;
	u64 err;

	err = sw_host_get(pa, sizeof(struct sw_seamldr_info), SW_OPND_RCX, &page);
	if (!err) {
		*(struct sw_seamldr_info *)sw_va(pa) = (struct sw_seamldr_info) {
			.vendor_id = SW_MODULE_VENDOR,
			.build_date = SW_MODULE_BUILD_DATE,
			.minor_version = SW_MODULE_MINOR,
			.major_version = SW_MODULE_MAJOR,
			.update_version = SW_MODULE_UPDATE,
			.num_remaining_updates = sw_sys.nr_updates < sw_max_updates ?
				sw_max_updates - sw_sys.nr_updates : 0,
			.seam_ready = 1,
			.p_seamldr_ready = 1,
		};
	}
	sw_page_put(&page);
	return err ? BAD_PARAM : 0;
}

/* Copy a page of the host's, which may change while it is looked at. */
static bool copy_page(u64 pa, void *to, size_t size)
{
	struct sw_page page;
	u64 err = sw_host_get(pa, SW_PAGE_SIZE, SW_OPND_RCX, &page);

	if (!err)
		memcpy(to, sw_va(pa), size);
	sw_page_put(&page);
	return !err;
}

static u64 load(const struct sw_seamldr_params *params)
{
	u64 i, word, sum = 0, pa, nr;
	struct sw_sigstruct sig;
	struct sw_page page;

	if (params->version || params->scenario != SCENARIO_UPDATE)
		return BAD_PARAM;
	for (i = 0; i < sizeof(params->reserved); i++) {
		if (params->reserved[i])
			return BAD_PARAM;
	}
	/* The host may change any of it meanwhile. */
	nr = sw_load(&params->nr_module_pages);
	if (!nr || nr > MAX_MODULE_PAGES)
		return BAD_PARAM;
	if (!copy_page(params->sigstruct_pa, &sig, sizeof(sig)))
		return BAD_PARAM;
	if (memcmp(sig.magic, sig_magic, sizeof(sig_magic)) || !sig.version.hv)
		return BAD_SIG;
	for (i = 0; i < nr; i++) {
		pa = sw_load(&params->module_pa[i]);
		if (sw_host_get(pa, SW_PAGE_SIZE, SW_OPND_RCX, &page))
			return BAD_PARAM;
		for (word = 0; word < SW_PAGE_SIZE / sizeof(u64); word++)
			sum += ((const u64 *)sw_va(pa))[word];
		sw_page_put(&page);
	}
	if (sum != sig.sum)
		return BAD_HASH;
	if (sw_sys.nr_updates >= sw_max_updates)
		return BAD_CALL;
	if (!sw_sys.handoff_hv || sw_sys.handoff_hv < sig.version.min_hv ||
	    sw_sys.handoff_hv > sig.version.hv)
		return BAD_HANDOFF;
	sw_sys.version = sig.version;
	return 0;
}

/* The last CPU has called. */
static u64 finish(u64 params_pa)
{
	struct sw_page page;
	u64 err = BAD_PARAM;

	if (!sw_host_get(params_pa, SW_PAGE_SIZE, SW_OPND_RCX, &page))
		err = load(sw_va(params_pa));
	sw_page_put(&page);
	if (err)
		return err;
	sw_sys.nr_updates++;
	sw_sys.nr_lps = 0;
	sw_store(&sw_sys.state, SW_SYSINIT_PENDING);
	return 0;
}

static u64 install_locked(struct sw_cpu *cpu, u64 params_pa)
{
	struct sw_install *in = &sw_sys.install;

	/* Not a module that takes calls: they would be of one that goes. */
	if (sw_load(&sw_sys.state) != SW_SYS_SHUTDOWN_DONE)
		return BAD_HANDOFF;
	if (!in->nr_cpus)
		*in = (struct sw_install){ in->number + 1, 0, params_pa };
	if (params_pa != in->params)
		return BAD_PARAM;
	if (cpu->install == in->number)
		return BAD_CALL;
	cpu->install = in->number;
	cpu->lp_init_done = 0;
	if (++in->nr_cpus < sw_nr_cpus())
		return 0;
	in->nr_cpus = 0;
	return finish(params_pa);
}

static u64 install(struct sw_cpu *cpu, u64 params_pa)
{
	u64 err;

	if (sw_lock(&sw_sys.install_lock, SW_EXCL, SW_HOST))
		return BAD_CALL;
	err = install_locked(cpu, params_pa);
	/* A failure ends it: the next call is the first one again. */
	if (err)
		sw_sys.install.nr_cpus = 0;
	sw_unlock(&sw_sys.install_lock, SW_EXCL);
	return err;
}

u64 sw_seamldr(struct sw_cpu *cpu, struct sw_regs *r)
{
	switch (r->rax) {
	case LEAF_INFO:
		r->rax = info(r->rcx);
		break;
	case LEAF_INSTALL:
		r->rax = install(cpu, r->rcx);
		break;
	default:
		r->rax = BAD_PARAM;
		break;
	}
	return r->rax;
}
