// SPDX-License-Identifier: GPL-2.0-only
/*
 * The folder tdx_swmod in debugfs.  leaves: how often each leaf ended with
 * which status; accepted_pages: 4 KiB pages that guests have accepted.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "core.h"
#include "os_kernel.h"

static struct dentry *dir;

static void show_kind(struct seq_file *m, enum sw_stat_kind kind)
{
	u64 status, count;
	unsigned int i;
	u32 leaf;

	for (i = 0; sw_stat_line(kind, i, &leaf, &status, &count); i++) {
		if (!count)
			continue;
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

void sw_debugfs_create(void)
{
	dir = debugfs_create_dir("tdx_swmod", NULL);
	debugfs_create_file("leaves", 0400, dir, NULL, &leaves_fops);
	debugfs_create_file("accepted_pages", 0400, dir, NULL,
			    &accepted_pages_fops);
}

void sw_debugfs_remove(void)
{
	debugfs_remove(dir);
}
