// SPDX-License-Identifier: GPL-2.0-only
/*
 * GetQuote and SetupEventNotifyInterrupt: from a guest by way of ../vmm/quote.c,
 * which tdxrun uses, to a service that is a process of its own; and back.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../lib/ktap.h"
#include "td.h"

/* The service's way to answer, not its way to wait. */
#define main fake_quote_main
#include "../vmm/fake-quote.c"
#undef main

#define SOCKET		"/tmp/td_quote.socket"
#define MAX_VALUES	16
#define UNAVAILABLE	0x8000000000000001ULL
#define IN_FLIGHT	0xffffffffffffffffULL

struct result {
	u64 value[MAX_VALUES];
	unsigned int nr_halves;
	bool done;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A service that answers @requests of them, each once @gate can be read. */
static pid_t start_service(int gate, unsigned int requests)
{
	int listener = listen_at(SOCKET), fd;
	char go;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid) {
		close(listener);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (requests-- && (fd = accept(listener, NULL, NULL)) >= 0) {
		if (gate < 0 || read(gate, &go, 1) == 1)
			serve(fd);
		close(fd);
	}
	_exit(0);
}

/* --- with a guest --- */

static u8 *quote_buffer(void *ctx, u64 gpa, u64 size)
{
	const struct td *td = ctx;

	return gpa == RAM_BASE + QUOTE_OFFSET && size == QUOTE_SIZE ?
	       td->ram + QUOTE_OFFSET : NULL;
}

static void serve_tdx(struct quote *q, struct kvm_tdx_exit *tdx)
{
	if (tdx->nr == TDVMCALL_GET_QUOTE)
		tdx->u.get_quote.ret = quote_get(q, tdx->u.get_quote.gpa,
						 tdx->u.get_quote.size);
	else if (tdx->nr == TDVMCALL_SETUP_EVENT_NOTIFY)
		tdx->u.setup_event_notify.ret =
			quote_set_vector(q, 0, tdx->u.setup_event_notify.vector);
}

static void serve_io(struct kvm_run *run, struct result *r)
{
	u32 *half = (u32 *)r->value + r->nr_halves;

	if (run->io.port == PORT_DONE)
		r->done = true;
	if (run->io.port != PORT_VALUE || r->nr_halves == 2 * MAX_VALUES)
		return;
	memcpy(half, (u8 *)run + run->io.data_offset, 4);
	r->nr_halves++;
}

/* Until the guest is done, or KVM says something that is not expected. */
static struct result run_guest(struct td *td, struct quote *q)
{
	struct kvm_run *run = td->vcpu[0].run;
	struct result r = {};

	while (!r.done) {
		if (ioctl(td->vcpu[0].fd, KVM_RUN, 0)) {
			if (errno == EINTR)
				continue;
			break;
		}
		pthread_mutex_lock(&lock);
		if (run->exit_reason == KVM_EXIT_IO) {
			serve_io(run, &r);
		} else if (run->exit_reason == KVM_EXIT_HYPERCALL) {
			td_set_private(td, run->hypercall.args[0],
				       run->hypercall.args[1] * 4096, false);
			run->hypercall.ret = 0;
		} else if (run->exit_reason == KVM_EXIT_TDX) {
			serve_tdx(q, kvm_exit_payload(run));
		} else {
			pthread_mutex_unlock(&lock);
			break;
		}
		pthread_mutex_unlock(&lock);
	}
	return r;
}

static void expect_values(const char *name, const char *socket, u64 status,
			  u64 out_len, u64 word)
{
	struct td *td = td_ready(1, GUEST_QUOTE);
	struct quote q = {
		.vm_fd = td->fd, .socket = socket, .lock = &lock,
		.at = quote_buffer, .ctx = td,
	};
	/* Three calls and GetQuote succeed, one interrupt comes, and then: */
	const u64 want[] = { 0, 0, 0, 0, 1, status, out_len, word };
	struct result r = run_guest(td, &q);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++)
		if (r.value[i] != want[i])
			ktap_note("value %u: %llx, not %llx", i,
				  (unsigned long long)r.value[i],
				  (unsigned long long)want[i]);
	ktap_result(r.done && !memcmp(r.value, want, sizeof(want)), "%s", name);
	td_destroy(td);
}

static void interrupt_says_that_the_quote_is_there(void)
{
	pid_t pid = start_service(-1, 1);

	expect_values(__func__, SOCKET, 0, 64 + QUOTE_REPORT, QUOTE_WORD);
	waitpid(pid, NULL, 0);
}

static void service_that_is_not_there_ends_the_wait(void)
{
	/* What the guest finds at its place is its own report. */
	expect_values(__func__, "/tmp/td_quote.nobody", UNAVAILABLE, 0,
		      QUOTE_WORD + 8);
}

/* --- without --- */

struct page {
	u64 version;
	u64 status;
	u32 in_len;
	u32 out_len;
	u8 data[QUOTE_SIZE - 24];
};

static struct page page;
static bool page_is_private;

static u8 *page_at(void *ctx, u64 gpa, u64 size)
{
	(void)ctx;
	return gpa || size != sizeof(page) || page_is_private ? NULL : (u8 *)&page;
}

static struct quote quote_for_page(void)
{
	memset(&page, 0, sizeof(page));
	page.version = 1;
	page.in_len = QUOTE_REPORT;
	return (struct quote){ .vm_fd = -1, .socket = SOCKET, .lock = &lock,
			       .at = page_at };
}

static void buffers_that_make_no_sense_are_refused(void)
{
	struct quote q = quote_for_page();
	u64 align, none, elsewhere, version, length;

	align = quote_get(&q, 8, sizeof(page));
	none = quote_get(&q, 0, 0);
	elsewhere = quote_get(&q, 0x10000, sizeof(page));
	page.version = 2;
	version = quote_get(&q, 0, sizeof(page));
	page.version = 1;
	page.in_len = sizeof(page.data) + 1;
	length = quote_get(&q, 0, sizeof(page));
	ktap_result(align == TDVMCALL_STATUS_ALIGN_ERROR &&
		    none == TDVMCALL_STATUS_INVALID_OPERAND &&
		    elsewhere == none && version == none && length == none &&
		    !page.status && !q.busy, "%s", __func__);
}

static void wait_until_idle(const struct quote *q)
{
	bool busy = true;

	while (busy) {
		sched_yield();
		pthread_mutex_lock(&lock);
		busy = q->busy;
		pthread_mutex_unlock(&lock);
	}
}

/* The second request is for later; the first one's answer is for nobody. */
static void answer_does_not_follow_a_buffer_that_was_taken_back(void)
{
	struct quote q = quote_for_page();
	u64 first, second, status;
	int gate[2];
	pid_t pid;

	if (pipe(gate))
		return;
	pid = start_service(gate[0], 1);
	pthread_mutex_lock(&lock);
	first = quote_get(&q, 0, sizeof(page));
	second = quote_get(&q, 0, sizeof(page));
	status = page.status;
	page_is_private = true;
	pthread_mutex_unlock(&lock);
	if (write(gate[1], "", 1) != 1)
		kill(pid, SIGKILL);
	wait_until_idle(&q);
	page_is_private = false;
	waitpid(pid, NULL, 0);
	close(gate[0]);
	close(gate[1]);
	ktap_result(!first && second == TDVMCALL_STATUS_RETRY &&
		    status == IN_FLIGHT && page.status == IN_FLIGHT &&
		    !page.out_len, "%s", __func__);
}

static const char *why_not(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return "no sockets";
	close(fd);
	return td_unavailable();
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		TEST(interrupt_says_that_the_quote_is_there),
		TEST(service_that_is_not_there_ends_the_wait),
		TEST(buffers_that_make_no_sense_are_refused),
		TEST(answer_does_not_follow_a_buffer_that_was_taken_back),
	};
	const char *why = why_not();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, ARRAY_SIZE(tests), argc, argv);
}
