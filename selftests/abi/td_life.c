// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD under stress: vCPUs that move between CPUs, CPUs that go away, VMMs
 * that are killed, file descriptors that close in any order.  Each test ends
 * with a TD that still works, and none may cost a KeyID.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "td.h"

/* More than there are KeyIDs in the emulated machine. */
#define MANY_TDS	40
#define MOVES		50

static void nothing(int sig)
{
	(void)sig;
}

/* Signals shall interrupt KVM_RUN, and do nothing else. */
static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = nothing };

	sigaction(SIGUSR1, &act, NULL);
}

static bool pin(pthread_t thread, unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !pthread_setaffinity_np(thread, sizeof(set), &set);
}

static bool set_cpu_online(unsigned int cpu, bool online)
{
	char path[64];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	fd = open(path, O_WRONLY);
	ok = fd >= 0 && write(fd, online ? "1" : "0", 1) == 1;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Does a TD still say hello? */
static bool hello(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	bool ok = !ioctl(td->vcpu[0].fd, KVM_RUN, 0) &&
		  td->vcpu[0].run->exit_reason == KVM_EXIT_IO;

	td_destroy(td);
	return ok;
}

/* --- a guest that runs until it is told to stop --- */

struct runner {
	struct td *td;
	pthread_t thread;
	bool stop;
	unsigned long runs;
	int err;
};

static void *runner_thread(void *arg)
{
	struct runner *r = arg;
	int ret;

	while (!__atomic_load_n(&r->stop, __ATOMIC_SEQ_CST)) {
		ret = ioctl(r->td->vcpu[0].fd, KVM_RUN, 0);
		if (ret && errno != EINTR) {
			r->err = errno;
			break;
		}
		__atomic_add_fetch(&r->runs, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void runner_start(struct runner *r)
{
	*r = (struct runner){ .td = td_ready(1, GUEST_BUSY) };
	pthread_create(&r->thread, NULL, runner_thread, r);
}

static void runner_kick(struct runner *r)
{
	unsigned long before = __atomic_load_n(&r->runs, __ATOMIC_SEQ_CST);

	while (__atomic_load_n(&r->runs, __ATOMIC_SEQ_CST) == before &&
	       !__atomic_load_n(&r->err, __ATOMIC_SEQ_CST)) {
		pthread_kill(r->thread, SIGUSR1);
		usleep(1000);
	}
}

static bool runner_stop(struct runner *r)
{
	__atomic_store_n(&r->stop, true, __ATOMIC_SEQ_CST);
	runner_kick(r);
	pthread_join(r->thread, NULL);
	td_destroy(r->td);
	if (r->err)
		ktap_note("KVM_RUN: %s", strerror(r->err));
	return !r->err;
}

/* --- tests --- */

static void a_vcpu_moves_between_cpus(void)
{
	struct runner r;
	unsigned int i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		ktap_skip(__func__, "one CPU");
		return;
	}
	runner_start(&r);
	for (i = 0; i < MOVES; i++) {
		pin(r.thread, i % 2);
		if (i % 3 == 0)
			runner_kick(&r);
		else
			usleep(500);
	}
	ktap_result(runner_stop(&r) && hello(), "%s", __func__);
}

/*
 * TDH.VP.INIT associates the vCPU with the CPU it runs on.  The module keeps it
 * busy for so long that the move asked for meanwhile happens right after it, on
 * a kernel that preempts.
 */
#define PREEMPT	"/sys/kernel/debug/sched/preempt"

static bool busy_has_struck(void)
{
	FILE *f = fopen(SWMOD_INJECT, "r");
	bool struck = false;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		struck |= strstr(line, " fired ") && !strstr(line, " fired 0");
	if (f)
		fclose(f);
	return struck;
}

struct mover {
	pthread_t who;
	bool ready;
};

static void *mover_thread(void *arg)
{
	struct mover *m = arg;

	pin(pthread_self(), 1);
	__atomic_store_n(&m->ready, true, __ATOMIC_SEQ_CST);
	while (!busy_has_struck())
		;
	pin(m->who, 1);
	return NULL;
}

static bool move_during_init(void)
{
	struct td *td = td_create();
	struct mover m = { .who = pthread_self() };
	pthread_t mover;
	bool ok;

	td_split_irqchip(td);
	td_init_vm(td);
	td_add_vcpu(td);
	pthread_create(&mover, NULL, mover_thread, &m);
	while (!__atomic_load_n(&m.ready, __ATOMIC_SEQ_CST))
		usleep(100);
	pin(m.who, 0);
	write_file(SWMOD_INJECT, "VP.INIT status=OPERAND_BUSY operand=TDR times=900");
	ok = !td_try_cmd(td->vcpu[0].fd, KVM_TDX_INIT_VCPU, 0, NULL, NULL);
	if (!ok)
		ktap_note("KVM_TDX_INIT_VCPU: %s", strerror(errno));
	pthread_join(mover, NULL);
	write_file(SWMOD_INJECT, "clear");
	td_destroy(td);
	return ok;
}

static void a_vcpu_moves_while_it_is_initialized(void)
{
	bool ok = true;
	unsigned int i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || access(SWMOD_INJECT, W_OK)) {
		ktap_skip(__func__, "one CPU, or not the software module");
		return;
	}
	/* Where the kernel can choose, and does not preempt already. */
	write_file(PREEMPT, "full");
	for (i = 0; i < 5; i++)
		ok = move_during_init() && ok;
	write_file(PREEMPT, "voluntary");
	ktap_result(ok && hello(), "%s", __func__);
}

/* The vCPU is on @cpu when that goes; once it is back the vCPU has to run there. */
static bool cpu_goes_and_comes(struct runner *r, unsigned int cpu)
{
	if (!pin(r->thread, cpu))
		return false;
	runner_kick(r);
	if (!set_cpu_online(cpu, false))
		return false;
	runner_kick(r);
	if (!set_cpu_online(cpu, true) || !pin(r->thread, cpu))
		return false;
	runner_kick(r);
	return true;
}

static void each_cpu_goes_offline_under_a_vcpu(void)
{
	unsigned int cpu, nr = sysconf(_SC_NPROCESSORS_ONLN);
	struct runner r;
	bool ok = true;

	if (nr < 2) {
		ktap_skip(__func__, "one CPU");
		return;
	}
	runner_start(&r);
	for (cpu = 1; cpu < nr; cpu++)
		ok = cpu_goes_and_comes(&r, cpu) && ok;
	ktap_result(runner_stop(&r) && ok && hello(), "%s", __func__);
}

static void two_tds_share_a_cpu(void)
{
	struct runner a, b;
	unsigned int i;
	bool ok;

	runner_start(&a);
	runner_start(&b);
	for (i = 0; i < 10; i++) {
		runner_kick(&a);
		runner_kick(&b);
	}
	ok = runner_stop(&a);
	ktap_result(runner_stop(&b) && ok && hello(), "%s", __func__);
}

/* A VMM dies in the middle of what @work does. */
static bool kill_during(void (*work)(void), useconds_t after)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		work();
		_exit(0);
	}
	usleep(after);
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid;
}

static void run_for_ever(void)
{
	struct td *td = td_ready(1, GUEST_BUSY);

	for (;;)
		ioctl(td->vcpu[0].fd, KVM_RUN, 0);
}

static void build_for_ever(void)
{
	for (;;)
		td_destroy(td_ready(1, GUEST_HELLO));
}

static void a_vmm_is_killed_at_any_time(void)
{
	bool ok = true;
	unsigned int i;

	/* The VMM of the tests has opened /dev/kvm; each child gets a TD. */
	for (i = 0; i < 10; i++) {
		ok = ok && kill_during(run_for_ever, 3000 + i * 2000);
		ok = ok && kill_during(build_for_ever, 1000 + i * 3000);
	}
	ktap_result(ok && hello(), "%s", __func__);
}

static void a_td_is_for_its_own_process(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(ioctl(td->vcpu[0].fd, KVM_RUN, 0) < 0 ? errno : 0);
	waitpid(pid, &status, 0);
	ktap_result(WIFEXITED(status) && WEXITSTATUS(status) == EIO,
		    "%s", __func__);
	td_destroy(td);
}

static void memory_outlives_the_td(void)
{
	struct td *td = td_ready(1, GUEST_PRIVATE);
	int vcpu = td->vcpu[0].fd, ram = td->ram_memfd, image = td->image_memfd;

	/* Some private pages are mapped, the VM goes first. */
	ioctl(vcpu, KVM_RUN, 0);
	close(td->fd);
	td->fd = -1;
	munmap(td->vcpu[0].run, ioctl(td_dev(), KVM_GET_VCPU_MMAP_SIZE, 0));
	close(vcpu);
	td->nr_vcpus = 0;
	close(image);
	close(ram);
	td->ram_memfd = -1;
	td->image_memfd = -1;
	td_destroy(td);
	ktap_result(hello(), "%s", __func__);
}

static void holes_take_private_pages_away(void)
{
	struct td *td = td_ready(1, GUEST_PRIVATE);
	struct td_vcpu *vcpu = &td->vcpu[0];
	int ret;

	/* Up to the first report the guest has accepted one page. */
	ret = ioctl(vcpu->fd, KVM_RUN, 0);
	ktap_result(!ret && vcpu->run->exit_reason == KVM_EXIT_IO,
		    "the guest has accepted a page");
	ret = fallocate(td->ram_memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			0, RAM_SIZE);
	ktap_result(!ret, "a hole in guest_memfd");
	/*
	 * The guest meets a page that it has not accepted: the module exits,
	 * KVM adds another page, and so on until the VMM gives up.
	 */
	td_destroy(td);
	ktap_result(hello(), "%s", __func__);
}

static void immediate_exit_runs_nothing(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	struct td_vcpu *vcpu = &td->vcpu[0];
	int ret;

	vcpu->run->immediate_exit = 1;
	ret = ioctl(vcpu->fd, KVM_RUN, 0);
	ktap_result(ret && errno == EINTR, "%s", __func__);
	vcpu->run->immediate_exit = 0;
	ktap_result(!ioctl(vcpu->fd, KVM_RUN, 0) &&
		    vcpu->run->exit_reason == KVM_EXIT_IO, "and then it runs");
	td_destroy(td);
}

static void key_ids_come_back(void)
{
	unsigned int i, good = 0;

	for (i = 0; i < MANY_TDS; i++)
		good += hello();
	ktap_result(good == MANY_TDS, "%s: %u TDs", __func__, good);
}

/* The TSC that a vCPU says it has, of a VM that was told @khz. */
static int tsc_of_vcpu(int khz)
{
	struct td *td = td_create();
	int ret;

	td_split_irqchip(td);
	ktap_result(!ioctl(td->fd, KVM_SET_TSC_KHZ, khz), "SET_TSC_KHZ of %d", khz);
	td_init_vm(td);
	td_add_vcpu(td);
	ret = ioctl(td->vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
	td_destroy(td);
	return ret;
}

/* A host that has measured its TSC is some kHz off. */
static void tsc_frequency_is_rounded_to_the_nearest_unit(void)
{
	struct td *td = td_create();
	int khz = (ioctl(td->fd, KVM_GET_TSC_KHZ, 0) + 12500) / 25000 * 25000;

	td_destroy(td);
	ktap_result(tsc_of_vcpu(khz - 1) == khz, "a little less is rounded up");
	ktap_result(tsc_of_vcpu(khz - 12501) == khz - 25000,
		    "more than half a unit less is rounded down");
}

/* The folder of a TD of this process in KVM's debugfs, by the end of its name. */
static bool has_counts(int fd, const char *suffix)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d%s/tdx",
		 getpid(), fd, suffix);
	return !access(path, R_OK);
}

/*
 * A VMM resets a TD: the VM's file is closed and the next one gets its number,
 * while the vCPUs are open.
 */
static void each_td_of_a_process_has_its_counts(void)
{
	struct td *old = td_ready(1, GUEST_HELLO), *td;
	int fd = old->fd;

	if (!has_counts(fd, "")) {
		ktap_skip(__func__, "no debugfs");
		td_destroy(old);
		return;
	}
	close(old->fd);
	old->fd = -1;
	td = td_create();
	ktap_result(td->fd == fd, "the new TD has the number of the old one's file");
	td_init_vm(td);
	ktap_result(has_counts(fd, "") && has_counts(fd, "-2"), "both have counts");
	td_destroy(old);
	ktap_result(!has_counts(fd, "") && has_counts(fd, "-2"),
		    "the new one also when the old one has gone");
	td_destroy(td);
	ktap_result(!has_counts(fd, "-2"), "and no longer");
}

static const struct ktap_test tests[] = {
	TEST(immediate_exit_runs_nothing),
	TEST(tsc_frequency_is_rounded_to_the_nearest_unit),
	TEST(each_td_of_a_process_has_its_counts),
	TEST(two_tds_share_a_cpu),
	TEST(a_vcpu_moves_between_cpus),
	TEST(a_vcpu_moves_while_it_is_initialized),
	TEST(each_cpu_goes_offline_under_a_vcpu),
	TEST(a_td_is_for_its_own_process),
	TEST(memory_outlives_the_td),
	TEST(holes_take_private_pages_away),
	TEST(a_vmm_is_killed_at_any_time),
	TEST(key_ids_come_back),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	catch_signals();
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
