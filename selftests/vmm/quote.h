/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GetQuote: the guest leaves a TDREPORT in shared memory, a quote generation
 * service signs it, and an interrupt may tell the guest that the answer is there.
 * The caller holds @lock.
 */
#ifndef QUOTE_H
#define QUOTE_H

#include <pthread.h>

#include "types.h"

/* The service's protocol, which QEMU speaks, too: a length, and a message. */
#define QGS_VERSION		1
#define QGS_GET_QUOTE		0
#define QGS_QUOTE		1
#define QGS_MAX_MESSAGE		(64 << 10)

struct qgs_header {
	u16 major;
	u16 minor;
	u32 type;
	u32 size;
	u32 error;
};

/* The report comes after it. */
struct qgs_request {
	struct qgs_header header;
	u32 report_size;
	u32 id_list_size;
};

/* The quote comes after it. */
struct qgs_response {
	struct qgs_header header;
	u32 id_size;
	u32 quote_size;
};

/**
 * struct quote - a TD's way to the service
 * @vm_fd: the TD
 * @socket: the service's, or NULL for none
 * @lock: of the guest's memory and this struct
 * @at: where the host sees [gpa, gpa + size), or NULL if it is not all shared
 * @ctx: @at's
 * @busy: a request is with the service
 * @gpa: of its buffer
 * @size: of its buffer
 * @vector: the interrupt that says that it is done, or 0
 * @apic_id: of the vCPU that gets it
 */
struct quote {
	int vm_fd;
	const char *socket;
	pthread_mutex_t *lock;
	u8 *(*at)(void *ctx, u64 gpa, u64 size);
	void *ctx;
	bool busy;
	u64 gpa;
	u32 size;
	u8 vector;
	u32 apic_id;
};

/* The TDVMCALLs; each returns the status for the guest. */
u64 quote_get(struct quote *q, u64 gpa, u64 size);
u64 quote_set_vector(struct quote *q, u32 apic_id, u64 vector);

#endif /* QUOTE_H */
