// SPDX-License-Identifier: GPL-2.0-only
/* SEAMCALL with the one retry that needs no judgement: lack of entropy. */
#include <linux/preempt.h>

#include "seamcall.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define TDX_ENTROPY_TRIES	10

/*
 * The instruction takes its arguments in @args and may leave outputs there,
 * so keep the inputs for another try.
 */
static u64 seamcall_retry(u64 (*call)(u64, struct tdx_module_args *), u64 leaf,
			  struct tdx_module_args *args)
{
	const struct tdx_module_args in = *args;
	int tries = TDX_ENTROPY_TRIES;
	u64 status;

	for (;;) {
		/* Before the call: it may never return, if a crash stops this CPU. */
		preempt_disable();
		this_cpu_write(tdx_cache_dirty, true);
		status = call(leaf, args);
		preempt_enable();
		if (tdx_status_code(status) != TDX_RND_NO_ENTROPY || !--tries)
			break;
		*args = in;
	}
	trace_tdx_seamcall(leaf, &in, status);
	return status;
}

u64 seamcall(u64 leaf, struct tdx_module_args *args)
{
	return seamcall_retry(__seamcall, leaf, args);
}

u64 seamcall_ret(u64 leaf, struct tdx_module_args *args)
{
	return seamcall_retry(__seamcall_ret, leaf, args);
}

/* For leaves that use more than RCX, RDX and R8 to R11. */
u64 seamcall_saved_ret(u64 leaf, struct tdx_module_args *args)
{
	return seamcall_retry(__seamcall_saved_ret, leaf, args);
}
