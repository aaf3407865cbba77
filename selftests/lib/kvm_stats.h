/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's binary statistics, by name: what KVM_GET_STATS_FD has is found by the
 * header and the descriptors alone.
 */
#ifndef SELFTESTS_LIB_KVM_STATS_H
#define SELFTESTS_LIB_KVM_STATS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm_abi.h"

struct kvm_stats {
	int fd;
	struct kvm_stats_header header;
	/* header.num_desc descriptors, each with header.name_size behind it. */
	char *desc;
};

static inline void kvm_stats_close(struct kvm_stats *s)
{
	free(s->desc);
	close(s->fd);
}

static inline const struct kvm_stats_desc *
kvm_stats_desc(const struct kvm_stats *s, unsigned int i)
{
	size_t stride = sizeof(struct kvm_stats_desc) + s->header.name_size;

	return (const void *)(s->desc + i * stride);
}

static inline bool kvm_stats_open(struct kvm_stats *s, int vm)
{
	ssize_t size;

	memset(s, 0, sizeof(*s));
	s->fd = ioctl(vm, KVM_GET_STATS_FD, NULL);
	if (s->fd < 0)
		return false;
	size = sizeof(s->header);
	if (pread(s->fd, &s->header, size, 0) == size) {
		size = s->header.num_desc *
		       (sizeof(struct kvm_stats_desc) + s->header.name_size);
		s->desc = malloc(size);
		if (s->desc &&
		    pread(s->fd, s->desc, size, s->header.desc_offset) == size)
			return true;
	}
	kvm_stats_close(s);
	return false;
}

/* -1 if there is no such count. */
static inline long long kvm_stats_value(const struct kvm_stats *s, const char *name)
{
	long long value = -1;
	unsigned int i;

	for (i = 0; i < s->header.num_desc; i++) {
		const struct kvm_stats_desc *desc = kvm_stats_desc(s, i);
		off_t at = s->header.data_offset + desc->offset;

		if (strcmp(desc->name, name))
			continue;
		if (pread(s->fd, &value, sizeof(value), at) != sizeof(value))
			value = -1;
		break;
	}
	return value;
}

#endif /* SELFTESTS_LIB_KVM_STATS_H */
