// SPDX-License-Identifier: GPL-2.0-only
/*
 * Global metadata, from a module that a table plays: what is taken, what is
 * refused, and where each value goes.
 */
#include "fake_memory/fake.h"
#include "host_check.h"

#define U16_MAX			0xffffU
#define lower_32_bits(v)	((u32)(v))
#define upper_32_bits(v)	((u32)((v) >> 32))

static char the_log[256], why_off[256];

void fake_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(the_log, sizeof(the_log), fmt, args);
	va_end(args);
}

#include "../../../arch/x86/virt/vmx/tdx/status.c"
#include "../../../arch/x86/virt/vmx/tdx/metadata.c"

int tdx_off(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why_off, sizeof(why_off), fmt, args);
	va_end(args);
	return err;
}

int tdx_off_status(const char *leaf, u64 status, const char *advice)
{
	return tdx_off(-EIO, "TDH.%s failed with %llx; %s", leaf, status, advice);
}

static u64 nr_leaves, features0, td_size;
static unsigned int fail_at, reads;

/* Typed here again, on purpose. */
u64 tdh_sys_rd(u64 field, u64 *data)
{
	*data = 16;
	if (fail_at && ++reads == fail_at)
		return 0xc0000c0000000000ULL;
	if (field >= 0x9900000300000400ULL && field < 0x9900000300000500ULL)
		*data = (field & 0xff) << 32 | 0x1000 | (field & 0xff);
	else if (field >= 0x9900000300000500ULL && field < 0x9900000300000700ULL)
		*data = (field - 0x9900000300000500ULL) << 32 | 0xab000 |
			(field - 0x9900000300000500ULL);
	else if (field == 0x9900000100000004ULL)
		*data = nr_leaves;
	else if (field == 0x0A00000300000008ULL)
		*data = features0;
	else if (field == 0x9100000100000008ULL)
		*data = 64;
	else if (field >> 56 == 0x98)
		*data = td_size;
	return 0;
}

static struct tdx_sys_info info;

static int read_from(u64 leaves)
{
	nr_leaves = leaves;
	features0 = 1 << 18 | 1 << 20;
	td_size = 6 * 4096;
	reads = 0;
	memset(&info, 0, sizeof(info));
	return tdx_metadata_read(&info);
}

/* 1.5.25 has 28, newer ones more. */
static void as_many_leaves_as_mainline_takes(void)
{
	static const unsigned int counts[] = { 0, 1, 28, 32, 33, 48, 100, 128 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		check(!read_from(counts[i]));
		check(info.nr_cpuid_config == counts[i]);
		for (j = 0; j < counts[i]; j++) {
			check(info.cpuid_config[j].leaf == 0x1000 + j);
			check(info.cpuid_config[j].subleaf == j);
			check(info.cpuid_config[j].eax == 0xab000 + 2 * j);
			check(info.cpuid_config[j].edx == 2 * j + 1);
		}
	}
}

static void more_are_refused_and_counted(void)
{
	check(read_from(129) == -EIO);
	check(strstr(why_off, "129 configurable CPUID leaves, 128 are supported"));
	check(read_from(0x12345) == -EIO);
}

static void limits_of_tdmrs_are_read(void)
{
	check(!read_from(28));
	check(info.max_tdmrs == 64 && info.max_reserved_per_tdmr == 16);
	check(info.pamt_entry_size[0] == 16 && info.pamt_entry_size[2] == 16);
}

static void every_read_may_fail(void)
{
	for (fail_at = 1; read_from(28); fail_at++)
		check(strstr(why_off, "SYS.RD of "));
	check(fail_at == 18 + 3 * 28 + 1);
	fail_at = 0;
}

int main(void)
{
	run(as_many_leaves_as_mainline_takes);
	run(more_are_refused_and_counted);
	run(limits_of_tdmrs_are_read);
	run(every_read_may_fail);
	return checks_failed != 0;
}
