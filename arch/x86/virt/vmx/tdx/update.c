// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replacing the TDX module while TDs are there.  All CPUs take each step together:
 *
 *   SYS.SHUTDOWN on one, SEAMLDR.INSTALL on each, SYS.INIT on one, SYS.LP.INIT on
 *   each, SYS.UPDATE on one
 *
 * stop_machine() has them leave whatever they do: a SEAMCALL is made with
 * preemption off (seamcall_retry()), so none is under way, and none begins.
 * Until SYS.SHUTDOWN has succeeded nothing has happened.  A later failure leaves
 * no module that takes calls: TDX is off, and TDs cannot run any more.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/nmi.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>

#include "host.h"
#include "update.h"

/* Metadata: the version of what the module can write down for the next one. */
#define MD_MODULE_HV		0x8900000100000000ULL

enum update_step {
	STEP_CHECK, STEP_SHUTDOWN, STEP_INSTALL, STEP_SYS_INIT, STEP_LP_INIT,
	STEP_UPDATE, NR_STEPS,
};

static const char * const step_names[NR_STEPS] = {
	[STEP_CHECK] = "TDH.SYS.RD of MODULE_HV",
	[STEP_SHUTDOWN] = "TDH.SYS.SHUTDOWN",
	[STEP_INSTALL] = "SEAMLDR.INSTALL",
	[STEP_SYS_INIT] = "TDH.SYS.INIT",
	[STEP_LP_INIT] = "TDH.SYS.LP.INIT",
	[STEP_UPDATE] = "TDH.SYS.UPDATE",
};

struct update {
	u64 params_pa;
	struct tdx_sys_info *info;
	u64 handoff_version;

	/* CPUs that have done a step. */
	atomic_t done[NR_STEPS];
	/*
	 * The step of the first failure, or NR_STEPS; who sets it writes the rest,
	 * which is read when all CPUs run again.
	 */
	atomic_t failed;
	unsigned int cpu;
	u64 status;
	const char *reason;		/* for STEP_CHECK, in place of a status */
};

/* Between tdx_update_begin() and tdx_update_end(), which let in one at a time. */
static struct update update;

enum fw_upload_err tdx_update_refused(enum fw_upload_err err, const char *fmt, ...)
{
	char why[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	pr_err("the TDX module is not updated: %s\n", why);
	return err;
}

/* Read by all once they have met at the end of the step, see meet(). */
static void fail(struct update *u, enum update_step step, u64 status,
		 const char *reason)
{
	if (atomic_cmpxchg(&u->failed, NR_STEPS, step) != NR_STEPS)
		return;
	u->cpu = smp_processor_id();
	u->status = status;
	u->reason = reason;
}

static bool leads(void)
{
	return smp_processor_id() == cpumask_first(cpu_online_mask);
}

/* Nothing has happened yet, so look for all that would fail later. */
static u64 check_cpu(struct update *u)
{
	if (!(cr4_read_shadow() & X86_CR4_VMXE)) {
		fail(u, STEP_CHECK, 0, "a CPU is not in VMX operation; load kvm_intel");
		return TDX_SUCCESS;
	}
	if (!leads())
		return TDX_SUCCESS;
	/* P-SEAMLDR waits for a call from each CPU that there is. */
	if (num_online_cpus() != num_present_cpus()) {
		fail(u, STEP_CHECK, 0, "a CPU is offline");
		return TDX_SUCCESS;
	}
	return tdh_sys_rd(MD_MODULE_HV, &u->handoff_version);
}

static u64 hand_off(struct update *u)
{
	bool avoid = u->info->features0 & TDX_FEATURES0_UPDATE_COMPATIBILITY;

	return tdh_sys_shutdown(u->handoff_version, avoid);
}

static u64 take_over(struct update *u)
{
	u64 status = tdh_sys_update();

	/* TDX is on again, whatever the module says of itself. */
	if (!tdx_status_failed(status))
		tdx_metadata_read_version(u->info);
	return status;
}

/* This CPU's part of a step. */
static u64 take_step(struct update *u, enum update_step step)
{
	switch (step) {
	case STEP_CHECK:
		return check_cpu(u);
	case STEP_SHUTDOWN:
		return leads() ? hand_off(u) : TDX_SUCCESS;
	case STEP_INSTALL:
		return tdx_seamldr_install(u->params_pa);
	case STEP_SYS_INIT:
		return leads() ? tdh_sys_init() : TDX_SUCCESS;
	case STEP_LP_INIT:
		return tdh_sys_lp_init();
	case STEP_UPDATE:
		return leads() ? take_over(u) : TDX_SUCCESS;
	default:
		return TDX_SUCCESS;
	}
}

static enum update_step failed_step(const struct update *u)
{
	return atomic_read(&u->failed);
}

/*
 * Wait for the others.  The release of each one's count pairs with the acquire
 * here: whoever has seen all counts sees whether one failed, so all CPUs go on or
 * none does.  A CPU that is quicker may have failed in the next step by then: all
 * have to take that one, or it would wait there for ever.
 */
static bool meet(struct update *u, enum update_step step)
{
	atomic_inc_return_release(&u->done[step]);
	while (atomic_read_acquire(&u->done[step]) < num_online_cpus()) {
		cpu_relax();
		touch_nmi_watchdog();
	}
	return failed_step(u) > step;
}

/* On every CPU, with interrupts off. */
static int run_steps(void *data)
{
	struct update *u = data;
	enum update_step step;
	u64 status;

	for (step = 0; step < NR_STEPS; step++) {
		status = take_step(u, step);
		if (tdx_status_failed(status))
			fail(u, step, status, NULL);
		if (!meet(u, step))
			break;
	}
	return 0;
}

static const char *describe(char *text, size_t size, const struct update *u)
{
	if (failed_step(u) == STEP_INSTALL)
		return tdx_seamldr_status_name(u->status);
	return tdx_status_describe(text, size, u->status);
}

/* Before SYS.SHUTDOWN, or because of it: the module is as it was. */
static enum fw_upload_err not_begun(const struct update *u)
{
	char text[TDX_STATUS_TEXT_MAX];

	if (u->reason)
		return tdx_update_refused(FW_UPLOAD_ERR_BUSY, "%s (CPU %u)",
					  u->reason, u->cpu);
	tdx_update_refused(FW_UPLOAD_ERR_HW_ERROR, "%s failed with %s",
			   step_names[failed_step(u)], describe(text, sizeof(text), u));
	switch (tdx_status_code(u->status)) {
	case TDX_SYS_BUSY:
	case TDX_UPDATE_COMPATIBILITY_SENSITIVE:
		return FW_UPLOAD_ERR_BUSY;
	default:
		return FW_UPLOAD_ERR_HW_ERROR;
	}
}

static enum fw_upload_err is_off_now(const struct update *u)
{
	char text[TDX_STATUS_TEXT_MAX];

	tdx_off(-EIO,
		"the TDX module was lost in an update: %s failed with %s on CPU %u; reboot",
		step_names[failed_step(u)], describe(text, sizeof(text), u), u->cpu);
	return failed_step(u) == STEP_INSTALL ? FW_UPLOAD_ERR_FW_INVALID :
					 FW_UPLOAD_ERR_HW_ERROR;
}

/* With TDX on, and neither coming up nor going. */
static enum fw_upload_err replace(struct seamldr_params *params,
				  struct tdx_sys_info *info, bool *is_lost)
{
	u16 major = info->major, minor = info->minor, was = info->update;

	update = (struct update) {
		.params_pa = __pa(params),
		.info = info,
		.failed = ATOMIC_INIT(NR_STEPS),
	};
	/* KeyIDs change hands in more than one SEAMCALL: not in between. */
	tdx_key_lock();
	stop_machine(run_steps, &update, cpu_online_mask);
	tdx_key_unlock();

	if (failed_step(&update) == NR_STEPS) {
		pr_info("the TDX module is %u.%u.%02u now, it was %u.%u.%02u\n",
			info->major, info->minor, info->update, major, minor, was);
		return FW_UPLOAD_ERR_NONE;
	}
	*is_lost = failed_step(&update) > STEP_SHUTDOWN;
	return *is_lost ? is_off_now(&update) : not_begun(&update);
}

static enum fw_upload_err ask_seamldr(void)
{
	struct tdx_seamldr seamldr;
	int ret = tdx_seamldr_read(&seamldr);

	if (ret)
		return tdx_update_refused(FW_UPLOAD_ERR_HW_ERROR,
					  "P-SEAMLDR does not answer (%d)", ret);
	if (!seamldr.updates_left)
		return tdx_update_refused(FW_UPLOAD_ERR_WEAROUT,
					  "P-SEAMLDR takes no more updates until a reset");
	return FW_UPLOAD_ERR_NONE;
}

/*
 * Replace the TDX module by that of an image that tdx_image_check() has let pass.
 * May sleep.
 */
enum fw_upload_err tdx_update(const u8 *image)
{
	struct tdx_sys_info *info = tdx_update_begin();
	struct seamldr_params *params;
	enum fw_upload_err err;
	bool is_lost = false;

	if (!info)
		return tdx_update_refused(FW_UPLOAD_ERR_BUSY,
					  "TDX is off, or is being shut down");
	err = ask_seamldr();
	if (err)
		goto end;
	params = (void *)get_zeroed_page(GFP_KERNEL);
	if (!params) {
		err = tdx_update_refused(FW_UPLOAD_ERR_RW_ERROR, "no memory");
		goto end;
	}
	tdx_image_params(params, image);
	err = replace(params, info, &is_lost);
	free_page((unsigned long)params);
end:
	tdx_update_end(is_lost);
	return err;
}
