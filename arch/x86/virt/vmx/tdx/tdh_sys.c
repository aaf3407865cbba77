// SPDX-License-Identifier: GPL-2.0-only
/* TDH.SYS.*: bring-up of the TDX module.  For this folder only. */
#include "host.h"
#include "seamcall.h"

#define SYS_CONFIG_DYNAMIC_PAMT	BIT_ULL(16)
#define SYS_SHUTDOWN_AVOID_SENSITIVE	BIT_ULL(16)

/*
 * First call after the module was loaded; once, on any CPU.
 *   in   RCX attributes, none are defined
 */
u64 tdh_sys_init(void)
{
	struct tdx_module_args args = {};

	return seamcall(TDH_SYS_INIT, &args);
}

/* Once on every CPU, after TDH.SYS.INIT and before TDH.SYS.CONFIG. */
u64 tdh_sys_lp_init(void)
{
	struct tdx_module_args args = {};

	return seamcall(TDH_SYS_LP_INIT, &args);
}

/*
 * Read one field of global metadata.
 *   in   RDX field
 *   out  R8 value
 */
u64 tdh_sys_rd(u64 field, u64 *data)
{
	struct tdx_module_args args = {
		.rdx = field,
	};
	u64 err = seamcall_ret(TDH_SYS_RD, &args);

	*data = args.r8;
	return err;
}

/*
 * Tell the module which memory may become private, and its own KeyID.
 *   in   RCX array of TDMR_INFO addresses   RDX entries
 *        R8 KeyID | bit 16 for dynamic PAMT
 */
u64 tdh_sys_config(u64 array_pa, unsigned int nr_tdmrs, u16 global_hkid,
		   bool dynamic_pamt)
{
	struct tdx_module_args args = {
		.rcx = array_pa,
		.rdx = nr_tdmrs,
		.r8 = global_hkid | (dynamic_pamt ? SYS_CONFIG_DYNAMIC_PAMT : 0),
	};

	return seamcall(TDH_SYS_CONFIG, &args);
}

/* Program the module's KeyID; once on a CPU of every package. */
u64 tdh_sys_key_config(void)
{
	struct tdx_module_args args = {};

	return seamcall(TDH_SYS_KEY_CONFIG, &args);
}

/*
 * Initialise the next part of a TDMR's PAMT.
 *   in   RCX base of the TDMR
 *   out  RDX memory below this address can be used
 */
u64 tdh_sys_tdmr_init(u64 base, u64 *next)
{
	struct tdx_module_args args = {
		.rcx = base,
	};
	u64 err = seamcall_ret(TDH_SYS_TDMR_INIT, &args);

	*next = args.rdx;
	return err;
}

/*
 * Have the module write down what the next one needs to go on with its TDs.  It
 * takes no other call then.
 *   in   RCX version of what is written down | bit 16: not while a TD is at a
 *        point where the next module could not go on
 */
u64 tdh_sys_shutdown(u16 handoff_version, bool avoid_sensitive)
{
	struct tdx_module_args args = {
		.rcx = handoff_version |
		       (avoid_sensitive ? SYS_SHUTDOWN_AVOID_SENSITIVE : 0),
	};

	return seamcall(TDH_SYS_SHUTDOWN, &args);
}

/* After TDH.SYS.INIT and TDH.SYS.LP.INIT: go on with what the last one left. */
u64 tdh_sys_update(void)
{
	struct tdx_module_args args = {};

	return seamcall(TDH_SYS_UPDATE, &args);
}

/* Shut the module down for good.  Modules up to 1.5.25 do not know it. */
u64 tdh_sys_disable(void)
{
	struct tdx_module_args args = {};

	return seamcall(TDH_SYS_DISABLE, &args);
}
