// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.SYS.TDMR.INIT: the module initialises the PAMTs, gibibytes of them on a
 * large machine.  A call locks one TDMR, so that CPUs can work on TDMRs side by
 * side, each on the node where the PAMT is.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "host.h"

#define TDMR_REPORT_SECONDS	10

/* As many for one GiB are enough for a module that does a small page in each. */
#define TDMR_MAX_CALLS		(TDMR_ALIGN / PAGE_SIZE)

struct init_work {
	struct work_struct work;
	struct init_all *all;
	const struct tdmr *tdmr;
};

/* All TDMRs, for as long as tdx_tdmr_init() runs. */
struct init_all {
	struct completion done;
	atomic_t running;
	atomic64_t bytes_done;
	u64 bytes;
	/* After the first failure or a signal nobody makes another call. */
	bool stop;
	/* The first who fails writes the two below; read after @done. */
	atomic_t failed;
	const struct tdmr *failed_tdmr;
	u64 failed_status;
	struct init_work work[];
};

static bool must_call_again(u64 status)
{
	switch (tdx_status_code(status)) {
	case TDX_OPERAND_BUSY:
	case TDX_SYS_BUSY:
	case TDX_INTERRUPTED_RESUMABLE:
		return true;
	default:
		return false;
	}
}

/*
 * One call, which does a part of what is left.  @done is the address below
 * which all is done; the module moves it on by whole GiBs.  Returns 0, or the
 * status that ends the work.
 */
static u64 init_part(const struct tdmr *tdmr, u64 *done)
{
	u64 next = *done;
	u64 status = tdh_sys_tdmr_init(tdmr->range.start, &next);

	/* By a bring-up before this one. */
	if (tdx_status_code(status) == TDX_TDMR_ALREADY_INITIALIZED) {
		*done = tdmr->range.end;
		return 0;
	}
	if (must_call_again(status))
		return 0;
	if (tdx_status_failed(status))
		return status;
	*done = clamp(next, *done, tdmr->range.end);
	return 0;
}

static void init_failed(struct init_work *w, u64 status)
{
	if (!atomic_xchg(&w->all->failed, 1)) {
		w->all->failed_tdmr = w->tdmr;
		w->all->failed_status = status;
	}
	WRITE_ONCE(w->all->stop, true);
}

static void init_one(struct work_struct *work)
{
	struct init_work *w = container_of(work, struct init_work, work);
	u64 done = w->tdmr->range.start, before, status;
	unsigned int calls = 0;

	while (done < w->tdmr->range.end && !READ_ONCE(w->all->stop)) {
		before = done;
		status = init_part(w->tdmr, &done);
		calls = done > before ? 0 : calls + 1;
		if (status || calls > TDMR_MAX_CALLS) {
			init_failed(w, status);
			break;
		}
		atomic64_add(done - before, &w->all->bytes_done);
		cond_resched();
	}
	if (atomic_dec_and_test(&w->all->running))
		complete(&w->all->done);
}

static struct init_all *init_new(const struct tdmr *tdmrs, unsigned int nr)
{
	struct init_all *all = kvzalloc(struct_size(all, work, nr), GFP_KERNEL);
	unsigned int i;

	if (!all)
		return NULL;
	init_completion(&all->done);
	atomic_set(&all->running, nr);
	for (i = 0; i < nr; i++) {
		all->bytes += tdmrs[i].range.end - tdmrs[i].range.start;
		all->work[i].all = all;
		all->work[i].tdmr = &tdmrs[i];
		INIT_WORK(&all->work[i].work, init_one);
	}
	return all;
}

/*
 * Until all are done or have given up.  -EINTR if whoever loads KVM is killed;
 * some may be inside a call then.
 */
static int await_all(struct init_all *all)
{
	long left;

	for (;;) {
		left = wait_for_completion_killable_timeout(&all->done,
							    TDMR_REPORT_SECONDS * HZ);
		if (left > 0)
			return 0;
		if (left < 0)
			break;
		pr_info("page metadata: %llu of %llu GiB of memory done\n",
			(u64)atomic64_read(&all->bytes_done) / SZ_1G,
			all->bytes / SZ_1G);
	}
	WRITE_ONCE(all->stop, true);
	return -EINTR;
}

static int result_of(const struct init_all *all)
{
	const struct tdmr *tdmr = all->failed_tdmr;
	char leaf[80];

	if (!tdmr)
		return 0;
	if (!all->failed_status)
		return tdx_off(-EIO, "TDH.SYS.TDMR.INIT makes no progress in [0x%llx, 0x%llx)",
			       tdmr->range.start, tdmr->range.end);
	snprintf(leaf, sizeof(leaf), "SYS.TDMR.INIT of [0x%llx, 0x%llx)",
		 tdmr->range.start, tdmr->range.end);
	return tdx_off_status(leaf, all->failed_status,
			      "load kvm_intel again to go on from here");
}

/* Unless it fails, memory of all TDMRs can be private afterwards. */
int tdx_tdmr_init(const struct tdmr *tdmrs, unsigned int nr)
{
	struct workqueue_struct *wq;
	struct init_all *all;
	unsigned int i;
	int ret;

	all = init_new(tdmrs, nr);
	if (!all)
		return tdx_off(-ENOMEM, "no memory to work on %u TDMRs", nr);
	wq = alloc_workqueue("tdx_tdmr_init", WQ_UNBOUND, 0);
	if (!wq) {
		kvfree(all);
		return tdx_off(-ENOMEM, "no workqueue for %u TDMRs", nr);
	}

	for (i = 0; i < nr; i++)
		queue_work_node(page_to_nid(pfn_to_page(PFN_DOWN(tdmrs[i].pamt_pa))),
				wq, &all->work[i].work);
	ret = await_all(all);
	/* Nobody uses @all any more. */
	destroy_workqueue(wq);

	if (ret)
		tdx_off(ret, "interrupted by a signal while page metadata was initialised");
	else
		ret = result_of(all);
	kvfree(all);
	return ret;
}
