/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that the MMU half takes from outside this folder, and the one
 * header that a unit test replaces.
 */
#ifndef _KVM_VMX_TDX_MMU_ENV_H
#define _KVM_VMX_TDX_MMU_ENV_H

#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../tdx.h"
#include "../trace.h"

#endif /* _KVM_VMX_TDX_MMU_ENV_H */
