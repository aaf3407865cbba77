// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has which share of the KeyIDs.  There are few, each TD takes one, and
 * /dev/kvm is open to all users.  Newer kernels count them in the misc cgroup;
 * its resources are an enum of the kernel, so a module cannot add one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/cred.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "tdx.h"

static unsigned int keyids_per_user;
module_param_named(tdx_keyids_per_user, keyids_per_user, uint, 0644);
MODULE_PARM_DESC(tdx_keyids_per_user, "KeyIDs that one user may have in use; 0: any number");

/* One for each user who has KeyIDs in use. */
struct td_keyid_user {
	struct list_head list;
	kuid_t uid;
	unsigned int nr;
};

static LIST_HEAD(keyid_users);
/* Protects the list and what is on it; a leaf lock. */
static DEFINE_MUTEX(keyid_users_lock);

static struct td_keyid_user *td_keyid_user(kuid_t uid)
{
	struct td_keyid_user *user;

	lockdep_assert_held(&keyid_users_lock);

	list_for_each_entry(user, &keyid_users, list) {
		if (uid_eq(user->uid, uid))
			return user;
	}

	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (user) {
		user->uid = uid;
		list_add(&user->list, &keyid_users);
	}
	return user;
}

static int td_keyid_charge(struct kvm_tdx *kvm_tdx)
{
	unsigned int limit = READ_ONCE(keyids_per_user);
	struct td_keyid_user *user;
	int ret = 0;

	mutex_lock(&keyid_users_lock);
	user = td_keyid_user(current_uid());
	if (!user)
		ret = -ENOMEM;
	else if (limit && user->nr >= limit)
		ret = -EBUSY;
	if (!ret) {
		user->nr++;
		kvm_tdx->keyid_user = user;
	}
	mutex_unlock(&keyid_users_lock);
	return ret;
}

static void td_keyid_uncharge(struct kvm_tdx *kvm_tdx)
{
	struct td_keyid_user *user = kvm_tdx->keyid_user;

	mutex_lock(&keyid_users_lock);
	kvm_tdx->keyid_user = NULL;
	if (!--user->nr) {
		list_del(&user->list);
		kfree(user);
	}
	mutex_unlock(&keyid_users_lock);
}

/* -ENOSPC: all are in use; -EBUSY: this user has his share, as in the cgroup. */
int td_keyid_alloc(struct kvm_tdx *kvm_tdx)
{
	int hkid = tdx_keyid_alloc(), ret;

	if (hkid < 0)
		return hkid;

	ret = td_keyid_charge(kvm_tdx);
	if (ret) {
		tdx_keyid_free(hkid);
		return ret;
	}
	kvm_tdx->td.hkid = hkid;
	return 0;
}

void td_keyid_free(struct kvm_tdx *kvm_tdx)
{
	tdx_keyid_free(kvm_tdx->td.hkid);
	td_keyid_uncharge(kvm_tdx);
}

/* The last TD is gone: what is left belongs to KeyIDs that were lost. */
void td_keyid_cleanup(void)
{
	struct td_keyid_user *user, *next;

	list_for_each_entry_safe(user, next, &keyid_users, list)
		kfree(user);
	INIT_LIST_HEAD(&keyid_users);
}
