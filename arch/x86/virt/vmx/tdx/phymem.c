// SPDX-License-Identifier: GPL-2.0-only
/* Handling pages that were private. */
#include <linux/export.h>
#include <linux/mm.h>
#include <asm/barrier.h>
#include <asm/special_insns.h>

#include "host.h"

#define MOVDIR64B_BYTES		64

/**
 * tdx_clear_page() - make a page that was private usable for the host
 * @page: a 4 KiB page that the module gave back
 *
 * A line of such a page still carries the TD's KeyID and integrity data: a
 * plain read, or a partial write, of it can raise a machine check.
 * MOVDIR64B writes whole lines without reading them.
 */
void tdx_clear_page(struct page *page)
{
	const void *zeroes = page_to_virt(ZERO_PAGE(0));
	void *dst = page_to_virt(page);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE; i += MOVDIR64B_BYTES)
		movdir64b(dst + i, zeroes);
	/*
	 * MOVDIR64B is weakly ordered: finish before the page goes back to
	 * the allocator, whose lock then orders it before the next user.
	 */
	mb();
}
EXPORT_SYMBOL_GPL(tdx_clear_page);
