// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx_swmod/ in debugfs, for root only:
 *
 *   leaves	how often each leaf ended with which status
 *   accepted_pages	4 KiB pages that guests have accepted
 *   ticks	TSC ticks spent in each leaf
 *   inject	faults (fault_text.c has the language); reading lists them
 *   sys	the module's state, TDMRs, KeyIDs, and what CPUs are in
 *   tds	every TD with its states, epochs, counts, locks and vCPUs
 *   sept	write a TDR's address, then read its secure EPT
 *   page	write a page's address, then read its PAMT entries
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "debug/fault.h"
#include "debug/inspect.h"
#include "os/kernel/os_kernel.h"

static struct dentry *dir;
static u64 sept_target, page_target;

struct seq_out {
	struct sw_out out;
	struct seq_file *m;
};

static void seq_line(struct sw_out *out, const char *text)
{
	struct seq_out *so = container_of(out, struct seq_out, out);

	seq_printf(so->m, "%s\n", text);
}

#define SEQ_OUT(m)	{ .out = { seq_line }, (m) }

/* What SUCCESS of VP.ENTER was, exit by exit. */
static void show_exits(struct seq_file *m)
{
	u32 reason;

	for (reason = 0; reason < SW_NR_EXIT_REASONS; reason++) {
		u64 count = sw_stat_td_exits(reason);

		if (count)
			seq_printf(m, "%-28s %-36s %llu\n", "TDH.VP.ENTER",
				   sw_exit_name(reason), count);
	}
}

static void show_kind(struct seq_file *m, enum sw_stat_kind kind)
{
	u64 status, count;
	unsigned int i;
	u32 leaf;

	for (i = 0; sw_stat_line(kind, i, &leaf, &status, &count); i++) {
		if (!count)
			continue;
		if (kind == SW_STAT_SEAMCALL && leaf == SW_LEAF_VP_ENTER &&
		    !status) {
			show_exits(m);
			continue;
		}
		seq_printf(m, "%-28s %-36s %llu\n", sw_leaf_name(kind, leaf),
			   sw_status_name(status), count);
	}
}

static int leaves_show(struct seq_file *m, void *v)
{
	show_kind(m, SW_STAT_SEAMCALL);
	show_kind(m, SW_STAT_TDCALL);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(leaves);

static int accepted_pages_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%llu\n", sw_stat_accepted_pages());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(accepted_pages);

static int ticks_show(struct seq_file *m, void *v)
{
	u64 ticks;
	u32 leaf;

	for (leaf = 0; leaf < SW_NR_LEAVES; leaf++) {
		ticks = sw_os_ticks(leaf);
		if (ticks)
			seq_printf(m, "%-28s %llu\n",
				   sw_leaf_name(SW_STAT_SEAMCALL, leaf), ticks);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ticks);

static int sys_show(struct seq_file *m, void *v)
{
	struct seq_out so = SEQ_OUT(m);
	unsigned int cpu;

	sw_inspect_show_sys(&so.out);
	for_each_online_cpu(cpu)
		sw_inspect_show_cpu(&so.out, cpu, sw_os_cpu(cpu));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sys);

static int tds_show(struct seq_file *m, void *v)
{
	struct seq_out so = SEQ_OUT(m);
	u64 next = 0, pa;

	while (next != ~0ULL && !signal_pending(current)) {
		pa = sw_inspect_td(next, &next);
		if (pa != ~0ULL)
			sw_inspect_show_td(&so.out, pa);
		cond_resched();
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tds);

static int sept_show(struct seq_file *m, void *v)
{
	struct seq_out so = SEQ_OUT(m);

	sw_inspect_show_sept(&so.out, READ_ONCE(sept_target));
	return 0;
}

static int page_show(struct seq_file *m, void *v)
{
	struct seq_out so = SEQ_OUT(m);

	sw_inspect_show_page(&so.out, READ_ONCE(page_target));
	return 0;
}

/* Text from user space, as a string. */
static ssize_t copy_text(char *buf, size_t size, const char __user *from,
			 size_t count)
{
	if (count >= size)
		return -EINVAL;
	if (copy_from_user(buf, from, count))
		return -EFAULT;
	buf[count] = 0;
	return count;
}

static ssize_t address_write(struct file *file, const char __user *from,
			     size_t count, loff_t *pos)
{
	u64 *target = ((struct seq_file *)file->private_data)->private;
	char buf[32];
	ssize_t n;
	u64 pa;
	int ret;

	n = copy_text(buf, sizeof(buf), from, count);
	if (n < 0)
		return n;
	ret = kstrtou64(strim(buf), 0, &pa);
	if (ret)
		return ret;
	WRITE_ONCE(*target, pa & ~(SW_PAGE_SIZE - 1));
	return n;
}

static int inject_show(struct seq_file *m, void *v)
{
	char line[SW_FAULT_LINE];
	unsigned long flags;
	unsigned int i;
	bool more = true;

	for (i = 0; more; i++) {
		local_irq_save(flags);
		more = sw_fault_line(i, line, sizeof(line));
		local_irq_restore(flags);
		if (*line)
			seq_printf(m, "%s\n", line);
	}
	return 0;
}

/* Interrupts off: a SEAMCALL on this CPU would wait for us with them off. */
static ssize_t inject_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	char buf[SW_FAULT_LINE], why[SW_FAULT_LINE];
	unsigned long flags;
	ssize_t n;
	bool ok;

	n = copy_text(buf, sizeof(buf), from, count);
	if (n < 0)
		return n;
	local_irq_save(flags);
	ok = sw_fault_parse(buf, why, sizeof(why));
	local_irq_restore(flags);
	if (ok)
		return n;
	pr_warn("%s: inject: %s\n", KBUILD_MODNAME, why);
	return -EINVAL;
}

#define WRITABLE(name, data)						\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	return single_open(file, name##_show, data);			\
}									\
									\
static const struct file_operations name##_fops = {			\
	.owner = THIS_MODULE,						\
	.open = name##_open,						\
	.read = seq_read,						\
	.write = name##_write,						\
	.llseek = seq_lseek,						\
	.release = single_release,					\
}

#define sept_write	address_write
#define page_write	address_write

WRITABLE(inject, NULL);
WRITABLE(sept, &sept_target);
WRITABLE(page, &page_target);

void sw_debugfs_create(void)
{
	dir = debugfs_create_dir("tdx_swmod", NULL);
	debugfs_create_file("leaves", 0400, dir, NULL, &leaves_fops);
	debugfs_create_file("accepted_pages", 0400, dir, NULL,
			    &accepted_pages_fops);
	debugfs_create_file("ticks", 0400, dir, NULL, &ticks_fops);
	debugfs_create_file("inject", 0600, dir, NULL, &inject_fops);
	debugfs_create_file("sys", 0400, dir, NULL, &sys_fops);
	debugfs_create_file("tds", 0400, dir, NULL, &tds_fops);
	debugfs_create_file("sept", 0600, dir, NULL, &sept_fops);
	debugfs_create_file("page", 0600, dir, NULL, &page_fops);
}

void sw_debugfs_remove(void)
{
	unsigned long flags;

	debugfs_remove(dir);
	local_irq_save(flags);
	sw_fault_clear();
	local_irq_restore(flags);
}
