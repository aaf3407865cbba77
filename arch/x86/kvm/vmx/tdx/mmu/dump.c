// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mirror as text, in the file "sept" of the VM's debugfs folder: a line for
 * each table, and for each run of entries of one table that are in one state.
 *
 * mmu_lock is held for read while a buffer is filled, some hundred lines: faults
 * go on meanwhile, zaps wait.  It is let go between two buffers, so that the
 * lines are true one by one, and not of one moment.
 */
#include "mmu_env.h"

static const char *const state_names[SEPT_NR_STATES] = {
	[SEPT_NONE] = "none",
	[SEPT_TABLE] = "table",
	[SEPT_LEAF] = "leaf",
	[SEPT_BLOCKED] = "blocked",
	[SEPT_HELD] = "held",
	[SEPT_FROZEN] = "frozen",
	[SEPT_TABLE_BLOCKED] = "table_blocked",
};

/* Where to go on, and what is there. */
struct sept_dump {
	struct kvm_tdx *kvm_tdx;
	struct sept_pos pos;
	struct sept_iter it;
	u64 nr;
};

/*
 * The seq_file's position: entries come by address, and of those that begin at
 * one address the one next to the root comes first.
 */
#define DUMP_LEVELS	8

static loff_t dump_index(struct sept_pos pos)
{
	return (pos.gpa >> PAGE_SHIFT) * DUMP_LEVELS + DUMP_LEVELS - 1 - pos.level;
}

static struct sept_pos dump_pos(loff_t index)
{
	struct sept_pos pos = {
		.gpa = (u64)index / DUMP_LEVELS << PAGE_SHIFT,
		.level = DUMP_LEVELS - 1 - index % DUMP_LEVELS,
	};

	return pos;
}

/* The topmost entry that begins at @gpa. */
static struct sept_pos dump_top(const struct kvm_tdx *kvm_tdx, u64 gpa)
{
	struct sept_pos pos = { .gpa = gpa, .level = sept_root_level(kvm_tdx) };

	while (pos.gpa & (sept_size(pos.level) - 1))
		pos.level--;
	return pos;
}

/* Entries from @it on, in the same table, that are in the same state. */
static u64 dump_run(const struct sept_iter *it)
{
	u64 *end = it->table->entries + SEPT_ENTRIES, *p = it->ptr;

	if (sept_has_table(it->old))
		return 1;
	while (++p < end && sept_state(READ_ONCE(*p)) == sept_state(it->old))
		;
	return p - it->ptr;
}

/* Find the first entry at @d->pos or behind that is in use. */
static bool dump_find(struct sept_dump *d)
{
	struct sept_iter *it = &d->it;
	u64 limit = tdx_shared_bit(d->kvm_tdx);

	lockdep_assert_held(&d->kvm_tdx->vmx.kvm.mmu_lock);

	while (d->pos.gpa < limit) {
		sept_iter_start(it, d->kvm_tdx, d->pos.gpa);
		while (it->pos.level > d->pos.level &&
		       sept_state(it->old) == SEPT_TABLE)
			sept_iter_descend(it);
		/* What covers more than was asked for has been seen before. */
		if (it->pos.level <= d->pos.level &&
		    sept_state(it->old) != SEPT_NONE) {
			d->nr = dump_run(it);
			return true;
		}
		d->pos = dump_top(d->kvm_tdx, it->pos.gpa + sept_size(it->pos.level));
	}
	return false;
}

static void dump_advance(struct sept_dump *d)
{
	struct sept_pos at = d->it.pos;

	if (sept_state(d->it.old) == SEPT_TABLE) {
		d->pos.gpa = at.gpa;
		d->pos.level = at.level - 1;
	} else {
		d->pos = dump_top(d->kvm_tdx, at.gpa + d->nr * sept_size(at.level));
	}
}

/* --- seq_file --- */

static void *dump_seq_start(struct seq_file *m, loff_t *index)
	__acquires(mmu_lock)
{
	struct sept_dump *d = m->private;

	read_lock(&d->kvm_tdx->vmx.kvm.mmu_lock);
	d->pos = *index ? dump_pos(*index) : dump_top(d->kvm_tdx, 0);
	return dump_find(d) ? d : NULL;
}

static void *dump_seq_next(struct seq_file *m, void *v, loff_t *index)
{
	struct sept_dump *d = v;

	dump_advance(d);
	*index = dump_index(d->pos);
	return dump_find(d) ? d : NULL;
}

static void dump_seq_stop(struct seq_file *m, void *v)
	__releases(mmu_lock)
{
	struct sept_dump *d = m->private;

	read_unlock(&d->kvm_tdx->vmx.kvm.mmu_lock);
}

static int dump_seq_show(struct seq_file *m, void *v)
{
	const struct sept_dump *d = v;
	const struct sept_iter *it = &d->it;

	seq_printf(m, "%012llx-%012llx level %u %s %llu\n", it->pos.gpa,
		   it->pos.gpa + d->nr * sept_size(it->pos.level) - 1,
		   it->pos.level, state_names[sept_state(it->old)], d->nr);
	return 0;
}

static const struct seq_operations dump_seq_ops = {
	.start = dump_seq_start,
	.next = dump_seq_next,
	.stop = dump_seq_stop,
	.show = dump_seq_show,
};

static int dump_open(struct inode *inode, struct file *file)
{
	struct sept_dump *d = __seq_open_private(file, &dump_seq_ops, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->kvm_tdx = inode->i_private;
	return 0;
}

const struct file_operations sept_dump_fops = {
	.owner = THIS_MODULE,
	.open = dump_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};
