// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_STATS_FD of a TD.  The file has base KVM's descriptors and counts and,
 * behind each, those of kvm-intel.ko, so that no struct of base KVM has to grow
 * for them; whoever reads it finds everything by the header.
 */
#include <linux/anon_inodes.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "kvm_tdx_hooks.h"

#define NR_BASE_STATS	(sizeof(struct kvm_vm_stat) / sizeof(u64))
static_assert(sizeof(struct kvm_vm_stat) % sizeof(u64) == 0);

struct td_stats_file {
	struct kvm *kvm;
	const struct kvm_tdx_hooks *hooks;
	struct kvm_stats_header header;
	struct kvm_stats_desc *desc;
	/* Protects @values, which each read fills anew. */
	struct mutex lock;
	u64 *values;
	size_t size;
};

static void td_stats_free(struct td_stats_file *f)
{
	kvfree(f->desc);
	kvfree(f->values);
	kfree(f);
}

static ssize_t td_stats_read(struct file *file, char __user *buf, size_t size,
			     loff_t *offset)
{
	struct td_stats_file *f = file->private_data;
	ssize_t ret;

	mutex_lock(&f->lock);
	memcpy(f->values, &f->kvm->stat, sizeof(f->kvm->stat));
	f->hooks->read_stats(f->kvm, f->values + NR_BASE_STATS);
	ret = kvm_stats_read(f->kvm->stats_id, &f->header, f->desc, f->values,
			     f->size, buf, size, offset);
	mutex_unlock(&f->lock);
	return ret;
}

static int td_stats_release(struct inode *inode, struct file *file)
{
	struct td_stats_file *f = file->private_data;
	struct kvm *kvm = f->kvm;

	td_stats_free(f);
	kvm_put_kvm(kvm);
	return 0;
}

static const struct file_operations td_stats_fops = {
	.owner = THIS_MODULE,
	.read = td_stats_read,
	.release = td_stats_release,
	.llseek = noop_llseek,
};

/* The VM's reference to kvm-intel.ko keeps @hooks for as long as the file. */
static struct td_stats_file *td_stats_alloc(struct kvm *kvm,
					    const struct kvm_tdx_hooks *hooks)
{
	unsigned int base = kvm_vm_stats_header.num_desc, i;
	struct td_stats_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return NULL;
	f->kvm = kvm;
	f->hooks = hooks;
	mutex_init(&f->lock);

	f->size = (NR_BASE_STATS + hooks->nr_stats) * sizeof(u64);
	f->values = kvzalloc(f->size, GFP_KERNEL_ACCOUNT);
	f->desc = kvcalloc(base + hooks->nr_stats, sizeof(*f->desc),
			   GFP_KERNEL_ACCOUNT);
	if (!f->values || !f->desc) {
		td_stats_free(f);
		return NULL;
	}

	memcpy(f->desc, kvm_vm_stats_desc, base * sizeof(*f->desc));
	for (i = 0; i < hooks->nr_stats; i++) {
		f->desc[base + i] = hooks->stats_desc[i];
		f->desc[base + i].offset += NR_BASE_STATS * sizeof(u64);
	}
	f->header = kvm_vm_stats_header;
	f->header.num_desc += hooks->nr_stats;
	f->header.data_offset += hooks->nr_stats * sizeof(*f->desc);
	return f;
}

/* A file, or -ENOIOCTLCMD for base KVM to make its own. */
int kvm_tdx_get_stats_fd(struct kvm *kvm)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(kvm);
	struct td_stats_file *f;
	struct file *file;
	int fd;

	if (!hooks)
		return -ENOIOCTLCMD;

	f = td_stats_alloc(kvm, hooks);
	if (!f)
		return -ENOMEM;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto free;
	file = anon_inode_getfile("kvm-vm-stats", &td_stats_fops, f, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto free;
	}

	kvm_get_kvm(kvm);
	file->f_mode |= FMODE_PREAD;
	fd_install(fd, file);
	return fd;

free:
	td_stats_free(f);
	return fd;
}

/* Folders that one process may have of one file descriptor's number. */
#define TD_MAX_NAMESAKES	100

/*
 * kvm_create_vm_debugfs() names a folder by process and file descriptor. A VMM
 * that resets a TD closes its file, creates the next one, which gets the same
 * number, and has vCPUs of the old one open all the while.  Then the new folder
 * is "PID-FD-2".  @dent is what has @name in @parent already; the caller holds the
 * lock that keeps names apart.
 */
struct dentry *kvm_tdx_debugfs_name(struct kvm *kvm, struct dentry *parent,
				    struct dentry *dent, char *name, size_t size)
{
	size_t len = strlen(name);
	unsigned int n;

	if (!kvm_is_td(kvm))
		return dent;

	for (n = 2; dent && n <= TD_MAX_NAMESAKES; n++) {
		dput(dent);
		snprintf(name + len, size - len, "-%u", n);
		dent = debugfs_lookup(name, parent);
	}
	return dent;
}
