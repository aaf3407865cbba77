// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory error in private memory: the log says whose it was, the TD loses that page
 * and no other, and the host lives.  One comes by memory_failure() alone, the other by
 * the machine check bank of the emulated CPU, whose STATUS can be written with anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "huge.h"

#define SLOT_GPA	(1UL << 30)
#define SLOT_SIZE	(2UL << 20)

#define MSR_MC0_STATUS	0x401
#define MSR_MC0_ADDR	0x402
#define MSR_MC0_MISC	0x403
/*
 * What a memory scrubber says that has met an error which nobody has used yet: VAL,
 * UC, EN, MISCV, ADDRV, and that it was a scrub.
 */
#define SCRUBBED	(0xbc00UL << 48 | 0xc0)
/* The address is a physical one, and counts by 64 bytes. */
#define PHYSICAL_LINE	(2 << 6 | 6)
#define CHECK_INTERVAL	"/sys/devices/system/machinecheck/machinecheck0/check_interval"

/* Is there a line of the kernel's log with all three? */
static bool logged(const char *what, const char *key, u64 value)
{
	static char log[1 << 20];
	int n = klogctl(3, log, sizeof(log) - 1);
	char text[64], *line, *rest = log;

	log[n > 0 ? n : 0] = 0;
	snprintf(text, sizeof(text), "%s0x%llx", key, (unsigned long long)value);
	while ((line = strsep(&rest, "\n"))) {
		if (strstr(line, what) && strstr(line, text))
			return true;
	}
	return false;
}

static void poison_names_process_and_gpa(void)
{
	struct huge h = huge_up(SLOT_GPA, SLOT_SIZE, 0);
	u64 gpa = SLOT_GPA + 7 * PAGE, pa;
	bool ok = !accept_at(&h, gpa, 0) && write_page(&h, gpa);
	char who[64];

	pa = host_address(gpa);
	if (ok && (!pa || access(HARD_OFFLINE, W_OK))) {
		ktap_skip(__func__, "no S-EPT to look at, or no hard_offline_page");
		huge_down(&h, SLOT_SIZE);
		return;
	}
	if (ok)
		hard_offline(pa);
	snprintf(who, sizeof(who), "TDX private memory error: TD of process %d",
		 getpid());
	ktap_result(ok && logged(who, "GPA ", gpa), "%s", __func__);
	huge_down(&h, SLOT_SIZE);
}

static bool write_msr(int fd, u32 msr, u64 value)
{
	return pwrite(fd, &value, 8, msr) == 8;
}

static u64 read_msr(int fd, u32 msr)
{
	u64 value;

	return pread(fd, &value, 8, msr) == 8 ? value : 0;
}

/* The kernel looks at its banks every second from now on. */
static bool poll_banks(void)
{
	FILE *f = fopen(CHECK_INTERVAL, "w");

	return f && fputs("1\n", f) >= 0 && !fclose(f);
}

/* Has the kernel taken the error out of the bank, and done with it? */
static bool bank_reports(int msrs, u64 pa)
{
	unsigned int i;

	if (!write_msr(msrs, MSR_MC0_ADDR, pa) ||
	    !write_msr(msrs, MSR_MC0_MISC, PHYSICAL_LINE) ||
	    !write_msr(msrs, MSR_MC0_STATUS, SCRUBBED) || !poll_banks())
		return false;
	for (i = 0; i < 100; i++) {
		usleep(100000);
		if (logged("Memory failure", "", pa / PAGE))
			return !read_msr(msrs, MSR_MC0_STATUS);
	}
	return false;
}

/* Hardware refuses such a write. */
static int open_bank(void)
{
	int fd;

	if (system("modprobe -q msr"))
		return -1;
	fd = open("/dev/cpu/0/msr", O_RDWR);
	if (fd >= 0 && !write_msr(fd, MSR_MC0_STATUS, SCRUBBED & ~(1UL << 63))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void machine_check_names_td_and_takes_only_its_page(void)
{
	struct huge h = huge_up(SLOT_GPA, SLOT_SIZE, 0);
	u64 gpa = SLOT_GPA + 9 * PAGE, next = gpa + PAGE, pa, result;
	bool ok = !accept_at(&h, gpa, 0) && write_page(&h, gpa) &&
		  !accept_at(&h, next, 0) && write_page(&h, next);
	int msrs = open_bank();

	pa = host_address(gpa);
	if (ok && (!pa || msrs < 0)) {
		ktap_skip(__func__, "no S-EPT to look at, or no bank to write to");
		huge_down(&h, SLOT_SIZE);
		return;
	}
	ktap_result(ok && bank_reports(msrs, pa), "the_kernel_takes_it_from_the_bank");
	ktap_result(logged(", TDR 0x", "TDX private memory error at ", pa),
		    "machine_check_names_the_tdr");
	ktap_result(logged("TDX private memory error: TD of process", "GPA ", gpa),
		    "machine_check_names_the_gpa");
	result = order(&h, ORDER_READ, next, 0);
	ktap_result(result == next / PAGE, "the_next_page_lives: %llx",
		    (unsigned long long)result);
	result = order(&h, ORDER_READ, gpa, 0);
	ktap_result(result == (FAILED | EHWPOISON) && h.fault.gpa == gpa,
		    "the_page_is_lost: %llx", (unsigned long long)result);
	close(msrs);
	huge_down(&h, SLOT_SIZE);
}

/* Where @page of this process is. */
static u64 own_address(const void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	u64 entry = 0;

	if (fd < 0 || pread(fd, &entry, 8, (u64)page / PAGE * 8) != 8)
		entry = 0;
	close(fd);
	return (entry & ((1UL << 55) - 1)) * PAGE;
}

static void machine_check_in_other_memory_is_not_said_to_be_private(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int msrs = open_bank();
	u64 pa = own_address(page);

	if (msrs < 0 || !pa) {
		ktap_skip(__func__, "no bank to write to, or no pagemap");
		return;
	}
	ktap_result(bank_reports(msrs, pa) && !logged("TDX", "", pa), "%s",
		    __func__);
	close(msrs);
	munmap(page, PAGE);
}

static const struct ktap_test tests[] = {
	TEST(poison_names_process_and_gpa),
	TEST(machine_check_names_td_and_takes_only_its_page),
	TEST(machine_check_in_other_memory_is_not_said_to_be_private),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
