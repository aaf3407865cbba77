// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's counts as text: one "name value" a line, in the file "tdx" of the
 * VM's debugfs folder.
 */
#include "mmu_env.h"

static const char *const sept_stat_names[SEPT_NR_STATS] = {
	[SEPT_STAT_PAGES_4K] = "pages_4k",
	[SEPT_STAT_PAGES_2M] = "pages_2m",
	[SEPT_STAT_TABLES] = "sept_tables",
	[SEPT_STAT_HELD] = "pages_held",
	[SEPT_STAT_FAULTS] = "private_faults",
	[SEPT_STAT_RETRIES] = "fault_retries",
	[SEPT_STAT_ADDS] = "page_add",
	[SEPT_STAT_AUGS] = "page_aug",
	[SEPT_STAT_BLOCKS] = "range_block",
	[SEPT_STAT_REMOVES] = "page_remove",
	[SEPT_STAT_DEMOTES] = "page_demote",
	[SEPT_STAT_RECLAIMS] = "page_reclaim",
	[SEPT_STAT_UNLINKS] = "sept_remove",
	[SEPT_STAT_ZAP_BATCHES] = "zap_batches",
	[SEPT_STAT_TRACKS] = "tracks",
	[SEPT_STAT_KICKS] = "kicks",
	[SEPT_STAT_QUIESCES] = "quiesces",
	[SEPT_STAT_BUSY] = "module_busy",
	[SEPT_STAT_LEAKED] = "pages_leaked",
};

static const char *const td_stat_names[TD_NR_STATS] = {
	[TD_STAT_SHARED_FAULTS] = "shared_faults",
	[TD_STAT_CALL_CPUID] = "tdvmcall_cpuid",
	[TD_STAT_CALL_HLT] = "tdvmcall_hlt",
	[TD_STAT_CALL_IO] = "tdvmcall_io",
	[TD_STAT_CALL_RDMSR] = "tdvmcall_rdmsr",
	[TD_STAT_CALL_WRMSR] = "tdvmcall_wrmsr",
	[TD_STAT_CALL_MMIO] = "tdvmcall_mmio",
	[TD_STAT_CALL_INFO] = "tdvmcall_get_info",
	[TD_STAT_CALL_MAP_GPA] = "tdvmcall_map_gpa",
	[TD_STAT_CALL_GET_QUOTE] = "tdvmcall_get_quote",
	[TD_STAT_CALL_FATAL_ERROR] = "tdvmcall_fatal_error",
	[TD_STAT_CALL_EVENT_NOTIFY] = "tdvmcall_event_notify",
	[TD_STAT_CALL_HYPERCALL] = "tdvmcall_hypercall",
	[TD_STAT_CALL_UNKNOWN] = "tdvmcall_unknown",
};

static int td_stats_show(struct seq_file *m, void *unused)
{
	struct kvm_tdx *tdx = m->private;
	unsigned int i;

	for (i = 0; i < SEPT_NR_STATS; i++)
		seq_printf(m, "%s %lld\n", sept_stat_names[i],
			   (s64)atomic64_read(&tdx->sept.stats.count[i]));
	for (i = 0; i < TD_NR_STATS; i++)
		seq_printf(m, "%s %lld\n", td_stat_names[i],
			   (s64)atomic64_read(&tdx->stats[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(td_stats);

/*
 * Base KVM makes the folder after the VM's vendor part, and removes it, and
 * what is in it, before.
 */
void tdx_create_debugfs(struct kvm *kvm)
{
	if (IS_ERR_OR_NULL(kvm->debugfs_dentry))
		return;
	debugfs_create_file("tdx", 0444, kvm->debugfs_dentry, to_kvm_tdx(kvm),
			    &td_stats_fops);
}
