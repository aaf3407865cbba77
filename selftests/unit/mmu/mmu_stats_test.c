// SPDX-License-Identifier: GPL-2.0-only
/* What is seen of the private MMU from outside: counts, and the mirror. */
#include "mmu_fixture.h"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/dump.c"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/stats.c"

/* --- the counts --- */

static void every_count_has_a_name_of_its_own(void)
{
	unsigned int i, j;

	for (i = 0; i < TDX_NR_STATS; i++) {
		const struct kvm_stats_desc *desc = &tdx_stats_desc[i];

		check(!strncmp(desc->name, PREFIX, strlen(PREFIX)));
		check(strlen(desc->name) > strlen(PREFIX));
		check(desc->size == 1 && desc->offset == i * sizeof(u64));
		for (j = 0; j < i; j++)
			check(strcmp(desc->name, tdx_stats_desc[j].name));
	}
}

static u64 value_of(const char *name)
{
	u64 values[TDX_NR_STATS];
	unsigned int i;

	tdx_read_stats(&tdx->vmx.kvm, values);
	for (i = 0; i < TDX_NR_STATS; i++) {
		if (!strcmp(tdx_stats_desc[i].name, name))
			return values[tdx_stats_desc[i].offset / sizeof(u64)];
	}
	return ~0ULL;
}

static void counts_are_found_by_name(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1 && fault(6) == 1);
	zap(5, 6);
	check(mapped(5) == -1 && value_of("tdx_pages_4k") == 1);
	check(value_of("tdx_page_aug") == 2);
	check(value_of("tdx_range_block") == 1);
	check(value_of("tdx_sept_add") == 3);
	check(value_of("tdx_tdvmcall_unknown") == 0);
	td_count(&tdx->vmx.kvm, TD_STAT_CALL_UNKNOWN);
	check(value_of("tdx_tdvmcall_unknown") == 1);
	td_down(0);
}

static void vcpus_count_for_themselves(void)
{
	td_up(TD_S_RUNNABLE);
	tdx->vmx.kvm.online_vcpus = 2;
	to_tdx(vcpu(0))->stats[TD_VCPU_STAT_FAST_CALLS] = 3;
	to_tdx(vcpu(1))->stats[TD_VCPU_STAT_FAST_CALLS] = 4;
	to_tdx(vcpu(1))->stats[TD_VCPU_STAT_FAST_IRQS] = 5;
	check(value_of("tdx_fastpath_tdvmcalls") == 7);
	check(value_of("tdx_fastpath_interrupts") == 5);
	td_down(0);
}

static char text[16384];

static void names_in_debugfs_have_no_prefix(void)
{
	struct seq_file m = { .private = tdx };

	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1);
	m.out = fmemopen(text, sizeof(text), "w");
	check(!td_stats_fops(&m, NULL));
	fclose(m.out);
	check(!strncmp(text, "pages_4k 1\n", 11));
	check(strstr(text, "\npage_aug 1\n") && !strstr(text, PREFIX));
	td_down(0);
}

/* --- the mirror --- */

static struct sept_dump dump;

void *__seq_open_private(struct file *file, const struct seq_operations *ops,
			 int size)
{
	check(size == sizeof(dump) && ops == &dump_seq_ops);
	memset(&dump, 0, sizeof(dump));
	return &dump;
}

/* Reads all of it; a buffer holds @lines_each lines. */
static void read_dump(unsigned int lines_each)
{
	struct seq_file m = { .private = &dump };
	struct inode inode = { .i_private = tdx };
	loff_t index = 0;
	unsigned int n;
	void *v;

	check(!sept_dump_fops.open(&inode, NULL));
	memset(text, 0, sizeof(text));
	m.out = fmemopen(text, sizeof(text), "w");
	do {
		v = dump_seq_ops.start(&m, &index);
		for (n = 0; v && n < lines_each; n++) {
			dump_seq_ops.show(&m, v);
			v = dump_seq_ops.next(&m, v, &index);
		}
		dump_seq_ops.stop(&m, v);
	} while (v);
	fclose(m.out);
}

static const char want_text[] =
	"000000000000-007fffffffff level 3 table 1\n"
	"000000000000-00003fffffff level 2 table 1\n"
	"000000000000-0000001fffff level 1 table 1\n"
	"000000005000-000000006fff level 0 leaf 2\n"
	"000000009000-000000009fff level 0 leaf 1\n"
	"0000001ff000-0000001fffff level 0 leaf 1\n"
	"000000200000-0000003fffff level 1 table 1\n"
	"000000200000-000000200fff level 0 leaf 1\n"
	"000000400000-0000007fffff level 1 leaf 2\n";

static void expect_text(const char *want)
{
	if (strcmp(text, want))
		printf("# %s", text);
	check(!strcmp(text, want));
}

static void dump_shows_tables_and_runs(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1 && fault(6) == 1 && fault(9) == 1);
	check(fault(511) == 1 && fault(512) == 1);
	gmem_gives_2m = true;
	check(fault(1024) == 1 && fault(1536) == 1);
	read_dump(1000);
	expect_text(want_text);
	td_down(0);
}

static void dump_goes_on_where_a_buffer_ended(void)
{
	unsigned int lines;

	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1 && fault(6) == 1 && fault(9) == 1);
	check(fault(511) == 1 && fault(512) == 1);
	gmem_gives_2m = true;
	check(fault(1024) == 1 && fault(1536) == 1);
	for (lines = 1; lines < 6; lines++) {
		read_dump(lines);
		expect_text(want_text);
	}
	td_down(0);
}

static void dump_of_nothing_is_empty(void)
{
	td_up(TD_S_RUNNABLE);
	read_dump(1);
	expect_text("");
	td_down(0);
}

/* Entries go while nobody holds the lock: what is left is shown once. */
static void dump_survives_a_zap_between_two_buffers(void)
{
	struct seq_file m = { .private = &dump };
	struct inode inode = { .i_private = tdx };
	loff_t index = 0;
	void *v;

	td_up(TD_S_RUNNABLE);
	check(fault(600) == 1 && fault(1100) == 1);
	check(!sept_dump_fops.open(&inode, NULL));
	v = dump_seq_ops.start(&m, &index);
	while (v && dump.it.pos.level != SEPT_LEVEL_4K)
		v = dump_seq_ops.next(&m, v, &index);
	dump_seq_ops.stop(&m, v);
	check(dump.it.pos.gpa == 600 << PAGE_SHIFT);

	zap(0, 1024);
	write_lock(&tdx->vmx.kvm.mmu_lock);
	sept_prune(tdx, 512 << PAGE_SHIFT);
	write_unlock(&tdx->vmx.kvm.mmu_lock);

	v = dump_seq_ops.start(&m, &index);
	check(v && dump.it.pos.gpa == 1024 << PAGE_SHIFT);
	dump_seq_ops.stop(&m, v);
	td_down(0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(every_count_has_a_name_of_its_own),
		TEST(counts_are_found_by_name),
		TEST(vcpus_count_for_themselves),
		TEST(names_in_debugfs_have_no_prefix),
		TEST(dump_shows_tables_and_runs),
		TEST(dump_goes_on_where_a_buffer_ended),
		TEST(dump_of_nothing_is_empty),
		TEST(dump_survives_a_zap_between_two_buffers),
	};

	return ktap_run(tests);
}
