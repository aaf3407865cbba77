// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bring-up of the TDX module, from detection to ready for TDs:
 *
 *   SYS.INIT, SYS.LP.INIT on every CPU, SYS.RD, SYS.CONFIG, write back all
 *   caches, SYS.KEY.CONFIG on every package, SYS.TDMR.INIT
 *
 * It happens when KVM first asks.  Before SYS.CONFIG a failure gives everything
 * back; from then on the TDX module owns the PAMTs, and what is here stays with
 * them.  Either way KVM can ask again, and bring-up goes on from the state in
 * which the module is.
 */
#include <linux/export.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <asm/tlbflush.h>

#include "host.h"

#define TDX_KEY_CONFIG_TRIES	10

/* What the TDX module has done for good; only shut_down() goes back. */
enum tdx_stage {
	TDX_STAGE_NONE,
	TDX_STAGE_CONFIGURED,	/* SYS.CONFIG: the module owns the PAMTs */
	TDX_STAGE_KEYED,	/* SYS.KEY.CONFIG on every package */
	TDX_STAGE_READY,
	TDX_STAGE_LOST,		/* an update failed half-way: no call works */
};

/* Written under enable_lock; constant while KVM uses TDX. */
static DEFINE_MUTEX(enable_lock);
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
		/* By an earlier try; SYS.LP.INIT tells whether it got further. */
		return 0;
	case TDX_SYS_SHUTDOWN:
		return tdx_off_status("SYS.INIT", status,
				      "load a fresh TDX module (reload tdx_swmod, or reboot)");
	default:
		break;
	}
	if (tdx_status_failed(status))
		return tdx_off_status("SYS.INIT", status,
				      "see the firmware's TDX settings");
	tdx_cpus_forget();
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

	/*
	 * An earlier try may have done it on all packages, or on this one: then
	 * the status is TDX_KEY_CONFIGURED, which is no failure.
	 */
	if (tdx_status_failed(status) &&
	    tdx_status_code(status) != TDX_SYS_KEY_CONFIG_NOT_PENDING)
		return tdx_off_status("SYS.KEY.CONFIG", status,
				      "load kvm_intel again to go on from here");
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

static void forget_memory(void)
{
	tdx_memory_release();
	tdx_quiesce_unregister();
	tdx_cpus_exit();
}

/* Up to SYS.CONFIG; a failure leaves nothing behind but CPUs that are known. */
static int configure_module(void)
{
	int ret;

	ret = init_module_global();
	if (ret)
		return ret;
	ret = tdx_cpus_init();
	if (ret)
		return ret;
	ret = tdx_metadata_read(&sys_info);
	if (!ret)
		ret = tdx_quiesce_register();
	if (ret) {
		tdx_cpus_exit();
		return ret;
	}

	ret = tdx_memory_plan(&sys_info);
	if (!ret)
		ret = tdx_memory_configure();
	if (ret) {
		forget_memory();
		return ret;
	}
	/*
	 * The PAMTs could not be given back, and the module could not be
	 * configured again: do not vanish with the last user.
	 */
	__module_get(THIS_MODULE);
	stage = TDX_STAGE_CONFIGURED;
	return 0;
}

static int bring_up(void)
{
	int ret = 0;

	/* tdx_off_reason() still says what happened. */
	if (stage == TDX_STAGE_LOST)
		return -EIO;
	if (stage == TDX_STAGE_NONE) {
		ret = check_platform();
		if (!ret)
			ret = configure_module();
	}
	if (!ret && stage == TDX_STAGE_CONFIGURED) {
		ret = configure_keys();
		if (!ret)
			stage = TDX_STAGE_KEYED;
	}
	if (!ret && stage == TDX_STAGE_KEYED) {
		ret = tdx_memory_init();
		if (!ret)
			stage = TDX_STAGE_READY;
	}
	if (ret && stage != TDX_STAGE_NONE)
		pr_warn("the TDX module is configured and keeps its page metadata\n");
	return ret;
}

/**
 * tdx_host_enable() - make the TDX module ready for TDs
 *
 * To be called while every CPU is in VMX operation.  Does nothing once it has
 * succeeded.  A failure logs one line that says why, which tdx_host_why_off()
 * repeats; the next call tries again what is left to do.  May sleep, takes
 * cpus_read_lock().
 *
 * Return: 0, -ENODEV if the machine cannot, -EIO if the module refused,
 * -ENOMEM, or another -errno.
 */
int tdx_host_enable(void)
{
	int ret = 0;

	mutex_lock(&enable_lock);
	if (stage != TDX_STAGE_READY) {
		ret = bring_up();
		if (!ret) {
			tdx_upload_register(&sys_info);
			pr_info("TDX module %u.%u.%02u is ready, %u KeyIDs for TDs\n",
				sys_info.major, sys_info.minor,
				sys_info.update, tdx_nr_guest_keyids());
		}
	}
	mutex_unlock(&enable_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(tdx_host_enable);

/**
 * tdx_host_sysinfo() - global metadata of the TDX module
 *
 * Return: the metadata; NULL before tdx_host_enable() succeeded.  It stays when an
 * update has failed: KVM still has TDs to end then.
 */
const struct tdx_sys_info *tdx_host_sysinfo(void)
{
	return READ_ONCE(stage) >= TDX_STAGE_READY ? &sys_info : NULL;
}
EXPORT_SYMBOL_GPL(tdx_host_sysinfo);

/**
 * tdx_host_why_off() - why TDX cannot be used
 *
 * Return: the reason in words, without a line end; NULL if TDX is on.
 */
const char *tdx_host_why_off(void)
{
	return READ_ONCE(stage) == TDX_STAGE_READY ? NULL : tdx_off_reason();
}
EXPORT_SYMBOL_GPL(tdx_host_why_off);

#ifdef MODULE
/*
 * One for configure_module().  Users of our symbols have one each, from before
 * they could call tdx_host_enable().
 */
static bool has_users(void)
{
	return module_refcount(THIS_MODULE) > 1;
}
#else
/* Built in, KVM may be as well; nobody counts. */
static bool has_users(void)
{
	return true;
}
#endif

/* End TDX and get the PAMTs back.  No user may be left but ourselves. */
static int shut_down(void)
{
	int ret;

	lockdep_assert_held(&enable_lock);
	if (stage == TDX_STAGE_NONE)
		return 0;
	if (has_users())
		return -EBUSY;

	ret = tdx_module_disable();
	if (ret == -EOPNOTSUPP) {
		pr_warn("this TDX module has no TDH.SYS.DISABLE and stays until reboot\n");
		return ret;
	}
	if (ret) {
		/* It takes no other calls, and still has the memory. */
		if (stage != TDX_STAGE_LOST)
			stage = TDX_STAGE_CONFIGURED;
		return ret;
	}
	/* An upload that is under way ends: tdx_update_begin() does not wait. */
	tdx_upload_unregister();
	forget_memory();
	stage = TDX_STAGE_NONE;
	tdx_off(-ENODEV, "the TDX module was shut down");
	module_put(THIS_MODULE);
	return 0;
}

static int set_shutdown(const char *val, const struct kernel_param *kp)
{
	bool wanted;
	int ret;

	ret = kstrtobool(val, &wanted);
	if (ret || !wanted)
		return ret;
	mutex_lock(&enable_lock);
	ret = shut_down();
	mutex_unlock(&enable_lock);
	return ret;
}

static const struct kernel_param_ops shutdown_ops = {
	.set = set_shutdown,
};

module_param_cb(shutdown, &shutdown_ops, NULL, 0200);
MODULE_PARM_DESC(shutdown, "1, when no kvm_intel is loaded: disable the TDX module, which has to be loaded anew for TDX, and get its memory back");

int tdx_state_lock(void)
{
	return mutex_lock_interruptible(&enable_lock);
}

void tdx_state_unlock(void)
{
	mutex_unlock(&enable_lock);
}

/*
 * Whoever holds the lock waits for uploads to end, in tdx_upload_unregister(): do
 * not wait for the lock.
 */
struct tdx_sys_info *tdx_update_begin(void)
{
	if (!mutex_trylock(&enable_lock))
		return NULL;
	if (stage == TDX_STAGE_READY)
		return &sys_info;
	mutex_unlock(&enable_lock);
	return NULL;
}

void tdx_update_end(bool lost)
{
	lockdep_assert_held(&enable_lock);
	if (lost)
		WRITE_ONCE(stage, TDX_STAGE_LOST);
	mutex_unlock(&enable_lock);
}

/* Does the TDX module have memory of ours, and maybe keys? */
bool tdx_is_configured(void)
{
	return READ_ONCE(stage) != TDX_STAGE_NONE;
}

/* Bring-up waits for KVM, so that loading without a TDX module succeeds. */
static int __init tdx_host_init(void)
{
	int ret = tdx_device_create();

	if (ret)
		return ret;
	tdx_debugfs_create();
	tdx_mce_register();
	return 0;
}

/* The TDX module is not configured, or no more: it has nothing of ours. */
static void __exit tdx_host_exit(void)
{
	tdx_mce_unregister();
	tdx_debugfs_remove();
	tdx_device_remove();
}

/* Where both are built in, kvm-intel starts later: it brings TDX up. */
subsys_initcall(tdx_host_init);
module_exit(tdx_host_exit);

MODULE_DESCRIPTION("TDX host: SEAMCALL, and the TDX module's bring-up");
MODULE_LICENSE("GPL");
