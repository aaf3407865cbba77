// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's counts, in two places: in KVM_GET_STATS_FD, where their names begin with
 * "tdx_", and as text, one "name value" a line without that prefix, in the file
 * "tdx" of the VM's debugfs folder.
 */
#include "mmu_env.h"

#define PREFIX		"tdx_"

#define STAT(nr, type, stat_name)			\
	[nr] = {					\
		.flags = KVM_STATS_TYPE_##type |	\
			 KVM_STATS_UNIT_NONE |		\
			 KVM_STATS_BASE_POW10,		\
		.size = 1,				\
		.offset = (nr) * sizeof(u64),		\
		.name = PREFIX stat_name,		\
	}

#define NOW(nr, name)		STAT(SEPT_STAT_##nr, INSTANT, name)
#define EVENT(nr, name)		STAT(SEPT_STAT_##nr, CUMULATIVE, name)
#define TD_EVENT(nr, name)	STAT(SEPT_NR_STATS + TD_STAT_##nr, CUMULATIVE, name)
#define VCPU_EVENT(nr, name)	\
	STAT(SEPT_NR_STATS + TD_NR_STATS + TD_VCPU_STAT_##nr, CUMULATIVE, name)

const struct kvm_stats_desc tdx_stats_desc[] = {
	NOW(PAGES_4K, "pages_4k"),
	NOW(PAGES_2M, "pages_2m"),
	NOW(TABLES, "sept_tables"),
	NOW(HELD, "pages_held"),
	EVENT(FAULTS, "private_faults"),
	EVENT(RETRIES, "fault_retries"),
	EVENT(ADDS, "page_add"),
	EVENT(AUGS, "page_aug"),
	EVENT(BLOCKS, "range_block"),
	EVENT(REMOVES, "page_remove"),
	EVENT(DEMOTES, "page_demote"),
	EVENT(RECLAIMS, "page_reclaim"),
	EVENT(LINKS, "sept_add"),
	EVENT(UNLINKS, "sept_remove"),
	EVENT(ZAP_BATCHES, "zap_batches"),
	EVENT(TRACKS, "tracks"),
	EVENT(KICKS, "kicks"),
	EVENT(QUIESCES, "quiesces"),
	EVENT(BUSY, "module_busy"),
	EVENT(LEAKED, "pages_leaked"),
	TD_EVENT(SHARED_FAULTS, "shared_faults"),
	TD_EVENT(CALL_CPUID, "tdvmcall_cpuid"),
	TD_EVENT(CALL_HLT, "tdvmcall_hlt"),
	TD_EVENT(CALL_IO, "tdvmcall_io"),
	TD_EVENT(CALL_RDMSR, "tdvmcall_rdmsr"),
	TD_EVENT(CALL_WRMSR, "tdvmcall_wrmsr"),
	TD_EVENT(CALL_MMIO, "tdvmcall_mmio"),
	TD_EVENT(CALL_INFO, "tdvmcall_get_info"),
	TD_EVENT(CALL_MAP_GPA, "tdvmcall_map_gpa"),
	TD_EVENT(CALL_GET_QUOTE, "tdvmcall_get_quote"),
	TD_EVENT(CALL_FATAL_ERROR, "tdvmcall_fatal_error"),
	TD_EVENT(CALL_EVENT_NOTIFY, "tdvmcall_event_notify"),
	TD_EVENT(CALL_HYPERCALL, "tdvmcall_hypercall"),
	TD_EVENT(CALL_UNKNOWN, "tdvmcall_unknown"),
	VCPU_EVENT(FAST_CALLS, "fastpath_tdvmcalls"),
	VCPU_EVENT(FAST_IRQS, "fastpath_interrupts"),
};

static_assert(ARRAY_SIZE(tdx_stats_desc) == TDX_NR_STATS);

static u64 vcpu_stat_sum(struct kvm *kvm, enum td_vcpu_stat stat)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u64 sum = 0;

	kvm_for_each_vcpu(i, vcpu, kvm)
		sum += READ_ONCE(to_tdx(vcpu)->stats[stat]);
	return sum;
}

void tdx_read_stats(struct kvm *kvm, u64 *values)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	unsigned int i;

	for (i = 0; i < SEPT_NR_STATS; i++)
		*values++ = atomic64_read(&kvm_tdx->sept.stats.count[i]);
	for (i = 0; i < TD_NR_STATS; i++)
		*values++ = atomic64_read(&kvm_tdx->stats[i]);
	for (i = 0; i < TD_NR_VCPU_STATS; i++)
		*values++ = vcpu_stat_sum(kvm, i);
}

static int td_stats_show(struct seq_file *m, void *unused)
{
	struct kvm_tdx *kvm_tdx = m->private;
	u64 values[TDX_NR_STATS];
	unsigned int i;

	tdx_read_stats(&kvm_tdx->vmx.kvm, values);
	for (i = 0; i < TDX_NR_STATS; i++)
		seq_printf(m, "%s %lld\n",
			   tdx_stats_desc[i].name + strlen(PREFIX),
			   (s64)values[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(td_stats);

/*
 * Base KVM makes the folder after the VM's vendor part, and removes it, and
 * what is in it, before.
 */
void tdx_create_debugfs(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);

	if (IS_ERR_OR_NULL(kvm->debugfs_dentry))
		return;
	debugfs_create_file("tdx", 0444, kvm->debugfs_dentry, kvm_tdx, &td_stats_fops);
	debugfs_create_file("sept", 0400, kvm->debugfs_dentry, kvm_tdx, &sept_dump_fops);
}
