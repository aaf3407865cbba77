/* SPDX-License-Identifier: GPL-2.0-only */
#if !defined(_TRACE_KVM_TDX_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_TDX_H

#include <linux/tracepoint.h>

#include "tdx.h"

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_tdx

#define TDX_TD_STATES					\
	{ TD_S_NONE,		"none" },		\
	{ TD_S_INITIALIZED,	"initialized" },	\
	{ TD_S_RUNNABLE,	"runnable" },		\
	{ TD_S_KEYLESS,		"keyless" }

#define TDX_SEPT_OPS					\
	{ SEPT_OP_LINK,		"SEPT.ADD" },		\
	{ SEPT_OP_ADD,		"PAGE.ADD" },		\
	{ SEPT_OP_AUG,		"PAGE.AUG" },		\
	{ SEPT_OP_BLOCK,	"RANGE.BLOCK" },	\
	{ SEPT_OP_REMOVE,	"PAGE.REMOVE" },	\
	{ SEPT_OP_REMOVE_EARLY,	"PAGE.REMOVE" },	\
	{ SEPT_OP_DEMOTE,	"PAGE.DEMOTE" },	\
	{ SEPT_OP_RECLAIM,	"PAGE.RECLAIM" },	\
	{ SEPT_OP_BLOCK_TABLE,	"RANGE.BLOCK" },	\
	{ SEPT_OP_UNLINK,	"SEPT.REMOVE" }

/* Programs that decode the events outside of the kernel have no enums. */
TRACE_DEFINE_ENUM(TD_S_NONE);
TRACE_DEFINE_ENUM(TD_S_INITIALIZED);
TRACE_DEFINE_ENUM(TD_S_RUNNABLE);
TRACE_DEFINE_ENUM(TD_S_KEYLESS);
TRACE_DEFINE_ENUM(SEPT_OP_LINK);
TRACE_DEFINE_ENUM(SEPT_OP_ADD);
TRACE_DEFINE_ENUM(SEPT_OP_AUG);
TRACE_DEFINE_ENUM(SEPT_OP_BLOCK);
TRACE_DEFINE_ENUM(SEPT_OP_REMOVE);
TRACE_DEFINE_ENUM(SEPT_OP_REMOVE_EARLY);
TRACE_DEFINE_ENUM(SEPT_OP_DEMOTE);
TRACE_DEFINE_ENUM(SEPT_OP_RECLAIM);
TRACE_DEFINE_ENUM(SEPT_OP_BLOCK_TABLE);
TRACE_DEFINE_ENUM(SEPT_OP_UNLINK);

/* A TD's life goes on. */
TRACE_EVENT(tdx_td_state,
	TP_PROTO(const struct kvm_tdx *kvm_tdx, u8 state),
	TP_ARGS(kvm_tdx, state),

	TP_STRUCT__entry(
		__field(u16, hkid)
		__field(u8, state)
	),

	TP_fast_assign(
		__entry->hkid = kvm_tdx->td.hkid;
		__entry->state = state;
	),

	TP_printk("hkid %u %s", __entry->hkid,
		  __print_symbolic(__entry->state, TDX_TD_STATES))
);

/* TDH.VP.ENTER is back; what kvm_exit shows has no room for the status. */
TRACE_EVENT(tdx_exit,
	TP_PROTO(struct kvm_vcpu *vcpu, u64 status, const struct tdx_module_args *args),
	TP_ARGS(vcpu, status, args),

	TP_STRUCT__entry(
		__field(u64, status)
		__field(u64, rcx)
		__field(u64, rdx)
		__field(u64, r8)
		__field(u64, r10)
		__field(u64, r11)
		__field(u64, r12)
		__field(u64, r13)
		__field(u64, r14)
		__field(u32, vcpu_id)
		__field(u16, hkid)
		__string(name, tdx_status_name(status))
	),

	TP_fast_assign(
		__entry->status = status;
		__entry->rcx = args->rcx;
		__entry->rdx = args->rdx;
		__entry->r8 = args->r8;
		__entry->r10 = args->r10;
		__entry->r11 = args->r11;
		__entry->r12 = args->r12;
		__entry->r13 = args->r13;
		__entry->r14 = args->r14;
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->hkid = to_kvm_tdx(vcpu->kvm)->td.hkid;
		__assign_str(name);
	),

	TP_printk("hkid %u vcpu %u status %llx %s rcx %llx rdx %llx r8 %llx r10 %llx r11 %llx r12 %llx r13 %llx r14 %llx",
		  __entry->hkid, __entry->vcpu_id, __entry->status,
		  __get_str(name), __entry->rcx, __entry->rdx, __entry->r8,
		  __entry->r10, __entry->r11, __entry->r12, __entry->r13,
		  __entry->r14)
);

/* A private fault is over: @ret as tdx_fault() returns it. */
TRACE_EVENT(tdx_fault,
	TP_PROTO(struct kvm_vcpu *vcpu, u64 gpa, u64 ext_qual, u32 tries, int ret),
	TP_ARGS(vcpu, gpa, ext_qual, tries, ret),

	TP_STRUCT__entry(
		__field(u64, gpa)
		__field(u64, ext_qual)
		__field(u32, vcpu_id)
		__field(u32, tries)
		__field(int, ret)
		__field(u16, hkid)
	),

	TP_fast_assign(
		__entry->gpa = gpa;
		__entry->ext_qual = ext_qual;
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->tries = tries;
		__entry->ret = ret;
		__entry->hkid = to_kvm_tdx(vcpu->kvm)->td.hkid;
	),

	TP_printk("hkid %u vcpu %u gpa %llx ext %llx tries %u ret %d",
		  __entry->hkid, __entry->vcpu_id, __entry->gpa,
		  __entry->ext_qual, __entry->tries, __entry->ret)
);

/* One SEAMCALL on one S-EPT entry, failed ones included. */
TRACE_EVENT(tdx_sept_step,
	TP_PROTO(const struct sept_iter *it, u8 op, u64 err),
	TP_ARGS(it, op, err),

	TP_STRUCT__entry(
		__field(u64, gpa)
		__field(u64, old)
		__field(u64, err)
		__field(u16, hkid)
		__field(u8, level)
		__field(u8, op)
	),

	TP_fast_assign(
		__entry->gpa = it->pos.gpa;
		__entry->old = it->old;
		__entry->err = err;
		__entry->hkid = it->kvm_tdx->td.hkid;
		__entry->level = it->pos.level;
		__entry->op = op;
	),

	TP_printk("hkid %u gpa %llx level %u %s entry %llx err %llx",
		  __entry->hkid, __entry->gpa, __entry->level,
		  __print_symbolic(__entry->op, TDX_SEPT_OPS),
		  __entry->old, __entry->err)
);

/* [start, end) was blocked, tracked once and removed: @nr leaves. */
TRACE_EVENT(tdx_zap_batch,
	TP_PROTO(const struct kvm_tdx *kvm_tdx, u64 start, u64 end, u64 nr),
	TP_ARGS(kvm_tdx, start, end, nr),

	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, end)
		__field(u64, nr)
		__field(u16, hkid)
		__field(bool, quiesced)
	),

	TP_fast_assign(
		__entry->start = start;
		__entry->end = end;
		__entry->nr = nr;
		__entry->hkid = kvm_tdx->td.hkid;
		__entry->quiesced = kvm_tdx->quiesce;
	),

	TP_printk("hkid %u %llx-%llx leaves %llu quiesced %d",
		  __entry->hkid, __entry->start, __entry->end, __entry->nr,
		  __entry->quiesced)
);

/* A lock of the module was lost, and the step will be tried again. */
TRACE_EVENT(tdx_retry,
	TP_PROTO(const struct kvm_tdx *kvm_tdx, u64 gpa, u64 err),
	TP_ARGS(kvm_tdx, gpa, err),

	TP_STRUCT__entry(
		__field(u64, gpa)
		__field(u64, err)
		__field(u16, hkid)
	),

	TP_fast_assign(
		__entry->gpa = gpa;
		__entry->err = err;
		__entry->hkid = kvm_tdx->td.hkid;
	),

	TP_printk("hkid %u gpa %llx err %llx",
		  __entry->hkid, __entry->gpa, __entry->err)
);

#endif /* _TRACE_KVM_TDX_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../../arch/x86/kvm/vmx/tdx
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
