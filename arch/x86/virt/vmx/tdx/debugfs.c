// SPDX-License-Identifier: GPL-2.0-only
/* What an operator may want to know: files in /sys/kernel/debug/tdx_host. */
#include <linux/bits.h>
#include <linux/debugfs.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>

#include "host.h"

static struct dentry *dir;

/* Bits of TDX_FEATURES0. */
static const char * const feature_names[64] = {
	[0] = "TD_MIGRATION",
	[1] = "TD_PRESERVING",
	[2] = "SERVICE_TD",
	[3] = "TDG_VP_RDWR",
	[4] = "RELAXED_MEM_MNG_CONCURRENCY",
	[5] = "CPUID_VIRT_GUEST_CTRL",
	[6] = "TDX_IO",
	[7] = "TD_PARTITIONING",
	[8] = "LOCAL_ATTESTATION",
	[9] = "TD_ENTRY_ENHANCEMENTS",
	[10] = "HOST_PRIORITY_LOCKS",
	[11] = "CONFIG_IA32_ARCH_CAPABILITIES",
	[16] = "PENDING_EPT_VIOLATION_V2",
	[17] = "FMS_CONFIG",
	[18] = "NO_RBP_MOD",
	[19] = "L2_TLB_INVD_OPT",
	[20] = "TOPOLOGY_ENUM",
	[21] = "PARTITIONED_TD_MIGRATION",
	[24] = "EVENT_FILTERING",
	[25] = "ICSSD",
	[26] = "FIXED_CTR12_PROF",
	[27] = "MAXPA_VIRT",
	[28] = "APX",
	[29] = "CPUID2_VIRT",
	[30] = "VE_REDUCTION",
	[31] = "ENHANCED_EVENT_FILTERING",
	[32] = "TDX_CONNECT_PARTITIONING",
	[33] = "MAXGPA_VIRT",
	[36] = "DYNAMIC_PAMT",
	[37] = "FATAL_DIAGNOSTICS",
	[38] = "PAGE_RELEASE",
	[39] = "NRX",
	[40] = "ENHANCED_INTR_STATE",
	[41] = "NON_BLOCKING_EXPORT",
	[42] = "PERF_MASK",
	[43] = "SCAN_EXPORT_RESTORE",
	[44] = "IMPORT_PAGE_STATUS",
	[45] = "ENHANCED_INTR_VIRTUALIZATION",
	[46] = "VE_INFO_INTR_STATE",
	[47] = "UPDATE_COMPATIBILITY",
	[51] = "ENHANCED_DEMOTE_INTERRUPTIBILITY",
};

static void show_features(struct seq_file *m)
{
	const u64 features = tdx_host_sysinfo()->features0;
	unsigned int i;

	for (i = 0; i < 64; i++) {
		if (features & BIT_ULL(i))
			seq_printf(m, "%2u %s\n", i, feature_names[i] ?: "?");
	}
}

static void show_keyids(struct seq_file *m)
{
	unsigned int all = tdx_nr_guest_keyids(), used = tdx_nr_used_keyids();

	seq_printf(m, "module %u\n", tdx_global_keyid());
	seq_printf(m, "TDs    %u to %u\n", tdx_global_keyid() + 1,
		   tdx_global_keyid() + all);
	seq_printf(m, "used   %u\n", used);
	seq_printf(m, "free   %u\n", all - used);
}

/* Each TDMR, its PAMT, and the sums; with dynamic PAMT, what TDs have on top. */
static void show_tdmrs(struct seq_file *m)
{
	unsigned int i, nr;
	const struct tdmr *t = tdx_memory_tdmrs(&nr);
	u64 bytes = 0;

	for (i = 0; i < nr; i++, t++) {
		seq_printf(m, "[0x%llx, 0x%llx) reserved areas %u, PAMT 0x%llx, %llu pages\n",
			   t->range.start, t->range.end, t->nr_reserved,
			   t->pamt_pa, tdmr_pamt_bytes(t) >> PAGE_SHIFT);
		bytes += tdmr_pamt_bytes(t);
	}
	seq_printf(m, "TDMRs      %u\n", nr);
	seq_printf(m, "PAMT pages %llu\n", bytes >> PAGE_SHIFT);
	seq_printf(m, "PAMT bytes %llu\n", bytes);
	if (!tdx_pamt_is_dynamic())
		return;
	seq_printf(m, "pairs      %ld\n", tdx_pamt_nr_pairs());
	seq_printf(m, "pair bytes %ld\n", tdx_pamt_nr_pairs() * 2 * PAGE_SIZE);
}

/* Nothing of what is shown comes or goes meanwhile. */
static int show(struct seq_file *m, void (*what)(struct seq_file *m))
{
	if (tdx_state_lock())
		return -EINTR;
	if (!tdx_host_why_off())
		what(m);
	else
		seq_printf(m, "TDX is off: %s\n", tdx_off_reason());
	tdx_state_unlock();
	return 0;
}

static int features_show(struct seq_file *m, void *unused)
{
	return show(m, show_features);
}
DEFINE_SHOW_ATTRIBUTE(features);

static int keyids_show(struct seq_file *m, void *unused)
{
	return show(m, show_keyids);
}
DEFINE_SHOW_ATTRIBUTE(keyids);

static int tdmrs_show(struct seq_file *m, void *unused)
{
	return show(m, show_tdmrs);
}
DEFINE_SHOW_ATTRIBUTE(tdmrs);

void tdx_debugfs_create(void)
{
	dir = debugfs_create_dir("tdx_host", NULL);
	debugfs_create_file("features", 0400, dir, NULL, &features_fops);
	debugfs_create_file("keyids", 0400, dir, NULL, &keyids_fops);
	debugfs_create_file("tdmrs", 0400, dir, NULL, &tdmrs_fops);
}

void tdx_debugfs_remove(void)
{
	debugfs_remove(dir);
}
