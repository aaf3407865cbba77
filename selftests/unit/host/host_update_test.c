// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replacing the TDX module at runtime, from tdx_host.ko's own files, against the
 * software module's core: what is refused and how it is called, and each SEAMCALL and
 * each call into the kernel failing in turn.  CPUs that are stopped are threads.
 */
#include <unistd.h>

#include "host_bringup.h"

/* --- memory: the module's, so that P-SEAMLDR finds it --- */
static int pages_taken;

static void *fake_alloc(size_t size)
{
	if (fails_now())
		return NULL;
	pages_taken++;
	return machine_pages((size + PAGE_SIZE - 1) / PAGE_SIZE);
}

#define kzalloc(size, gfp)	fake_alloc(size)
#define kfree(p)		(pages_taken -= !!(p))
#define get_zeroed_page(gfp)	((unsigned long)fake_alloc(PAGE_SIZE))
#define free_page(p)		(pages_taken--)
#define __pa(p)			machine_pa(p)
#define vmalloc_to_pfn(p)	(machine_pa(p) >> 12)
#define PFN_PHYS(pfn)		((u64)(pfn) << 12)
#ifndef BIT_ULL
#define BIT_ULL(n)		(1ULL << (n))
#endif

static const void *memchr_inv(const void *p, int c, size_t n)
{
	const u8 *at;

	for (at = p; n; n--, at++) {
		if (*at != c)
			return at;
	}
	return NULL;
}

/* --- CPUs --- */
static unsigned int vmx_off_on;		/* a CPU's number plus 1 */

#undef cr4_read_shadow
#define cr4_read_shadow()	(vmx_off_on == this_cpu.cpu + 1 ? 0 : X86_CR4_VMXE)
#define ATOMIC_INIT(n)		(n)
#define atomic_cmpxchg(a, old, new)	__sync_val_compare_and_swap(a, old, new)
#define atomic_inc_return_release(a)	__atomic_add_fetch(a, 1, __ATOMIC_RELEASE)
#define atomic_read_acquire(a)	((unsigned int)__atomic_load_n(a, __ATOMIC_ACQUIRE))
#undef atomic_read
#define atomic_read(a)		__atomic_load_n(a, __ATOMIC_RELAXED)
#define cpu_relax()		usleep(20)
#define touch_nmi_watchdog()	((void)0)
#define smp_processor_id()	(this_cpu.cpu)
#define num_present_cpus()	(kernel.nr_cpus)
#define cpu_online_mask		0

static unsigned int num_online_cpus(void)
{
	unsigned int cpu, n = 0;

	for_each_online_cpu(cpu)
		n++;
	return n;
}

static unsigned int cpumask_first(int mask)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		break;
	return cpu;
}

static struct {
	int (*fn)(void *data);
	void *data;
	unsigned int times;
} stopped;

static void *stopped_cpu(void *cpu)
{
	this_cpu.cpu = (unsigned long)cpu;
	this_cpu.irqs_off = true;
	stopped.fn(stopped.data);
	return NULL;
}

static int stop_machine(int (*fn)(void *), void *data, int mask)
{
	pthread_t thread[FAKE_CPUS];
	unsigned int cpu;

	stopped.fn = fn;
	stopped.data = data;
	stopped.times++;
	for_each_online_cpu(cpu)
		assert(!pthread_create(&thread[cpu], NULL, stopped_cpu,
				       (void *)(unsigned long)cpu));
	for_each_online_cpu(cpu)
		pthread_join(thread[cpu], NULL);
	return 0;
}

/* --- firmware upload --- */
enum fw_upload_err {
	FW_UPLOAD_ERR_NONE, FW_UPLOAD_ERR_HW_ERROR, FW_UPLOAD_ERR_TIMEOUT,
	FW_UPLOAD_ERR_CANCELED, FW_UPLOAD_ERR_BUSY, FW_UPLOAD_ERR_INVALID_SIZE,
	FW_UPLOAD_ERR_RW_ERROR, FW_UPLOAD_ERR_WEAROUT, FW_UPLOAD_ERR_FW_INVALID,
};

struct fw_upload {
	const struct fw_upload_ops *ops;
};

struct fw_upload_ops {
	enum fw_upload_err (*prepare)(struct fw_upload *fwl, const u8 *data, u32 size);
	enum fw_upload_err (*write)(struct fw_upload *fwl, const u8 *data, u32 offset,
				    u32 size, u32 *written);
	enum fw_upload_err (*poll_complete)(struct fw_upload *fwl);
	void (*cancel)(struct fw_upload *fwl);
};

#define IS_ERR(p)		((unsigned long)(p) > -4096UL)
#define PTR_ERR(p)		((long)(p))
#define ERR_PTR(err)		((void *)(long)(err))

static struct fw_upload the_device;
static bool no_device;

static struct fw_upload *firmware_upload_register(void *module, struct device *dev,
						  const char *name,
						  const struct fw_upload_ops *ops,
						  void *handle)
{
	check(!strcmp(name, "tdx_module"));
	/* A reference would make it busy for ever. */
	check(!module);
	if (no_device)
		return ERR_PTR(-ENOMEM);
	check(!the_device.ops);
	the_device.ops = ops;
	return &the_device;
}

static void firmware_upload_unregister(struct fw_upload *fwl)
{
	check(fwl == &the_device && fwl->ops);
	fwl->ops = NULL;
}

struct device *tdx_device(void)
{
	return NULL;
}

#include "../../../arch/x86/virt/vmx/tdx/seamldr.c"
#include "../../../arch/x86/virt/vmx/tdx/image.c"
#include "../../../arch/x86/virt/vmx/tdx/update.c"
#include "../../../arch/x86/virt/vmx/tdx/upload.c"

/* --- an image, as the software P-SEAMLDR wants it --- */
#define MODULE_PAGES		3
#define IMAGE_SIZE		((2 + MODULE_PAGES) * 4096)

static u8 *image;

static void put32(unsigned int at, u32 val)
{
	memcpy(image + at, &val, 4);
}

static void new_image(u16 minor)
{
	u64 sum = 0, word;
	unsigned int i;

	image = machine_pages(2 + MODULE_PAGES);
	put32(0, 0x200);
	memcpy(image + 4, "TDX-BLOB", 8);
	put32(12, 1);
	put32(16, MODULE_PAGES);
	for (i = 2 * 4096; i < IMAGE_SIZE; i += 8) {
		word = i * 3;
		memcpy(image + i, &word, 8);
		sum += word;
	}
	memcpy(image + 4096, "SWMODSIG", 8);
	memcpy(image + 4096 + 8, &sum, 8);
	memcpy(image + 4096 + 16, (u16 []){ 1, minor, 3, 1, 1 }, 10);
}

/* What the kernel's worker does with a file that was written. */
static enum fw_upload_err upload_file(u32 size)
{
	enum fw_upload_err err;
	u32 written = 0;

	assert(the_device.ops);
	err = the_device.ops->prepare(&the_device, image, size);
	if (err)
		return err;
	err = the_device.ops->write(&the_device, image, 0, size, &written);
	check(written == (err ? 0 : size));
	return err ?: the_device.ops->poll_complete(&the_device);
}

static void start(unsigned int cpus, unsigned int packages)
{
	vmx_off_on = 0;
	pages_taken = 0;
	no_device = false;
	fake_vmx_basic = BIT_ULL(60);
	the_device.ops = NULL;
	boot(cpus, packages, true);
	check(!tdx_host_enable());
	new_image(6);
	seamcalls.calls = 0;
}

static bool is_on(void)
{
	return tdx_host_sysinfo() && !tdx_host_why_off() && all_is_held() &&
	       the_device.ops && !pages_taken && !key_mutex;
}

static bool logged(const char *text)
{
	return strstr(kernel.last_line, text);
}

/* Nothing has happened, and nothing keeps a good image out. */
static void check_as_before(void)
{
	check(is_on());
	check(tdx_host_sysinfo()->minor == 5);
	seamcalls.fail_at = 0;
	kernel.fail_at = 0;
	vmx_off_on = 0;
	new_image(6);
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
	check(is_on() && tdx_host_sysinfo()->minor == 6);
	check(!shut_down_without_kvm());
	check(nothing_is_left() && !the_device.ops);
}

/* TDX is off and says why; without KVM all memory comes back. */
static void check_lost(void)
{
	unsigned int calls;

	/* KVM is there, and looks at what it knew before. */
	check(tdx_host_sysinfo() && tdx_host_why_off());
	check(strstr(tdx_host_why_off(), "lost in an update"));
	check(all_is_held() && !pages_taken && !key_mutex);
	seamcalls.fail_at = 0;
	calls = seamcalls.calls;
	check(tdx_host_enable() == -EIO);
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_BUSY);
	check(seamcalls.calls == calls);
	check(strstr(tdx_host_why_off(), "lost in an update"));
	/* A CPU can go and come all the same. */
	check(!fake_hotplug(0, kernel.cpu_down) && !fake_hotplug(0, kernel.cpu_up));
	check(!shut_down_without_kvm());
	check(nothing_is_left() && caches_are_clean() && !the_device.ops);
	machine_reload();
	check(!tdx_host_enable() && is_on());
	check(!shut_down_without_kvm());
}

/* --- tests --- */

static void an_update_replaces_the_module_on_any_machine(void)
{
	static const unsigned int machines[][2] = {
		{ 1, 1 }, { 2, 1 }, { 4, 1 }, { 4, 2 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		unsigned int cpus = machines[i][0];

		start(cpus, machines[i][1]);
		check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
		check(is_on() && tdx_host_sysinfo()->minor == 6 &&
		      tdx_host_sysinfo()->update == 3);
		check(logged("is 1.6.03 now, it was 1.5.25"));
		check(stopped.times);
		check(seamcalls.of_leaf[52] == 1 && seamcalls.of_leaf[53] == 1);
		check(seamcalls.of_leaf[SEAMLDR_LEAF(1)] == cpus);
		check(seamcalls.of_leaf[33] == 2);
		check(seamcalls.of_leaf[35] == 2 * cpus);
		printf("# %u CPUs in %u packages: %u SEAMCALLs\n", cpus,
		       machines[i][1], seamcalls.calls);
		/* And once more. */
		new_image(7);
		check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
		check(is_on() && tdx_host_sysinfo()->minor == 7);
		check(!shut_down_without_kvm());
		check(nothing_is_left() && caches_are_clean());
	}
}

static void images_that_are_none_are_named(void)
{
	static const struct {
		unsigned int at;
		u32 val, size;
		enum fw_upload_err err;
		const char *text;
	} bad[] = {
		{ 0, 0x200, 4095, FW_UPLOAD_ERR_INVALID_SIZE, "less than a header" },
		{ 4, 0, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "no TDX module image" },
		{ 8, 0, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "no TDX module image" },
		{ 0, 0x100, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "version is 256" },
		{ 20, 1, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "reserved bytes" },
		{ 4092, 1, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "reserved bytes" },
		{ 12, 0, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "signature pages is 0" },
		{ 12, 2, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "signature pages is 2" },
		{ 16, 0, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "module pages is 0" },
		{ 16, 497, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "module pages is 497" },
		/* What would be right if the sum had 32 bits. */
		{ 16, 0x100003, IMAGE_SIZE, FW_UPLOAD_ERR_FW_INVALID, "module pages is" },
		{ 16, 4, IMAGE_SIZE, FW_UPLOAD_ERR_INVALID_SIZE, "header says 24576" },
		{ 16, 3, IMAGE_SIZE - 1, FW_UPLOAD_ERR_INVALID_SIZE, "header says 20480" },
		{ 16, 3, IMAGE_SIZE + 4096, FW_UPLOAD_ERR_INVALID_SIZE, "header says" },
	};
	unsigned int i;

	start(2, 1);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		new_image(6);
		put32(bad[i].at, bad[i].val);
		check(upload_file(bad[i].size) == bad[i].err);
		check(logged(bad[i].text));
		check(!seamcalls.calls);
	}
	/* The checksum's place is nobody's business. */
	check_as_before();
}

static void nothing_begins_without_all_cpus(void)
{
	start(4, 2);
	kernel.online[3] = false;
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_BUSY);
	check(logged("a CPU is offline"));
	kernel.online[3] = true;
	vmx_off_on = 3;
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_BUSY);
	check(logged("not in VMX operation") && logged("CPU 2"));
	check(!seamcalls.of_leaf[52]);
	check_as_before();
}

static void nothing_begins_while_tdx_comes_or_goes(void)
{
	start(2, 1);
	check(!tdx_state_lock());
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_BUSY && !seamcalls.calls);
	tdx_state_unlock();
	check_as_before();
}

static void a_loader_that_takes_no_more_is_not_tried(void)
{
	start(2, 1);
	machine_max_updates(0);
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_WEAROUT);
	check(logged("no more updates until a reset"));
	check(seamcalls.calls == 1);
	machine_max_updates(60);
	check_as_before();
}

static void there_is_no_device_where_it_would_do_harm(void)
{
	start(2, 1);
	check(!shut_down_without_kvm() && !the_device.ops);
	sys_info.features0 &= ~TDX_FEATURES0_TD_PRESERVING;
	tdx_upload_register(&sys_info);
	check(!the_device.ops);
	sys_info.features0 |= TDX_FEATURES0_TD_PRESERVING;
	/* SEAMRET would leave KVM without a VMCS. */
	fake_vmx_basic = ~BIT_ULL(60);
	tdx_upload_register(&sys_info);
	check(!the_device.ops);
	fake_vmx_basic = BIT_ULL(60);
	no_device = true;
	tdx_upload_register(&sys_info);
	check(logged("no upload device (-12)"));
	no_device = false;
	tdx_upload_register(&sys_info);
	check(the_device.ops);
	tdx_upload_unregister();
}

/* The module takes calls all the same, and its device is there already. */
static void a_shutdown_that_failed_leaves_one_device(void)
{
	start(2, 1);
	kernel.fail_at = kernel.fallible + 1;
	check(shut_down_without_kvm() == -EIO);
	kernel.fail_at = 0;
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_BUSY);
	check(!tdx_host_enable() && is_on());
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
	check(!shut_down_without_kvm() && !the_device.ops);
}

static void a_module_that_asks_to_wait_is_left_alone(void)
{
	static const u64 statuses[] = {
		TDX_SYS_BUSY, TDX_UPDATE_COMPATIBILITY_SENSITIVE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(statuses); i++) {
		start(2, 1);
		/* INFO, SYS.RD, SYS.SHUTDOWN */
		seamcalls.fail_at = 3;
		seamcalls.fail_status = statuses[i];
		check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_BUSY);
		check(seamcalls.of_leaf[52] == 1);
		check(logged("TDH.SYS.SHUTDOWN failed with TDX_"));
		check_as_before();
	}
}

static void a_loader_without_entropy_is_asked_again(void)
{
	start(2, 1);
	seamcalls.fail_at = 4;
	seamcalls.fail_status = SEAMLDR_ENOENTROPY;
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
	check(seamcalls.of_leaf[SEAMLDR_LEAF(1)] == 3);
	check(is_on());
	check(!shut_down_without_kvm());
}

static void a_module_that_the_loader_refuses_turns_tdx_off(void)
{
	start(2, 1);
	image[3 * 4096]++;
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_FW_INVALID);
	check(strstr(tdx_host_why_off(), "SEAMLDR.INSTALL failed with P_SEAMLDR_EBADHASH"));
	check_lost();
}

static void every_seamcall_of_an_update_may_fail(void)
{
	static const u64 statuses[] = {
		0xC000010000000001ULL, TDX_SEAMCALL_VMFAILINVALID, TDX_SEAMCALL_UD,
	};
	unsigned int i, n, total, survived = 0, tried = 0;

	start(4, 2);
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
	total = seamcalls.calls;
	check(!shut_down_without_kvm());
	/* The last one reads the version: it does no harm. */
	for (i = 0; i < ARRAY_SIZE(statuses); i++) {
		for (n = 1; n <= total - 3 && !checks_failed; n++) {
			start(4, 2);
			seamcalls.fail_at = n;
			seamcalls.fail_status = statuses[i];
			check(upload_file(IMAGE_SIZE) != FW_UPLOAD_ERR_NONE);
			/* INFO, SYS.RD, SYS.SHUTDOWN come before harm is done. */
			if (n <= 3)
				check_as_before();
			else
				check_lost();
			survived += n <= 3;
			tried++;
		}
	}
	printf("# %u SEAMCALLs of an update failed in turn, with %u statuses: %u times TDX stayed on\n",
	       total - 3, i, survived);
	check(tried == 3 * (total - 3));
}

static void a_version_that_cannot_be_read_stays_what_it_was(void)
{
	unsigned int total;

	start(2, 1);
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
	total = seamcalls.calls;
	check(!shut_down_without_kvm());
	start(2, 1);
	seamcalls.fail_at = total;
	seamcalls.fail_status = 0xC000010000000001ULL;
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
	check(is_on() && tdx_host_sysinfo()->minor == 5);
	check(!shut_down_without_kvm());
}

static void every_allocation_of_an_update_may_fail(void)
{
	unsigned int before, n, total;

	start(2, 1);
	before = kernel.fallible;
	check(upload_file(IMAGE_SIZE) == FW_UPLOAD_ERR_NONE);
	total = kernel.fallible - before;
	check(total >= 3);
	check(!shut_down_without_kvm());
	for (n = 1; n <= total && !checks_failed; n++) {
		start(2, 1);
		kernel.fail_at = kernel.fallible + n;
		check(upload_file(IMAGE_SIZE) != FW_UPLOAD_ERR_NONE);
		check_as_before();
	}
	printf("# %u calls into the kernel failed in turn\n", total);
}

int main(void)
{
	run(an_update_replaces_the_module_on_any_machine);
	run(images_that_are_none_are_named);
	run(nothing_begins_without_all_cpus);
	run(nothing_begins_while_tdx_comes_or_goes);
	run(a_loader_that_takes_no_more_is_not_tried);
	run(there_is_no_device_where_it_would_do_harm);
	run(a_shutdown_that_failed_leaves_one_device);
	run(a_module_that_asks_to_wait_is_left_alone);
	run(a_loader_without_entropy_is_asked_again);
	run(a_module_that_the_loader_refuses_turns_tdx_off);
	run(every_seamcall_of_an_update_may_fail);
	run(a_version_that_cannot_be_read_stays_what_it_was);
	run(every_allocation_of_an_update_may_fail);
	return checks_failed != 0;
}
