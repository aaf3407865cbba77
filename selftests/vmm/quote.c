// SPDX-License-Identifier: GPL-2.0-only
/* GetQuote and SetupEventNotifyInterrupt, see quote.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kvm_abi.h"
#include "quote.h"

#define BUFFER_VERSION		1
#define STATUS_DONE		0ULL
#define STATUS_ERROR		0x8000000000000000ULL
#define STATUS_UNAVAILABLE	0x8000000000000001ULL
#define STATUS_IN_FLIGHT	0xffffffffffffffffULL

#define PATIENCE_SECONDS	30
#define MSI_ADDRESS		0xfee00000U
#define MSI_DEST_SHIFT		12

/* In shared memory; the guest may write to it at any time. */
struct buffer {
	u64 version;
	u64 status;
	u32 in_len;
	u32 out_len;
	u8 data[];
};

/* One request: the report, later the quote. */
struct job {
	struct quote *q;
	u64 status;
	u32 len;
	u8 data[QGS_MAX_MESSAGE];
};

static bool send_all(int fd, const void *data, size_t len)
{
	const u8 *p = data;
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

/*
 * A socket with a timeout is not waited for again after an interruption, and a
 * thread may be interrupted without a signal of its own.
 */
static bool receive_all(int fd, void *data, size_t len)
{
	u8 *p = data;
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = recv(fd, p, len, 0);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

static int connect_to(const char *path)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -1;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static bool send_report(int fd, const struct job *job)
{
	struct qgs_request r = {
		.header = {
			.major = QGS_VERSION,
			.minor = QGS_VERSION,
			.type = QGS_GET_QUOTE,
			.size = sizeof(r) + job->len,
		},
		.report_size = job->len,
	};
	u32 len = htonl(r.header.size);

	return send_all(fd, &len, sizeof(len)) && send_all(fd, &r, sizeof(r)) &&
	       send_all(fd, job->data, job->len);
}

static bool receive_quote(int fd, struct job *job)
{
	struct qgs_response r;
	u32 len;

	if (!receive_all(fd, &len, sizeof(len)) ||
	    !receive_all(fd, &r, sizeof(r)))
		return false;
	if (r.header.major != QGS_VERSION || r.header.type != QGS_QUOTE ||
	    r.header.error || r.id_size || r.quote_size > sizeof(job->data) ||
	    ntohl(len) != sizeof(r) + r.quote_size)
		return false;
	job->len = r.quote_size;
	return receive_all(fd, job->data, job->len);
}

static void ask_service(struct job *job)
{
	int fd = connect_to(job->q->socket);

	job->status = STATUS_UNAVAILABLE;
	if (fd < 0)
		return;
	job->status = STATUS_ERROR;
	if (send_report(fd, job) && receive_quote(fd, job))
		job->status = STATUS_DONE;
	close(fd);
}

/* Nobody gets an answer whose buffer has become private. */
static void answer(const struct job *job)
{
	struct quote *q = job->q;
	struct buffer *b = (void *)q->at(q->ctx, q->gpa, q->size);
	u64 status = job->status;

	if (!b)
		return;
	if (status == STATUS_DONE && job->len > q->size - sizeof(*b))
		status = STATUS_ERROR;
	b->out_len = 0;
	if (status == STATUS_DONE) {
		memcpy(b->data, job->data, job->len);
		b->out_len = job->len;
	}
	/* The guest waits for this word, and then reads the others. */
	__atomic_store_n(&b->status, status, __ATOMIC_RELEASE);
}

static void notify(const struct quote *q)
{
	struct kvm_msi msi = {
		.address_lo = MSI_ADDRESS | (q->apic_id & 0xff) << MSI_DEST_SHIFT,
		.data = q->vector,
	};

	if (q->vector)
		ioctl(q->vm_fd, KVM_SIGNAL_MSI, &msi);
}

static void *quote_thread(void *arg)
{
	struct job *job = arg;
	struct quote *q = job->q;

	ask_service(job);
	pthread_mutex_lock(q->lock);
	answer(job);
	q->busy = false;
	notify(q);
	pthread_mutex_unlock(q->lock);
	free(job);
	return NULL;
}

static u64 start(struct quote *q, struct buffer *b, u32 in_len)
{
	struct job *job = malloc(sizeof(*job));
	pthread_t thread;

	if (!job)
		return TDVMCALL_STATUS_RETRY;
	job->q = q;
	job->len = in_len;
	memcpy(job->data, b->data, in_len);
	b->out_len = 0;
	b->status = STATUS_IN_FLIGHT;
	q->busy = true;
	if (pthread_create(&thread, NULL, quote_thread, job)) {
		b->status = STATUS_ERROR;
		q->busy = false;
		free(job);
		return TDVMCALL_STATUS_SUCCESS;
	}
	pthread_detach(thread);
	return TDVMCALL_STATUS_SUCCESS;
}

u64 quote_get(struct quote *q, u64 gpa, u64 size)
{
	struct buffer *b;
	u32 in_len;

	if (!q->socket)
		return TDVMCALL_STATUS_SUBFUNC_UNSUPPORTED;
	if ((gpa | size) & 0xfff)
		return TDVMCALL_STATUS_ALIGN_ERROR;
	if (!size || size > QGS_MAX_MESSAGE)
		return TDVMCALL_STATUS_INVALID_OPERAND;
	b = (void *)q->at(q->ctx, gpa, size);
	if (!b)
		return TDVMCALL_STATUS_INVALID_OPERAND;
	in_len = *(volatile u32 *)&b->in_len;
	if (*(volatile u64 *)&b->version != BUFFER_VERSION || !in_len ||
	    in_len > size - sizeof(*b))
		return TDVMCALL_STATUS_INVALID_OPERAND;
	if (q->busy)
		return TDVMCALL_STATUS_RETRY;
	q->gpa = gpa;
	q->size = size;
	return start(q, b, in_len);
}

/* KVM has checked the vector. */
u64 quote_set_vector(struct quote *q, u32 apic_id, u64 vector)
{
	if (!q->socket)
		return TDVMCALL_STATUS_SUBFUNC_UNSUPPORTED;
	q->vector = vector;
	q->apic_id = apic_id;
	return TDVMCALL_STATUS_SUCCESS;
}
