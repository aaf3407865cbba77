/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tdx_host

#if !defined(_TDX_HOST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TDX_HOST_TRACE_H

#include <linux/tracepoint.h>
#include "leaf.h"
#include "status.h"
#include "tdx_host.h"

/*
 * One event for each SEAMCALL but VP.ENTER, whose path allows no tracing;
 * KVM's own events surround that one.
 */
TRACE_EVENT(tdx_seamcall,
	TP_PROTO(u64 leaf, const struct tdx_module_args *in, u64 status),
	TP_ARGS(leaf, in, status),
	TP_STRUCT__entry(
		__field(u64, leaf)
		__field(u64, rcx)
		__field(u64, rdx)
		__field(u64, status)
		__string(name, tdx_status_name(status))
	),
	TP_fast_assign(
		__entry->leaf = leaf;
		__entry->rcx = in->rcx;
		__entry->rdx = in->rdx;
		__entry->status = status;
		__assign_str(name);
	),
	TP_printk("%s rcx %llx rdx %llx status %llx %s",
		  __print_symbolic(__entry->leaf & TDX_LEAF_NUMBER_MASK,
			{ TDH_VP_ENTER, "VP.ENTER" },
			{ TDH_MNG_ADDCX, "MNG.ADDCX" },
			{ TDH_MEM_PAGE_ADD, "MEM.PAGE.ADD" },
			{ TDH_MEM_SEPT_ADD, "MEM.SEPT.ADD" },
			{ TDH_VP_ADDCX, "VP.ADDCX" },
			{ TDH_MEM_PAGE_RELOCATE, "MEM.PAGE.RELOCATE" },
			{ TDH_MEM_PAGE_AUG, "MEM.PAGE.AUG" },
			{ TDH_MEM_RANGE_BLOCK, "MEM.RANGE.BLOCK" },
			{ TDH_MNG_KEY_CONFIG, "MNG.KEY.CONFIG" },
			{ TDH_MNG_CREATE, "MNG.CREATE" },
			{ TDH_VP_CREATE, "VP.CREATE" },
			{ TDH_MNG_RD, "MNG.RD" },
			{ TDH_MEM_RD, "MEM.RD" },
			{ TDH_MEM_WR, "MEM.WR" },
			{ TDH_MEM_PAGE_DEMOTE, "MEM.PAGE.DEMOTE" },
			{ TDH_MR_EXTEND, "MR.EXTEND" },
			{ TDH_MR_FINALIZE, "MR.FINALIZE" },
			{ TDH_VP_FLUSH, "VP.FLUSH" },
			{ TDH_MNG_VPFLUSHDONE, "MNG.VPFLUSHDONE" },
			{ TDH_MNG_KEY_FREEID, "MNG.KEY.FREEID" },
			{ TDH_MNG_INIT, "MNG.INIT" },
			{ TDH_VP_INIT, "VP.INIT" },
			{ TDH_MEM_PAGE_PROMOTE, "MEM.PAGE.PROMOTE" },
			{ TDH_PHYMEM_PAGE_RDMD, "PHYMEM.PAGE.RDMD" },
			{ TDH_MEM_SEPT_RD, "MEM.SEPT.RD" },
			{ TDH_VP_RD, "VP.RD" },
			{ TDH_PHYMEM_PAGE_RECLAIM, "PHYMEM.PAGE.RECLAIM" },
			{ TDH_MEM_PAGE_REMOVE, "MEM.PAGE.REMOVE" },
			{ TDH_MEM_SEPT_REMOVE, "MEM.SEPT.REMOVE" },
			{ TDH_SYS_KEY_CONFIG, "SYS.KEY.CONFIG" },
			{ TDH_SYS_INIT, "SYS.INIT" },
			{ TDH_SYS_RD, "SYS.RD" },
			{ TDH_SYS_LP_INIT, "SYS.LP.INIT" },
			{ TDH_SYS_TDMR_INIT, "SYS.TDMR.INIT" },
			{ TDH_MEM_TRACK, "MEM.TRACK" },
			{ TDH_MEM_RANGE_UNBLOCK, "MEM.RANGE.UNBLOCK" },
			{ TDH_PHYMEM_CACHE_WB, "PHYMEM.CACHE.WB" },
			{ TDH_PHYMEM_PAGE_WBINVD, "PHYMEM.PAGE.WBINVD" },
			{ TDH_VP_WR, "VP.WR" },
			{ TDH_SYS_CONFIG, "SYS.CONFIG" },
			{ TDH_PHYMEM_PAMT_ADD, "PHYMEM.PAMT.ADD" },
			{ TDH_PHYMEM_PAMT_REMOVE, "PHYMEM.PAMT.REMOVE" },
			{ TDH_SYS_SHUTDOWN, "SYS.SHUTDOWN" },
			{ TDH_SYS_UPDATE, "SYS.UPDATE" },
			{ TDH_SYS_DISABLE, "SYS.DISABLE" }),
		  __entry->rcx, __entry->rdx, __entry->status, __get_str(name))
);

#endif /* _TDX_HOST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
