/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls between the files of this folder. */
#ifndef _TDX_HOST_INTERNAL_H
#define _TDX_HOST_INTERNAL_H

#ifdef pr_fmt
#undef pr_fmt
#endif
#define pr_fmt(fmt) "tdx_host: " fmt

#include <linux/printk.h>
#include <linux/types.h>

#include "tdmr.h"
#include "tdx_host.h"

/* --- tdh_sys.c --- */
u64 tdh_sys_init(void);
u64 tdh_sys_lp_init(void);
u64 tdh_sys_rd(u64 field, u64 *data);
u64 tdh_sys_config(u64 array_pa, unsigned int nr_tdmrs, u16 global_hkid,
		   bool dynamic_pamt);
u64 tdh_sys_key_config(void);
u64 tdh_sys_tdmr_init(u64 base, u64 *next);
u64 tdh_sys_disable(void);
u64 tdh_sys_shutdown(u16 handoff_version, bool avoid_sensitive);
u64 tdh_sys_update(void);

/* --- why.c: each returns the -errno it was given or chose --- */
__printf(2, 3) int tdx_off(int err, const char *fmt, ...);
int tdx_off_status(const char *leaf, u64 status, const char *advice);
const char *tdx_off_reason(void);

/* --- keyid.c --- */
int tdx_keyid_detect(void);
bool tdx_keyid_in_use(void);
unsigned int tdx_nr_used_keyids(void);

/* --- metadata.c --- */
int tdx_metadata_read(struct tdx_sys_info *info);
int tdx_metadata_read_version(struct tdx_sys_info *info);

/* --- vmxon.c: run @leaf on this CPU, in VMX operation; may sleep --- */
int tdx_run_in_vmx(u64 (*leaf)(void), u64 *status);

/* --- cpus.c: TDH.SYS.LP.INIT on every CPU, now and when one appears --- */
int tdx_cpus_init(void);
void tdx_cpus_forget(void);
void tdx_cpus_exit(void);

/* --- cache.c: all CPUs that are online --- */
void tdx_flush_caches(void);

/* --- package.c --- */
bool tdx_last_in_package(unsigned int cpu);

/* --- ranges.c: lists that grow at their end; 0 or -ENOMEM --- */
int tdx_ranges_add(struct tdx_ranges *list, u64 start, u64 end);
void tdx_ranges_free(struct tdx_ranges *list);
bool tdx_ranges_cover(const struct tdx_ranges *list, u64 start, u64 end);
bool tdx_ranges_meet(const struct tdx_ranges *list, u64 start, u64 end);
u64 tdx_ranges_bytes(const struct tdx_ranges *list);
int tdx_ranges_intersect(struct tdx_ranges *out, const struct tdx_ranges *a,
			 const struct tdx_ranges *b);
int tdx_ranges_subtract(struct tdx_ranges *out, const struct tdx_ranges *a,
			const struct tdx_ranges *b);

/* --- ram.c: the RAM that exists; no other may come online later --- */
int tdx_ram_freeze(struct tdx_ranges *ram);
void tdx_ram_thaw(struct tdx_ranges *ram);

/* --- cmr.c: the memory that the module can make private --- */
int tdx_cmr_read(struct tdx_ranges *cmrs);

/* --- pamt.c: memory for the module's page metadata --- */
int tdx_pamt_alloc(const struct tdx_ranges *ram,
		   const struct tdmr_limits *limits, struct tdmr *tdmrs,
		   unsigned int *nr);
void tdx_pamt_free(struct tdmr *tdmrs, unsigned int nr);

/* --- dpamt.c: metadata of 4 KiB pages where there are any --- */
bool tdx_pamt_wants_dynamic(const struct tdx_sys_info *info);
int tdx_pamt_start(u64 end);
void tdx_pamt_stop(void);
bool tdx_pamt_is_dynamic(void);
long tdx_pamt_nr_pairs(void);

/* --- pamt_clear.c: what the module has used becomes ordinary memory --- */
void tdx_pamt_clear(const struct tdmr *tdmrs, unsigned int nr);

/* --- tdmr_info.c, tdmr_init.c: what the module is told of TDMRs --- */
int tdx_tdmr_config(const struct tdmr *tdmrs, unsigned int nr,
		    unsigned int max_reserved);
int tdx_tdmr_init(const struct tdmr *tdmrs, unsigned int nr);

/* --- memory.c: what the module manages, in the order of use --- */
int tdx_memory_plan(const struct tdx_sys_info *info);
int tdx_memory_configure(void);
int tdx_memory_init(void);
/* Give all back: the module has never owned it, or was disabled. */
void tdx_memory_release(void);
/* With tdx_state_lock() held. */
const struct tdmr *tdx_memory_tdmrs(unsigned int *nr);

/* --- private.c: RAM of which the module manages nothing; constant then --- */
void tdx_private_exclude(const struct tdx_ranges *left_out,
			 const struct tdx_ranges *managed);

/* --- node.c --- */
int tdx_next_nearest_node(int home, int nid);

/* --- quiesce.c: the end of TDX, and what must not happen before --- */
int tdx_quiesce_register(void);
void tdx_quiesce_unregister(void);
/* 0: it let go of all memory; -EOPNOTSUPP: it cannot; -EIO: it did not. */
int tdx_module_disable(void);

/* --- bringup.c --- */
bool tdx_is_configured(void);
/* TDX neither comes up nor is shut down meanwhile; 0 or -EINTR. */
int tdx_state_lock(void);
void tdx_state_unlock(void);
/* Where TDX is on and stays so until the end of the update; NULL: it is not. */
struct tdx_sys_info *tdx_update_begin(void);
void tdx_update_end(bool lost);

/* --- device.c: /sys/devices/faux/tdx_host, and no suspend to memory --- */
int tdx_device_create(void);
void tdx_device_remove(void);
struct device *tdx_device(void);

/* --- upload.c: /sys/class/firmware/tdx_module while TDX is on --- */
void tdx_upload_register(const struct tdx_sys_info *info);
void tdx_upload_unregister(void);

/* --- debugfs.c --- */
void tdx_debugfs_create(void);
void tdx_debugfs_remove(void);

/* --- mce.c: memory errors in private memory --- */
void tdx_mce_register(void);
void tdx_mce_unregister(void);

/* --- seamldr.c: what loaded the TDX module --- */
struct tdx_seamldr {
	u16 major, minor, update;
	u32 updates_left;
};

bool tdx_seamldr_is_safe(void);
int tdx_seamldr_read(struct tdx_seamldr *info);
u64 tdx_seamldr_install(u64 params_pa);
const char *tdx_seamldr_status_name(u64 status);

#endif /* _TDX_HOST_INTERNAL_H */
