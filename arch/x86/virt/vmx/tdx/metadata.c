// SPDX-License-Identifier: GPL-2.0-only
/* Global metadata: what the TDX module says of itself and can do. */
#include <linux/errno.h>
#include <linux/stddef.h>

#include "host.h"

/* Identifiers of the specification: class in 61:56, element size in 33:32. */
#define MD_MINOR_VERSION		0x0800000100000003ULL
#define MD_MAJOR_VERSION		0x0800000100000004ULL
#define MD_UPDATE_VERSION		0x0800000100000005ULL
#define MD_TDX_FEATURES0		0x0A00000300000008ULL
#define MD_MAX_TDMRS			0x9100000100000008ULL
#define MD_MAX_RESERVED_PER_TDMR	0x9100000100000009ULL
#define MD_PAMT_4K_ENTRY_SIZE		0x9100000100000010ULL
#define MD_PAMT_2M_ENTRY_SIZE		0x9100000100000011ULL
#define MD_PAMT_1G_ENTRY_SIZE		0x9100000100000012ULL
#define MD_PAMT_PAGE_BITMAP_ENTRY_BITS	0x9100000000000013ULL
#define MD_MIN_DYNAMIC_PAMT_NUM_HKID_BITS	0x9100000000000014ULL
#define MD_TDR_BASE_SIZE		0x9800000100000000ULL
#define MD_TDCS_BASE_SIZE		0x9800000100000100ULL
#define MD_TDVPS_BASE_SIZE		0x9800000100000200ULL
#define MD_ATTRIBUTES_FIXED0		0x1900000300000000ULL
#define MD_ATTRIBUTES_FIXED1		0x1900000300000001ULL
#define MD_XFAM_FIXED0			0x1900000300000002ULL
#define MD_XFAM_FIXED1			0x1900000300000003ULL
#define MD_NUM_CPUID_CONFIG		0x9900000100000004ULL
#define MD_MAX_VCPUS_PER_TD		0x9900000100000008ULL
#define MD_CPUID_CONFIG_LEAVES		0x9900000300000400ULL
#define MD_CPUID_CONFIG_VALUES		0x9900000300000500ULL

struct metadata_field {
	u64 id;
	const char *name;
	u16 offset;
};

#define FIELD(field, member)						\
	{ MD_##field, #field, offsetof(struct tdx_sys_info, member) }

static const struct metadata_field fields[] = {
	FIELD(MINOR_VERSION, minor),
	FIELD(MAJOR_VERSION, major),
	FIELD(UPDATE_VERSION, update),
	FIELD(TDX_FEATURES0, features0),
	FIELD(MAX_TDMRS, max_tdmrs),
	FIELD(MAX_RESERVED_PER_TDMR, max_reserved_per_tdmr),
	FIELD(PAMT_4K_ENTRY_SIZE, pamt_entry_size[0]),
	FIELD(PAMT_2M_ENTRY_SIZE, pamt_entry_size[1]),
	FIELD(PAMT_1G_ENTRY_SIZE, pamt_entry_size[2]),
	FIELD(TDR_BASE_SIZE, tdr_size),
	FIELD(TDCS_BASE_SIZE, tdcs_size),
	FIELD(TDVPS_BASE_SIZE, tdvps_size),
	FIELD(ATTRIBUTES_FIXED0, attributes_fixed0),
	FIELD(ATTRIBUTES_FIXED1, attributes_fixed1),
	FIELD(XFAM_FIXED0, xfam_fixed0),
	FIELD(XFAM_FIXED1, xfam_fixed1),
	FIELD(NUM_CPUID_CONFIG, nr_cpuid_config),
	FIELD(MAX_VCPUS_PER_TD, max_vcpus_per_td),
};

/* Fields of a module that has dynamic PAMT. */
static const struct metadata_field dynamic_pamt_fields[] = {
	FIELD(PAMT_PAGE_BITMAP_ENTRY_BITS, pamt_bitmap_bits),
	FIELD(MIN_DYNAMIC_PAMT_NUM_HKID_BITS, pamt_min_keyid_bits),
};

static int read_field(u64 id, const char *name, u64 *data)
{
	char leaf[64];
	u64 status = tdh_sys_rd(id, data);

	if (!tdx_status_failed(status))
		return 0;
	snprintf(leaf, sizeof(leaf), "SYS.RD of %s (0x%llx)", name, id);
	return tdx_off_status(leaf, status, "update the TDX module");
}

/* Bits 33:32 of an identifier: the size is 1, 2, 4 or 8 bytes. */
static unsigned int field_size(u64 id)
{
	return 1 << ((id >> 32) & 3);
}

/* The members of struct tdx_sys_info have the sizes of the identifiers. */
static int store_field(struct tdx_sys_info *info,
		       const struct metadata_field *f, u64 data)
{
	void *to = (void *)info + f->offset;

	if (field_size(f->id) == sizeof(u64)) {
		*(u64 *)to = data;
		return 0;
	}
	if (data > U16_MAX)
		return tdx_off(-EIO,
			       "metadata field %s is 0x%llx, too large",
			       f->name, data);
	*(u16 *)to = data;
	return 0;
}

static int read_cpuid_config(struct tdx_cpuid_config *config, unsigned int i)
{
	u64 leaf, eax_ebx, ecx_edx;
	int ret;

	ret = read_field(MD_CPUID_CONFIG_LEAVES + i, "CPUID_CONFIG_LEAVES",
			 &leaf);
	if (!ret)
		ret = read_field(MD_CPUID_CONFIG_VALUES + 2 * i,
				 "CPUID_CONFIG_VALUES", &eax_ebx);
	if (!ret)
		ret = read_field(MD_CPUID_CONFIG_VALUES + 2 * i + 1,
				 "CPUID_CONFIG_VALUES", &ecx_edx);
	if (ret)
		return ret;

	*config = (struct tdx_cpuid_config) {
		.leaf = lower_32_bits(leaf),
		.subleaf = upper_32_bits(leaf),
		.eax = lower_32_bits(eax_ebx),
		.ebx = upper_32_bits(eax_ebx),
		.ecx = lower_32_bits(ecx_edx),
		.edx = upper_32_bits(ecx_edx),
	};
	return 0;
}

static int check_structure_size(const char *name, u16 size)
{
	if (size && !(size % PAGE_SIZE))
		return 0;
	return tdx_off(-EIO,
			       "the TDX module says that a %s has %u bytes, not whole pages",
		       name, size);
}

/* Refuse what the rest of the code relies on and a module might not have. */
static int check_info(const struct tdx_sys_info *info)
{
	int ret;

	if (!(info->features0 & TDX_FEATURES0_NO_RBP_MOD))
		return tdx_off(-ENODEV,
			       "the TDX module lacks NO_RBP_MOD (feature bit 18); update it");
	if (!(info->features0 & TDX_FEATURES0_TOPOLOGY_ENUM))
		return tdx_off(-ENODEV,
			       "the TDX module lacks TOPOLOGY_ENUM (feature bit 20); update it");
	if (info->nr_cpuid_config > TDX_MAX_CPUID_CONFIG)
		return tdx_off(-EIO,
			       "the TDX module has %u configurable CPUID leaves, %u are supported",
			       info->nr_cpuid_config, TDX_MAX_CPUID_CONFIG);

	ret = check_structure_size("TDR", info->tdr_size);
	if (!ret)
		ret = check_structure_size("TDCS", info->tdcs_size);
	if (!ret)
		ret = check_structure_size("TDVPS", info->tdvps_size);
	return ret;
}

static int read_fields(struct tdx_sys_info *info,
		       const struct metadata_field *f, unsigned int nr)
{
	u64 data;
	int ret;

	for (; nr; nr--, f++) {
		ret = read_field(f->id, f->name, &data);
		if (!ret)
			ret = store_field(info, f, data);
		if (ret)
			return ret;
	}
	return 0;
}

/* Of a module that took over from another one.  Any context. */
int tdx_metadata_read_version(struct tdx_sys_info *info)
{
	u64 major, minor, update;
	int ret;

	ret = read_field(MD_MAJOR_VERSION, "MAJOR_VERSION", &major);
	if (!ret)
		ret = read_field(MD_MINOR_VERSION, "MINOR_VERSION", &minor);
	if (!ret)
		ret = read_field(MD_UPDATE_VERSION, "UPDATE_VERSION", &update);
	if (ret)
		return ret;
	info->major = major;
	info->minor = minor;
	info->update = update;
	return 0;
}

int tdx_metadata_read(struct tdx_sys_info *info)
{
	unsigned int i;
	int ret;

	ret = read_fields(info, fields, ARRAY_SIZE(fields));
	if (!ret && info->features0 & TDX_FEATURES0_DYNAMIC_PAMT)
		ret = read_fields(info, dynamic_pamt_fields,
				  ARRAY_SIZE(dynamic_pamt_fields));
	if (!ret)
		ret = check_info(info);
	for (i = 0; !ret && i < info->nr_cpuid_config; i++)
		ret = read_cpuid_config(&info->cpuid_config[i], i);
	return ret;
}
