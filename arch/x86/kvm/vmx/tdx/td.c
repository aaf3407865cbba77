// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's life: KVM_CREATE_VM, KVM_TDX_INIT_VM, KVM_TDX_FINALIZE_VM, the end.
 *
 * The end has two halves.  While the VMM's address space is taken down the TD
 * gives its KeyID back, which makes every page of it reclaimable without any
 * of the module's walks and locks; the pages themselves follow as their
 * owners let go of them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "../x86_ops.h"
#include "tdx.h"
#include "trace.h"

void td_set_state(struct kvm_tdx *kvm_tdx, enum td_state state)
{
	/* Pairs with smp_load_acquire() in td_state(). */
	smp_store_release(&kvm_tdx->state, state);
	trace_tdx_td_state(kvm_tdx, state);
}

int tdx_vm_init(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	const struct tdx_sys_info *sys = tdx_host_sysinfo();
	int ret;

	kvm->arch.has_private_mem = true;
	kvm->arch.has_protected_state = true;
	/* Pages that the measurement does not know may only come after it. */
	kvm->arch.pre_fault_allowed = false;
	/*
	 * Shared MMIO has to reach the guest as #VE: a non-present entry with
	 * "suppress #VE" clear, not the misconfigured one of other VMs, as
	 * the module exits for a misconfiguration.
	 */
	kvm->arch.shadow_mmio_value = 0;
	/* The module gives the guest's PAT its effect on shared memory. */
	kvm->arch.disabled_quirks |= KVM_X86_QUIRK_IGNORE_GUEST_PAT;
	kvm->max_vcpus = min_t(int, sys->max_vcpus_per_td, num_present_cpus());

	spin_lock_init(&kvm_tdx->shared_lock);
	kvm_tdx->state = TD_S_NONE;

	ret = tdx_shared_init(kvm_tdx);
	if (ret)
		return ret;
	ret = sept_init(kvm_tdx);
	if (ret)
		tdx_shared_destroy(kvm_tdx);
	return ret;
}

/* --- once on every package --- */

struct td_pkg_call {
	struct kvm_tdx *kvm_tdx;
	const char *leaf;
	u64 status;
};

static int td_key_config_here(void *arg)
{
	struct td_pkg_call *call = arg;

	call->leaf = "TDH.MNG.KEY.CONFIG";
	call->status = tdh_mng_key_config(&call->kvm_tdx->td);
	return tdx_judge(call->status) == TDX_DONE ? 0 : -EIO;
}

/* A pending interrupt stops the write-back, which goes on where it stopped. */
static u64 td_cache_wb_once(bool *resume)
{
	u64 status = tdh_phymem_cache_wb(*resume);

	if (tdx_status_is(status, TDX_INTERRUPTED_RESUMABLE))
		*resume = true;
	return status;
}

static int td_cache_wb_here(void *arg)
{
	struct td_pkg_call *call = arg;
	bool resume = false;

	call->leaf = "TDH.PHYMEM.CACHE.WB";
	call->status = tdx_call_retried_sleeping(td_cache_wb_once(&resume));
	return tdx_judge(call->status) == TDX_DONE ? 0 : -EIO;
}

/* A lost KeyID takes all pages of the TD with it: worth some patience. */
static int td_key_call(struct td_pkg_call *call, const char *leaf,
		       u64 (*fn)(struct tdx_td *td))
{
	call->leaf = leaf;
	call->status = tdx_call_retried_sleeping(fn(&call->kvm_tdx->td));
	return tdx_judge(call->status) == TDX_DONE ? 0 : -EIO;
}

/* --- vCPU association --- */

static void td_flush_vps(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		tdx_flush_vp_on_cpu(vcpu);
}

/* --- giving the KeyID back --- */

static int td_free_key(struct kvm_tdx *kvm_tdx)
{
	struct td_pkg_call call = { .kvm_tdx = kvm_tdx };
	int ret;

	tdx_key_lock();
	ret = td_key_call(&call, "TDH.MNG.VPFLUSHDONE", tdh_mng_vpflushdone);
	if (!ret)
		ret = tdx_on_each_package(td_cache_wb_here, &call);
	if (!ret)
		ret = td_key_call(&call, "TDH.MNG.KEY.FREEID", tdh_mng_key_freeid);
	tdx_key_unlock();

	if (ret) {
		pr_err("%s failed: %s (%llx); KeyID %u and the TD's pages are lost\n",
		       call.leaf, tdx_status_name(call.status), call.status,
		       kvm_tdx->td.hkid);
		return ret;
	}
	td_keyid_free(kvm_tdx);
	return 0;
}

/*
 * No vCPU runs any more: the VMM's address space goes away, or the files of VM and
 * vCPUs are closed.  The pages are still mapped.
 */
void td_release_keyid(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);

	/* It works at the first try or not at all. */
	if (td_state(kvm_tdx) == TD_S_NONE || !sept_close(kvm_tdx))
		return;

	td_flush_vps(kvm);
	/* Without success, whoever tries to reclaim a page leaks it. */
	if (!td_free_key(kvm_tdx))
		td_set_state(kvm_tdx, TD_S_KEYLESS);
}

/* --- control pages --- */

static void td_give_back_page(struct kvm_tdx *kvm_tdx, struct page *page)
{
	if (!tdx_reclaim_page(kvm_tdx, page))
		tdx_free_page(page);
}

static void td_free_tdcs(struct kvm_tdx *kvm_tdx, unsigned int nr_added)
{
	unsigned int i;

	for (i = 0; i < kvm_tdx->td.nr_tdcs; i++) {
		if (i < nr_added)
			td_give_back_page(kvm_tdx, kvm_tdx->td.tdcs[i]);
		else
			tdx_free_page(kvm_tdx->td.tdcs[i]);
	}
	kfree(kvm_tdx->td.tdcs);
	kvm_tdx->td.tdcs = NULL;
	kvm_tdx->td.nr_tdcs = 0;
}

/* Every other page has been reclaimed: the TDR comes last. */
static void td_free_tdr(struct kvm_tdx *kvm_tdx)
{
	td_give_back_page(kvm_tdx, kvm_tdx->td.tdr);
	kvm_tdx->td.tdr = NULL;
}

void tdx_vm_destroy(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);

	/* VM creation can fail before an address space was ever attached. */
	td_release_keyid(kvm);
	sept_destroy(kvm_tdx);
	if (kvm_tdx->td.tdr) {
		td_free_tdcs(kvm_tdx, kvm_tdx->td.nr_tdcs);
		td_free_tdr(kvm_tdx);
	}
	tdx_shared_destroy(kvm_tdx);
}

/* --- KVM_TDX_INIT_VM --- */

static int td_init_errno(const char *leaf, u64 status, struct kvm_tdx_cmd *cmd)
{
	switch (tdx_judge(status)) {
	case TDX_DONE:
		return 0;
	case TDX_RETRY:
		return -EAGAIN;
	case TDX_CALLER:
		cmd->hw_error = status;
		return -EINVAL;
	default:
		cmd->hw_error = status;
		pr_err_ratelimited("%s failed: %s (%llx)\n", leaf,
				   tdx_status_name(status), status);
		return -EIO;
	}
}

static int td_alloc_tdcs(struct tdx_td *td)
{
	unsigned int nr = tdx_host_sysinfo()->tdcs_size / PAGE_SIZE;

	td->nr_tdcs = 0;
	td->tdcs = kcalloc(nr, sizeof(*td->tdcs), GFP_KERNEL_ACCOUNT);
	if (!td->tdcs)
		return -ENOMEM;

	while (td->nr_tdcs < nr) {
		struct page *page = tdx_alloc_page(GFP_KERNEL_ACCOUNT);

		if (!page)
			return -ENOMEM;
		td->tdcs[td->nr_tdcs++] = page;
	}
	return 0;
}

static int td_create(struct kvm_tdx *kvm_tdx, struct kvm_tdx_cmd *cmd)
{
	u64 status;

	tdx_key_lock();
	status = tdh_mng_create(&kvm_tdx->td);
	tdx_key_unlock();
	return td_init_errno("TDH.MNG.CREATE", status, cmd);
}

static int td_key_config(struct kvm_tdx *kvm_tdx, struct kvm_tdx_cmd *cmd)
{
	struct td_pkg_call call = { .kvm_tdx = kvm_tdx };
	int ret;

	tdx_key_lock();
	ret = tdx_on_each_package(td_key_config_here, &call);
	tdx_key_unlock();
	if (!ret)
		return 0;
	/* Generating a key draws on entropy, of which there may be none now. */
	if (tdx_status_is(call.status, TDX_KEY_GENERATION_FAILED))
		return -EAGAIN;
	return td_init_errno(call.leaf, call.status, cmd) ?: ret;
}

static int td_add_tdcs(struct kvm_tdx *kvm_tdx, struct kvm_tdx_cmd *cmd,
		       unsigned int *nr_added)
{
	u64 status;
	int ret;

	for (*nr_added = 0; *nr_added < kvm_tdx->td.nr_tdcs; (*nr_added)++) {
		status = tdh_mng_addcx(&kvm_tdx->td, kvm_tdx->td.tdcs[*nr_added]);
		ret = td_init_errno("TDH.MNG.ADDCX", status, cmd);
		if (ret)
			return ret;
	}
	return 0;
}

static int td_mng_init(struct kvm_tdx *kvm_tdx, const void *td_params,
		       struct kvm_tdx_cmd *cmd)
{
	u64 status, bad_cpuid = 0;
	int ret;

	status = tdh_mng_init(&kvm_tdx->td, __pa(td_params), &bad_cpuid);
	ret = td_init_errno("TDH.MNG.INIT", status, cmd);
	if (ret == -EINVAL)
		pr_debug("TDH.MNG.INIT refused: %s (%llx), CPUID %llx\n",
			 tdx_status_name(status), status, bad_cpuid);
	return ret;
}

/* The vCPUs' timers need the guest's idea of time. */
static int td_read_tsc(struct kvm_tdx *kvm_tdx, struct kvm_tdx_cmd *cmd)
{
	u64 status;

	status = tdh_mng_rd(&kvm_tdx->td, TD_MD_TSC_OFFSET, &kvm_tdx->tsc_offset);
	if (tdx_judge(status) == TDX_DONE)
		status = tdh_mng_rd(&kvm_tdx->td, TD_MD_TSC_MULTIPLIER,
				    &kvm_tdx->tsc_multiplier);
	return td_init_errno("TDH.MNG.RD", status, cmd);
}

/*
 * After a failure nothing is left of the TD, so that the VMM may try again;
 * what the module does not give back is leaked.
 */
static int td_build(struct kvm_tdx *kvm_tdx, const void *td_params,
		    struct kvm_tdx_cmd *cmd)
{
	unsigned int nr_added = 0;
	int ret;

	ret = td_create(kvm_tdx, cmd);
	if (ret)
		goto free_pages;
	ret = td_key_config(kvm_tdx, cmd);
	if (ret)
		goto free_key;
	ret = td_add_tdcs(kvm_tdx, cmd, &nr_added);
	if (ret)
		goto free_key;
	ret = td_mng_init(kvm_tdx, td_params, cmd);
	if (ret)
		goto free_key;
	ret = td_read_tsc(kvm_tdx, cmd);
	if (ret)
		goto free_key;
	return 0;

free_key:
	if (!td_free_key(kvm_tdx)) {
		td_free_tdcs(kvm_tdx, nr_added);
		td_free_tdr(kvm_tdx);
		return ret;
	}
	/* The pages and the KeyID belong to the module for ever. */
	kfree(kvm_tdx->td.tdcs);
	memset(&kvm_tdx->td, 0, sizeof(kvm_tdx->td));
	return ret;
free_pages:
	td_free_tdcs(kvm_tdx, 0);
	tdx_free_page(kvm_tdx->td.tdr);
	kvm_tdx->td.tdr = NULL;
	td_keyid_free(kvm_tdx);
	return ret;
}

static int td_alloc(struct kvm_tdx *kvm_tdx)
{
	int ret;

	ret = td_keyid_alloc(kvm_tdx);
	if (ret)
		return ret;

	/* With a KeyID in use they stay so, see tdx_cpu_offline(). */
	ret = -EIO;
	if (!tdx_all_packages_online()) {
		pr_warn_ratelimited("Every package needs a CPU that is online to create a TD\n");
		goto free_hkid;
	}

	ret = -ENOMEM;
	kvm_tdx->td.tdr = tdx_alloc_page(GFP_KERNEL_ACCOUNT);
	if (!kvm_tdx->td.tdr)
		goto free_hkid;
	ret = td_alloc_tdcs(&kvm_tdx->td);
	if (ret)
		goto free_tdcs;
	return 0;

free_tdcs:
	td_free_tdcs(kvm_tdx, 0);
	tdx_free_page(kvm_tdx->td.tdr);
	kvm_tdx->td.tdr = NULL;
free_hkid:
	td_keyid_free(kvm_tdx);
	return ret;
}

int td_init(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	void *td_params;
	int ret;

	lockdep_assert_held(&kvm->lock);

	if (td_state(kvm_tdx) != TD_S_NONE)
		return -EINVAL;
	/* A vCPU's limits come from the TD, so none may exist yet. */
	if (kvm->created_vcpus)
		return -EBUSY;

	td_params = td_params_get(kvm, u64_to_user_ptr(cmd->data));
	if (IS_ERR(td_params))
		return PTR_ERR(td_params);

	ret = td_alloc(kvm_tdx);
	if (ret)
		goto out;
	ret = td_build(kvm_tdx, td_params, cmd);
	if (ret)
		goto out;

	td_params_commit(kvm_tdx, td_params);
	td_set_state(kvm_tdx, TD_S_INITIALIZED);
	tdx_create_debugfs(kvm);
out:
	td_params_put(td_params);
	return ret;
}

/* --- KVM_TDX_FINALIZE_VM --- */

int td_finalize(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	u64 status;

	lockdep_assert_held(&kvm->lock);

	if (td_state(kvm_tdx) != TD_S_INITIALIZED)
		return -EINVAL;
	/*
	 * A TD that ran without APICv would be dead, see
	 * tdx_refresh_apicv_exec_ctrl().  User space was told, and can repeat
	 * KVM_TDX_INIT_VCPU.
	 */
	if (kvm_tdx->apic_map_lost)
		return -ENOMEM;

	/*
	 * From here on no page may go without BLOCK and TRACK: a zap is either
	 * over by now or sees the new state.
	 */
	write_lock(&kvm->mmu_lock);
	status = tdx_call_retried(tdh_mr_finalize(&kvm_tdx->td));
	if (tdx_judge(status) == TDX_DONE)
		td_set_state(kvm_tdx, TD_S_RUNNABLE);
	write_unlock(&kvm->mmu_lock);

	cmd->hw_error = status;
	switch (tdx_judge(status)) {
	case TDX_DONE:
		kvm->arch.pre_fault_allowed = true;
		return 0;
	case TDX_RETRY:
		return -EBUSY;
	default:
		/* NO_VCPUS, for one, is the caller's mistake: not fatal. */
		return -EIO;
	}
}
