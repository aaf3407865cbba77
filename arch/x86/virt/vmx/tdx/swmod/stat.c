// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often did which leaf end with which status?  Counters without a lock:
 * a slot is claimed once by compare-exchange and then only counts up.
 */
#include "core.h"

/* Different statuses a leaf is told apart by; the rest goes to the last one. */
#define SW_STAT_SLOTS	12

struct sw_stat_slot {
	u64 key;		/* status class + 1, 0: free */
	u64 count;
};

static struct sw_stat_slot slots[SW_NR_STATS][SW_NR_LEAVES][SW_STAT_SLOTS];
/* VP.ENTERs that ended with a TD exit, which is no error: by exit reason. */
static u64 td_exits[SW_NR_EXIT_REASONS];
static u64 accepted;

static const char *const seamcall_names[SW_NR_LEAVES] = {
	[SW_LEAF_VP_ENTER] = "TDH.VP.ENTER",
	[SW_LEAF_MNG_ADDCX] = "TDH.MNG.ADDCX",
	[SW_LEAF_MEM_PAGE_ADD] = "TDH.MEM.PAGE.ADD",
	[SW_LEAF_MEM_SEPT_ADD] = "TDH.MEM.SEPT.ADD",
	[SW_LEAF_VP_ADDCX] = "TDH.VP.ADDCX",
	[SW_LEAF_MEM_PAGE_RELOCATE] = "TDH.MEM.PAGE.RELOCATE",
	[SW_LEAF_MEM_PAGE_AUG] = "TDH.MEM.PAGE.AUG",
	[SW_LEAF_MEM_RANGE_BLOCK] = "TDH.MEM.RANGE.BLOCK",
	[SW_LEAF_MNG_KEY_CONFIG] = "TDH.MNG.KEY.CONFIG",
	[SW_LEAF_MNG_CREATE] = "TDH.MNG.CREATE",
	[SW_LEAF_VP_CREATE] = "TDH.VP.CREATE",
	[SW_LEAF_MNG_RD] = "TDH.MNG.RD",
	[SW_LEAF_MEM_RD] = "TDH.MEM.RD",
	[SW_LEAF_MNG_WR] = "TDH.MNG.WR",
	[SW_LEAF_MEM_WR] = "TDH.MEM.WR",
	[SW_LEAF_MEM_PAGE_DEMOTE] = "TDH.MEM.PAGE.DEMOTE",
	[SW_LEAF_MR_EXTEND] = "TDH.MR.EXTEND",
	[SW_LEAF_MR_FINALIZE] = "TDH.MR.FINALIZE",
	[SW_LEAF_VP_FLUSH] = "TDH.VP.FLUSH",
	[SW_LEAF_MNG_VPFLUSHDONE] = "TDH.MNG.VPFLUSHDONE",
	[SW_LEAF_MNG_KEY_FREEID] = "TDH.MNG.KEY.FREEID",
	[SW_LEAF_MNG_INIT] = "TDH.MNG.INIT",
	[SW_LEAF_VP_INIT] = "TDH.VP.INIT",
	[SW_LEAF_MEM_PAGE_PROMOTE] = "TDH.MEM.PAGE.PROMOTE",
	[SW_LEAF_PHYMEM_PAGE_RDMD] = "TDH.PHYMEM.PAGE.RDMD",
	[SW_LEAF_MEM_SEPT_RD] = "TDH.MEM.SEPT.RD",
	[SW_LEAF_VP_RD] = "TDH.VP.RD",
	[SW_LEAF_MNG_KEY_RECLAIMID] = "TDH.MNG.KEY.RECLAIMID",
	[SW_LEAF_PHYMEM_PAGE_RECLAIM] = "TDH.PHYMEM.PAGE.RECLAIM",
	[SW_LEAF_MEM_PAGE_REMOVE] = "TDH.MEM.PAGE.REMOVE",
	[SW_LEAF_MEM_SEPT_REMOVE] = "TDH.MEM.SEPT.REMOVE",
	[SW_LEAF_SYS_KEY_CONFIG] = "TDH.SYS.KEY.CONFIG",
	[SW_LEAF_SYS_INFO] = "TDH.SYS.INFO",
	[SW_LEAF_SYS_INIT] = "TDH.SYS.INIT",
	[SW_LEAF_SYS_RD] = "TDH.SYS.RD",
	[SW_LEAF_SYS_LP_INIT] = "TDH.SYS.LP.INIT",
	[SW_LEAF_SYS_TDMR_INIT] = "TDH.SYS.TDMR.INIT",
	[SW_LEAF_SYS_RDALL] = "TDH.SYS.RDALL",
	[SW_LEAF_MEM_TRACK] = "TDH.MEM.TRACK",
	[SW_LEAF_MEM_RANGE_UNBLOCK] = "TDH.MEM.RANGE.UNBLOCK",
	[SW_LEAF_PHYMEM_CACHE_WB] = "TDH.PHYMEM.CACHE.WB",
	[SW_LEAF_PHYMEM_PAGE_WBINVD] = "TDH.PHYMEM.PAGE.WBINVD",
	[SW_LEAF_VP_WR] = "TDH.VP.WR",
	[SW_LEAF_SYS_LP_SHUTDOWN] = "TDH.SYS.LP.SHUTDOWN",
	[SW_LEAF_SYS_CONFIG] = "TDH.SYS.CONFIG",
	[SW_LEAF_SYS_SHUTDOWN] = "TDH.SYS.SHUTDOWN",
	[SW_LEAF_SYS_UPDATE] = "TDH.SYS.UPDATE",
	[SW_LEAF_PHYMEM_PAMT_ADD] = "TDH.PHYMEM.PAMT.ADD",
	[SW_LEAF_PHYMEM_PAMT_REMOVE] = "TDH.PHYMEM.PAMT.REMOVE",
	[SW_LEAF_SYS_DISABLE] = "TDH.SYS.DISABLE",
};

static const char *const tdcall_names[SW_NR_LEAVES] = {
	[0] = "TDG.VP.VMCALL",
	[1] = "TDG.VP.INFO",
	[2] = "TDG.MR.RTMR.EXTEND",
	[3] = "TDG.VP.VEINFO.GET",
	[4] = "TDG.MR.REPORT",
	[5] = "TDG.VP.CPUIDVE.SET",
	[6] = "TDG.MEM.PAGE.ACCEPT",
	[7] = "TDG.VM.RD",
	[8] = "TDG.VM.WR",
	[9] = "TDG.VP.RD",
	[10] = "TDG.VP.WR",
	[11] = "TDG.SYS.RD",
	[12] = "TDG.SYS.RDALL",
	[22] = "TDG.MR.VERIFYREPORT",
	[23] = "TDG.MEM.PAGE.ATTR.RD",
	[24] = "TDG.MEM.PAGE.ATTR.WR",
};

#define ST(name) { SW_##name, #name }

static const struct {
	u64 status;
	const char *name;
} status_names[] = {
	ST(SUCCESS),
	ST(NON_RECOVERABLE_VCPU),
	ST(NON_RECOVERABLE_TD),
	ST(INTERRUPTED_RESUMABLE),
	ST(INTERRUPTED_RESTARTABLE),
	ST(NON_RECOVERABLE_TD_NON_ACCESSIBLE),
	ST(INVALID_RESUMPTION),
	ST(NON_RECOVERABLE_TD_WRONG_APIC_MODE),
	ST(NON_RECOVERABLE_TD_CORRUPTED_MD),
	ST(OPERAND_INVALID),
	ST(OPERAND_ADDR_RANGE_ERROR),
	ST(OPERAND_BUSY),
	ST(PREVIOUS_TLB_EPOCH_BUSY),
	ST(SYS_BUSY),
	ST(RND_NO_ENTROPY),
	ST(OPERAND_BUSY_HOST_PRIORITY),
	ST(HOST_PRIORITY_BUSY_TIMEOUT),
	ST(INTERRUPTED_BUSY),
	ST(PAGE_METADATA_INCORRECT),
	ST(PAGE_ALREADY_FREE),
	ST(PAGE_NOT_OWNED_BY_TD),
	ST(PAGE_NOT_FREE),
	ST(HPA_RANGE_NOT_FREE),
	ST(NO_PAMT_PAGE_PAIR),
	ST(PAMT_PAGE_NOT_EMPTY),
	ST(INTERRUPTED_PAMT),
	ST(MISSING_PAMT_PAGE_PAIR),
	ST(TD_ASSOCIATED_PAGES_EXIST),
	ST(SYS_INIT_NOT_PENDING),
	ST(SYS_LP_INIT_NOT_DONE),
	ST(SYS_LP_INIT_DONE),
	ST(SYS_NOT_READY),
	ST(SYS_SHUTDOWN),
	ST(SYS_KEY_CONFIG_NOT_PENDING),
	ST(SYS_STATE_INCORRECT),
	ST(SYS_INVALID_HANDOFF),
	ST(SYS_INCOMPATIBLE_SIGSTRUCT),
	ST(SYS_LP_INIT_NOT_PENDING),
	ST(SYS_CONFIG_NOT_PENDING),
	ST(INCOMPATIBLE_SEAM_CAPABILITIES),
	ST(CRYPTO_SELF_TEST_FAILED),
	ST(UPDATE_COMPATIBILITY_SENSITIVE),
	ST(TD_FATAL),
	ST(TD_NON_DEBUG),
	ST(TDCS_NOT_ALLOCATED),
	ST(LIFECYCLE_STATE_INCORRECT),
	ST(OP_STATE_INCORRECT),
	ST(NO_VCPUS),
	ST(TDCX_NUM_INCORRECT),
	ST(X2APIC_ID_NOT_UNIQUE),
	ST(INCOMPATIBLE_MRTD_CONTEXT),
	ST(VCPU_STATE_INCORRECT),
	ST(VCPU_ASSOCIATED),
	ST(VCPU_NOT_ASSOCIATED),
	ST(NO_VALID_VE_INFO),
	ST(MAX_VCPUS_EXCEEDED),
	ST(TSC_ROLLBACK),
	ST(INTERRUPTIBILITY_BLOCKED),
	ST(TD_VMCS_FIELD_NOT_INITIALIZED),
	ST(TD_VMCS_FIELD_ERROR),
	ST(KEY_GENERATION_FAILED),
	ST(TD_KEYS_NOT_CONFIGURED),
	ST(KEY_STATE_INCORRECT),
	ST(KEY_CONFIGURED),
	ST(WBCACHE_NOT_COMPLETE),
	ST(HKID_NOT_FREE),
	ST(NO_HKID_READY_TO_WBCACHE),
	ST(WBCACHE_RESUME_ERROR),
	ST(FLUSHVP_NOT_DONE),
	ST(NUM_ACTIVATED_HKIDS_NOT_SUPPORTED),
	ST(INCORRECT_CPUID_VALUE),
	ST(LIMIT_CPUID_MAXVAL_SET),
	ST(INCONSISTENT_CPUID_FIELD),
	ST(CPUID_MAX_SUBLEAVES_UNRECOGNIZED),
	ST(CPUID_LEAF_1F_FORMAT_UNRECOGNIZED),
	ST(INVALID_WBINVD_SCOPE),
	ST(INVALID_PKG_ID),
	ST(ENABLE_MONITOR_FSM_NOT_SET),
	ST(CPUID_LEAF_NOT_SUPPORTED),
	ST(INCONSISTENT_MSR),
	ST(INCORRECT_MSR_VALUE),
	ST(SEAMREPORT_NOT_AVAILABLE),
	ST(INVALID_TDMR),
	ST(NON_ORDERED_TDMR),
	ST(TDMR_OUTSIDE_CMRS),
	ST(TDMR_ALREADY_INITIALIZED),
	ST(INVALID_PAMT),
	ST(PAMT_OUTSIDE_CMRS),
	ST(PAMT_OVERLAP),
	ST(INVALID_RESERVED_IN_TDMR),
	ST(NON_ORDERED_RESERVED_IN_TDMR),
	ST(CMR_LIST_INVALID),
	ST(EPT_WALK_FAILED),
	ST(EPT_ENTRY_FREE),
	ST(EPT_ENTRY_NOT_FREE),
	ST(EPT_ENTRY_NOT_PRESENT),
	ST(EPT_ENTRY_NOT_LEAF),
	ST(EPT_ENTRY_LEAF),
	ST(GPA_RANGE_NOT_BLOCKED),
	ST(GPA_RANGE_ALREADY_BLOCKED),
	ST(TLB_TRACKING_NOT_DONE),
	ST(EPT_INVALID_PROMOTE_CONDITIONS),
	ST(PAGE_ALREADY_ACCEPTED),
	ST(PAGE_SIZE_MISMATCH),
	ST(GPA_RANGE_BLOCKED),
	ST(EPT_ENTRY_STATE_INCORRECT),
	ST(EPT_PAGE_NOT_FREE),
	ST(PAGE_ATTR_INVALID),
	ST(METADATA_FIELD_ID_INCORRECT),
	ST(METADATA_FIELD_NOT_WRITABLE),
	ST(METADATA_FIELD_NOT_READABLE),
	ST(METADATA_FIELD_VALUE_NOT_VALID),
	ST(METADATA_LIST_OVERFLOW),
	ST(INVALID_METADATA_LIST_HEADER),
	ST(REQUIRED_METADATA_FIELD_MISSING),
	ST(METADATA_ELEMENT_SIZE_INCORRECT),
	ST(METADATA_LAST_ELEMENT_INCORRECT),
	ST(METADATA_FIELD_CURRENTLY_NOT_WRITABLE),
	ST(METADATA_WR_MASK_NOT_VALID),
	ST(METADATA_FIRST_FIELD_ID_IN_CONTEXT),
	ST(METADATA_FIELD_SKIP),
	ST(VIRTUAL_MSR_VALUE_NOT_VALID),
	ST(METADATA_FIELD_NOT_ALLOCATED),
	ST(INVALID_CPUSVN),
	ST(INVALID_REPORTMACSTRUCT),
	ST(PENDING_INTERRUPT),
	ST(GLA_NOT_CANONICAL),
};

/* As in the SDM's table of basic exit reasons; those that a host gets to see. */
static const char *const exit_names[SW_NR_EXIT_REASONS] = {
	[0] = "EXCEPTION_NMI", [1] = "EXTERNAL_INTERRUPT",
	[2] = "TRIPLE_FAULT", [3] = "INIT", [5] = "IO_SMI", [6] = "OTHER_SMI",
	[7] = "INTERRUPT_WINDOW", [8] = "NMI_WINDOW", [9] = "TASK_SWITCH",
	[48] = "EPT_VIOLATION", [49] = "EPT_MISCONFIG",
	[52] = "PREEMPTION_TIMER", [74] = "BUS_LOCK", [75] = "NOTIFY",
	[77] = "TDVMCALL",
};

const char *sw_exit_name(u32 reason)
{
	const char *name = reason < SW_NR_EXIT_REASONS ? exit_names[reason] : NULL;

	return name ? name : "OTHER_EXIT";
}

u64 sw_stat_td_exits(u32 reason)
{
	return reason < SW_NR_EXIT_REASONS ? sw_load(&td_exits[reason]) : 0;
}

const char *sw_status_name(u64 status)
{
	unsigned int i;

	for (i = 0; i < SW_ARRAY_SIZE(status_names); i++) {
		if (status_names[i].status == (status & SW_STATUS_MASK))
			return status_names[i].name;
	}
	return "?";
}

bool sw_status_by_name(const char *name, u64 *status)
{
	unsigned int i;

	for (i = 0; i < SW_ARRAY_SIZE(status_names); i++) {
		if (!strcmp(status_names[i].name, name)) {
			*status = status_names[i].status;
			return true;
		}
	}
	return false;
}

const char *sw_leaf_name(enum sw_stat_kind kind, u32 leaf)
{
	const char *name = NULL;

	if (leaf < SW_NR_LEAVES)
		name = kind == SW_STAT_TDCALL ? tdcall_names[leaf] :
						seamcall_names[leaf];
	return name ? name : "?";
}

static bool slot_claim(struct sw_stat_slot *slot, u64 key)
{
	u64 old = sw_load(&slot->key);

	if (!old)
		old = sw_cmpxchg(&slot->key, 0, key);
	return !old || old == key;
}

void sw_stat_count(enum sw_stat_kind kind, u32 leaf, u64 status)
{
	struct sw_stat_slot *slot;
	unsigned int i;

	/* Unknown leaves share the last row. */
	if (leaf >= SW_NR_LEAVES)
		leaf = SW_NR_LEAVES - 1;
	slot = slots[kind][leaf];
	for (i = 0; i < SW_STAT_SLOTS - 1; i++, slot++) {
		if (slot_claim(slot, (status >> 32) + 1))
			break;
	}
	sw_add_return(&slot->count, 1);
}

void sw_stat_td_exit(u64 status)
{
	u32 reason = status & 0xffff;

	/* The last one has what the table has no room for. */
	if (reason >= SW_NR_EXIT_REASONS)
		reason = SW_NR_EXIT_REASONS - 1;
	if (!(status & SW_STATUS_MASK))
		sw_add_return(&td_exits[reason], 1);
}

void sw_stat_tdcall(u32 leaf, u64 status)
{
	sw_stat_count(SW_STAT_TDCALL, leaf, status);
}

void sw_stat_accepted(u64 npages)
{
	sw_add_return(&accepted, npages);
}

u64 sw_stat_accepted_pages(void)
{
	return sw_load(&accepted);
}

bool sw_stat_line(enum sw_stat_kind kind, unsigned int i, u32 *leaf,
		  u64 *status, u64 *count)
{
	unsigned int total = SW_NR_LEAVES * SW_STAT_SLOTS;
	const struct sw_stat_slot *slot;

	if (i >= total)
		return false;
	slot = &slots[kind][i / SW_STAT_SLOTS][i % SW_STAT_SLOTS];
	*leaf = i / SW_STAT_SLOTS;
	*count = sw_load(&slot->count);
	*status = slot->key ? (slot->key - 1) << 32 : SW_STATUS_MASK;
	return true;
}

void sw_stat_reset(void)
{
	memset(slots, 0, sizeof(slots));
	memset(td_exits, 0, sizeof(td_exits));
	accepted = 0;
}
