// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bring-up of the TDX module, from detection to ready for TDs:
 *
 *   SYS.INIT, SYS.LP.INIT on every CPU, SYS.RD, SYS.CONFIG, write back all
 *   caches, SYS.KEY.CONFIG on every package, SYS.TDMR.INIT
 *
 * It happens once per load, when KVM first asks.  A failure is final: the
 * module's own state allows no second try.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <asm/tlbflush.h>

#include "host.h"

#define TDX_KEY_CONFIG_TRIES	10

/* How far bring-up got; tdx_tear_down() goes back from there. */
enum tdx_stage {
	TDX_STAGE_NONE,
	TDX_STAGE_INITIALIZED,	/* SYS.INIT done: only the module can go back */
	TDX_STAGE_CPUS,
	TDX_STAGE_QUIESCE,
	TDX_STAGE_MEMORY,
};

/* All of it under enable_lock until @tried; then constant but for unload. */
static DEFINE_MUTEX(enable_lock);
static bool tried;
static int result;
static enum tdx_stage stage;
static struct tdx_sys_info sys_info;

static int need_feature(int bit, const char *name)
{
	if (boot_cpu_has(bit))
		return 0;
	return tdx_off(-ENODEV, "the CPU lacks %s", name);
}

static int check_platform(void)
{
	int ret;

	ret = need_feature(X86_FEATURE_VMX, "VMX");
	if (!ret)
		ret = need_feature(X86_FEATURE_XSAVE, "XSAVE");
	if (!ret)
		ret = need_feature(X86_FEATURE_MOVDIR64B,
				   "MOVDIR64B (to clear private memory)");
	if (!ret)
		ret = need_feature(X86_FEATURE_SELFSNOOP,
				   "SELFSNOOP (caches coherent between KeyIDs)");
	if (!ret)
		ret = tdx_keyid_detect();
	return ret;
}

static int init_module_global(void)
{
	u64 status = tdh_sys_init();

	switch (tdx_status_code(status)) {
	case TDX_SYS_INIT_NOT_PENDING:
	case TDX_SYS_SHUTDOWN:
		return tdx_off_status("SYS.INIT", status,
				      "it was in use before; load a fresh TDX module (reload tdx_swmod, or reboot)");
	default:
		break;
	}
	if (tdx_status_failed(status))
		return tdx_off_status("SYS.INIT", status,
				      "see the firmware's TDX settings");
	return 0;
}

static int key_config(void *unused)
{
	int tries = TDX_KEY_CONFIG_TRIES;
	u64 status;

	do {
		status = tdh_sys_key_config();
	} while (tdx_status_code(status) == TDX_KEY_GENERATION_FAILED &&
		 --tries);

	if (tdx_status_failed(status))
		return tdx_off_status("SYS.KEY.CONFIG", status,
				      "try again after a reboot");
	return 0;
}

/* From SYS.CONFIG on the PAMTs are written under the module's KeyID. */
static int configure_keys(void)
{
	/*
	 * The PAMTs may have dirty lines without a KeyID; written back later
	 * they would destroy what the module keeps there.
	 */
	wbinvd_on_all_cpus();
	return tdx_on_each_package(key_config, NULL);
}

static int bring_up(void)
{
	int ret;

	ret = check_platform();
	if (ret)
		return ret;
	ret = init_module_global();
	if (ret)
		return ret;
	stage = TDX_STAGE_INITIALIZED;

	ret = tdx_cpus_init();
	if (ret)
		return ret;
	stage = TDX_STAGE_CPUS;

	ret = tdx_metadata_read(&sys_info);
	if (ret)
		return ret;
	ret = tdx_quiesce_register();
	if (ret)
		return ret;
	stage = TDX_STAGE_QUIESCE;

	/* Partial plans count: tdx_memory_release() knows how far it got. */
	stage = TDX_STAGE_MEMORY;
	ret = tdx_memory_plan(&sys_info);
	if (!ret)
		ret = tdx_memory_configure();
	if (!ret)
		ret = configure_keys();
	if (!ret)
		ret = tdx_memory_init();
	return ret;
}

static void tear_down(void)
{
	bool gone = false;

	if (stage >= TDX_STAGE_INITIALIZED)
		gone = tdx_module_disable();
	if (stage >= TDX_STAGE_MEMORY)
		tdx_memory_release(gone);
	if (stage >= TDX_STAGE_QUIESCE)
		tdx_quiesce_unregister();
	if (stage >= TDX_STAGE_CPUS)
		tdx_cpus_exit();
	stage = TDX_STAGE_NONE;
}

/**
 * tdx_host_enable() - make the TDX module ready for TDs
 *
 * To be called while every CPU is in VMX operation.  Does its work once; later
 * calls get the same result.  A failure logs one line that says why, which
 * tdx_host_why_off() repeats, and gives everything back.  May sleep, takes
 * cpus_read_lock().
 *
 * Return: 0, -ENODEV if the machine cannot, -EIO if the module refused,
 * -ENOMEM, or another -errno.
 */
int tdx_host_enable(void)
{
	mutex_lock(&enable_lock);
	if (!tried) {
		result = bring_up();
		if (result)
			tear_down();
		else
			pr_info("TDX module %u.%u.%02u is ready, %u KeyIDs for TDs\n",
				sys_info.major, sys_info.minor,
				sys_info.update, tdx_nr_guest_keyids());
		tried = true;
	}
	mutex_unlock(&enable_lock);
	return result;
}
EXPORT_SYMBOL_GPL(tdx_host_enable);

/**
 * tdx_host_sysinfo() - global metadata of the TDX module
 *
 * Return: the metadata, constant; NULL before tdx_host_enable() succeeded.
 */
const struct tdx_sys_info *tdx_host_sysinfo(void)
{
	return tried && !result ? &sys_info : NULL;
}
EXPORT_SYMBOL_GPL(tdx_host_sysinfo);

/**
 * tdx_host_why_off() - why TDX cannot be used
 *
 * Return: the reason in words, without a line end; NULL if TDX is on.
 */
const char *tdx_host_why_off(void)
{
	return tried && !result ? NULL : tdx_off_reason();
}
EXPORT_SYMBOL_GPL(tdx_host_why_off);

/* Bring-up waits for KVM, so that loading always succeeds. */
static int __init tdx_host_init(void)
{
	return 0;
}

/* KVM is gone, and its TDs with it. */
static void __exit tdx_host_exit(void)
{
	tear_down();
}

module_init(tdx_host_init);
module_exit(tdx_host_exit);

MODULE_DESCRIPTION("TDX host: SEAMCALL, and the TDX module's bring-up");
MODULE_LICENSE("GPL");
