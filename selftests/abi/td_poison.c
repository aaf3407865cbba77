// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory error in private memory: the log says whose it was.  The emulated machine
 * has no banks to inject one into, so memory_failure() is told the address.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "huge.h"

#define SLOT_GPA	(1UL << 30)
#define SLOT_SIZE	(2UL << 20)

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
	if (!ok || !pa || access(HARD_OFFLINE, W_OK)) {
		ktap_skip(__func__, "no S-EPT to look at, or no hard_offline_page");
		huge_down(&h, SLOT_SIZE);
		return;
	}
	hard_offline(pa);
	snprintf(who, sizeof(who), "TDX private memory error: TD of process %d",
		 getpid());
	ktap_result(logged(who, "GPA ", gpa), "%s", __func__);
	huge_down(&h, SLOT_SIZE);
}

static const struct ktap_test tests[] = {
	TEST(poison_names_process_and_gpa),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
