// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: each slot has a private side (guest_memfd) and a shared side
 * (mapped here).  A page lives on one side; a conversion frees it on the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "dev.h"
#include "hob.h"
#include "vm.h"

/* RAM from 0, the firmware, RAM from 4 GiB. */
#define FIRMWARE_SLOT	1

static void set_private(struct vm *vm, u64 gpa, u64 size)
{
	struct kvm_memory_attributes attrs = {
		.address = gpa,
		.size = size,
		.attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE,
	};

	if (ioctl(vm->fd, KVM_SET_MEMORY_ATTRIBUTES, &attrs))
		die(EXIT_FAILED, "KVM_SET_MEMORY_ATTRIBUTES(%#llx+%#llx): %s",
		    (unsigned long long)gpa, (unsigned long long)size,
		    strerror(errno));
}

static void add_slot(struct vm *vm, u64 gpa, u64 size)
{
	struct kvm_create_guest_memfd create = { .size = size };
	struct kvm_userspace_memory_region2 region = {
		.slot = vm->nr_slots,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = gpa,
		.memory_size = size,
	};
	struct vm_slot *slot = &vm->slots[vm->nr_slots++];

	slot->gpa = gpa;
	slot->size = size;
	slot->shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (slot->shared == MAP_FAILED)
		die(EXIT_FAILED, "%llu bytes of guest memory: %s",
		    (unsigned long long)size, strerror(errno));
	slot->is_shared = calloc(size / VM_PAGE_SIZE, 1);
	if (!slot->is_shared)
		die(EXIT_FAILED, "out of memory");
	slot->gmem = ioctl(vm->fd, KVM_CREATE_GUEST_MEMFD, &create);
	if (slot->gmem < 0)
		die(EXIT_FAILED, "KVM_CREATE_GUEST_MEMFD: %s",
		    strerror(errno));

	region.userspace_addr = (uintptr_t)slot->shared;
	region.guest_memfd = slot->gmem;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION2, &region))
		die(EXIT_FAILED, "KVM_SET_USER_MEMORY_REGION2(%#llx+%#llx): %s",
		    (unsigned long long)gpa, (unsigned long long)size,
		    strerror(errno));
	set_private(vm, gpa, size);
}

void memory_create(struct vm *vm, u64 firmware_size)
{
	u64 low = vm->memory < VM_LOW_MAX ? vm->memory : VM_LOW_MAX;

	add_slot(vm, 0, low);
	add_slot(vm, VM_4G - firmware_size, firmware_size);
	if (vm->memory > low)
		add_slot(vm, VM_4G, vm->memory - low);
}

static const struct vm_slot *find_slot(const struct vm *vm, u64 gpa)
{
	const struct vm_slot *s;

	for (s = vm->slots; s < vm->slots + vm->nr_slots; s++)
		if (gpa >= s->gpa && gpa - s->gpa < s->size)
			return s;
	return NULL;
}

u8 *memory_at(const struct vm *vm, u64 gpa, u64 size)
{
	const struct vm_slot *slot = find_slot(vm, gpa);
	u64 first, last;

	if (!slot || !size || size > slot->gpa + slot->size - gpa)
		return NULL;
	first = (gpa - slot->gpa) / VM_PAGE_SIZE;
	last = (gpa - slot->gpa + size - 1) / VM_PAGE_SIZE;
	if (memchr(slot->is_shared + first, 0, last - first + 1))
		return NULL;
	return slot->shared + (gpa - slot->gpa);
}

/* The slots without the firmware's. */
static unsigned int ram_ranges(const struct vm *vm, struct mem_range *ram)
{
	unsigned int i, nr = 0;

	for (i = 0; i < vm->nr_slots; i++) {
		if (i == FIRMWARE_SLOT)
			continue;
		ram[nr].start = vm->slots[i].gpa;
		ram[nr++].end = vm->slots[i].gpa + vm->slots[i].size;
	}
	return nr;
}

static void build_hob(struct vm *vm, const struct tdvf *tdvf, u8 *buf)
{
	struct mem_range ram[MAX_SLOTS], added[TDVF_MAX_SECTIONS];
	struct hob_map map = { .ram = ram, .added = added };
	const struct tdvf_section *s;

	map.nr_ram = ram_ranges(vm, ram);
	for (s = tdvf->sections; s < tdvf->sections + tdvf->nr; s++) {
		if (s->attributes & TDVF_ATTR_PAGE_AUG)
			continue;
		added[map.nr_added].start = s->gpa;
		added[map.nr_added++].end = s->gpa + s->size;
	}
	if (!hob_build(buf, tdvf->hob->size, tdvf->hob->gpa, &map,
		       &vm->unaccepted))
		die(EXIT_FAILED, "the TD HOB does not fit %llu bytes",
		    (unsigned long long)tdvf->hob->size);
}

/*
 * KVM copies the initial contents from a page-aligned source into the private
 * side; nothing of it passes through the shared side.
 */
static void load_section(struct vm *vm, const u8 *image,
			 const struct tdvf *tdvf, const struct tdvf_section *s)
{
	const struct vm_slot *slot = find_slot(vm, s->gpa);
	u8 *buf;

	if (!slot || s->size > slot->gpa + slot->size - s->gpa)
		die(EXIT_FAILED, "section %s at %#llx+%#llx is outside guest memory",
		    tdvf_type_name(s->type), (unsigned long long)s->gpa,
		    (unsigned long long)s->size);
	if (s->attributes & TDVF_ATTR_PAGE_AUG)
		return;

	buf = mmap(NULL, s->size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buf == MAP_FAILED)
		die(EXIT_FAILED, "out of memory");
	if (s->data_size)
		memcpy(buf, image + s->data_offset, s->data_size);
	else if (s == tdvf->hob)
		build_hob(vm, tdvf, buf);
	kvm_add_initial(vm, s->gpa, buf, s->size,
			s->attributes & TDVF_ATTR_MR_EXTEND);
	munmap(buf, s->size);
}

void memory_load(struct vm *vm, const u8 *image, const struct tdvf *tdvf)
{
	unsigned int i;

	for (i = 0; i < tdvf->nr; i++)
		load_section(vm, image, tdvf, &tdvf->sections[i]);
}

/* Give the pages of the side that is no longer in use back to the host. */
static int discard(const struct vm_slot *slot, u64 gpa, u64 size,
		   bool private)
{
	u64 offset = gpa - slot->gpa;

	if (private)
		return madvise(slot->shared + offset, size, MADV_DONTNEED);
	return fallocate(slot->gmem, FALLOC_FL_PUNCH_HOLE |
			 FALLOC_FL_KEEP_SIZE, offset, size);
}

static int convert_in_slot(struct vm *vm, const struct vm_slot *slot,
			   u64 gpa, u64 size, bool private)
{
	struct kvm_memory_attributes attrs = {
		.address = gpa,
		.size = size,
		.attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
	};

	int ret = blk_before_conversion(gpa, size);

	if (ret)
		return ret;
	if (ioctl(vm->fd, KVM_SET_MEMORY_ATTRIBUTES, &attrs) ||
	    discard(slot, gpa, size, private))
		return -errno;
	memset(slot->is_shared + (gpa - slot->gpa) / VM_PAGE_SIZE, !private,
	       size / VM_PAGE_SIZE);

	if (private) {
		vm->stats.to_private++;
		vm->stats.to_private_pages += size / VM_PAGE_SIZE;
	} else {
		vm->stats.to_shared++;
		vm->stats.to_shared_pages += size / VM_PAGE_SIZE;
	}
	return 0;
}

/* Where the next slot above @gpa starts, or @end. */
static u64 next_slot(const struct vm *vm, u64 gpa, u64 end)
{
	const struct vm_slot *s;

	for (s = vm->slots; s < vm->slots + vm->nr_slots; s++)
		if (s->gpa > gpa && s->gpa < end)
			end = s->gpa;
	return end;
}

/*
 * Returns 0 or a negative errno.  Firmware declares MMIO shared ahead of using
 * it; where there is no memory that is so already, and private is impossible.
 */
int memory_convert(struct vm *vm, u64 gpa, u64 size, bool private)
{
	const struct vm_slot *slot;
	u64 end, stop;
	int ret;

	gpa &= ~TD_SHARED_BIT;
	if (!size || (gpa | size) % VM_PAGE_SIZE || gpa >= TD_SHARED_BIT ||
	    size > TD_SHARED_BIT - gpa)
		return -EINVAL;

	for (end = gpa + size; gpa < end; gpa = stop) {
		slot = find_slot(vm, gpa);
		if (!slot) {
			if (private)
				return -EFAULT;
			vm->stats.no_memory++;
			stop = next_slot(vm, gpa, end);
			continue;
		}
		stop = slot->gpa + slot->size;
		if (stop > end)
			stop = end;
		ret = convert_in_slot(vm, slot, gpa, stop - gpa, private);
		if (ret)
			return ret;
	}
	return 0;
}
