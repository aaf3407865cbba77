// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts a TDX module into SEAMRR, as a SEAM loader does.  The layout of SYS_INFO is that
 * of the module's MIT-licensed loader_data.h; docs/seam.md has the order of the regions.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>

#include "bochs.h"
#include "cpu.h"
#include "cpuid.h"
#include "memory/memory-bochs.h"
#include "seam.h"

#define LOG_THIS genlog->

#define PAGE	BX_CONST64(0x1000)
#define MAX_CMRS	32

/* Page table entries. */
#define PRESENT	BX_CONST64(0x1)
#define WRITE	BX_CONST64(0x2)
#define USED	BX_CONST64(0x60)	/* accessed, dirty */
#define NX	BX_CONST64(0x8000000000000000)
#define READ_ONLY	(PRESENT | USED | NX)
#define READ_WRITE	(READ_ONLY | WRITE)
#define READ_EXECUTE	(PRESENT | USED)
/* Read-only and dirty: a shadow stack. */
#define SHADOW_STACK	READ_ONLY

/* Linear addresses of the regions: one in each 4 GiB. */
#define REGION(n)	(BX_CONST64(0xffff800000000000) + ((Bit64u)(n) << 32))
#define SYS_INFO_LA	REGION(0)
#define DATA_LA		REGION(1)
#define STACK_LA	REGION(2)
#define CODE_LA		REGION(3)
#define KEYHOLE_LA	REGION(4)
#define EDIT_LA		REGION(5)

/* What the machine's description says. */
struct description {
	char module[256];
	Bit64u base, size;
	bool integrity;
	unsigned packages, cmrs;
	Bit64u cmr[MAX_CMRS][2];
};

/* What SIGSTRUCT says: counts of pages are as they are, not less one. */
struct sigstruct {
	Bit32u rip_offset, tables_offset, fault_offset;
	unsigned stack_pages, tls_pages, keyholes, global_pages, handoff_pages;
	Bit16u module_hv, min_update_hv;
	Bit8u no_downgrade;
};

struct region {
	bx_phy_address pa;
	Bit64u la, size;
};

/* A module on its way into SEAMRR. */
struct loader {
	const struct description *d;
	struct sigstruct sig;
	unsigned cpus;
	bx_phy_address next, cr3;
	bx_phy_address sys_info, transfer;
	struct region code, data, stack, keyhole, edit;
};

static Bit8u *bytes_of(bx_phy_address pa)
{
	return BX_MEM(0)->getHostMemAddr(NULL, pa, BX_WRITE);
}

static void put(bx_phy_address pa, Bit64u value, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		*bytes_of(pa + i) = value >> (8 * i);
}

static Bit64u get(bx_phy_address pa, unsigned len)
{
	Bit64u value = 0;

	for (unsigned i = 0; i < len; i++)
		value |= (Bit64u)*bytes_of(pa + i) << (8 * i);
	return value;
}

static Bit64u little(const Bit8u *at, unsigned len)
{
	Bit64u value = 0;

	for (unsigned i = 0; i < len; i++)
		value |= (Bit64u)at[i] << (8 * i);
	return value;
}

/* Ends the machine. */
static void refuse(const char *module, const char *fmt, ...)
{
	char why[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	BX_PANIC(("machine: %s is not loaded as TDX module: %s", module, why));
}

/* Pages of SEAMRR, zeroed: returns the first one. */
static bx_phy_address take(struct loader *l, Bit64u pages)
{
	const bx_phy_address pa = l->next;

	if (pages > (l->d->base + l->d->size - pa) / PAGE)
		refuse(l->d->module, "it wants more than the %u MiB of SEAMRR",
		       (unsigned)(l->d->size >> 20));
	for (Bit64u i = 0; i < pages; i++)
		memset(bytes_of(pa + i * PAGE), 0, PAGE);
	l->next += pages * PAGE;
	return pa;
}

static struct region take_region(struct loader *l, Bit64u la, Bit64u pages)
{
	struct region r = { take(l, pages), la, pages * PAGE };

	return r;
}

/* The address of the page table entry for @la; makes the tables above it. */
static bx_phy_address entry_of(struct loader *l, Bit64u la)
{
	bx_phy_address table = l->cr3;

	for (int shift = 39; shift > 12; shift -= 9) {
		const bx_phy_address at = table + ((la >> shift) & 0x1ff) * 8;

		if (!get(at, 8))
			put(at, take(l, 1) | PRESENT | WRITE | USED, 8);
		table = get(at, 8) & BX_CONST64(0x000ffffffffff000);
	}
	return table + ((la >> 12) & 0x1ff) * 8;
}

static void map(struct loader *l, Bit64u la, bx_phy_address pa, Bit64u size, Bit64u flags)
{
	for (Bit64u i = 0; i < size; i += PAGE)
		put(entry_of(l, la + i), (pa + i) | flags, 8);
}

static Bit8u *read_file(const char *module, const char *name, size_t *len)
{
	FILE *f = fopen(name, "rb");
	Bit8u *data;
	long size;

	if (!f) {
		refuse(module, "cannot read %s: %s", name, strerror(errno));
		return NULL;
	}
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	data = (Bit8u *)calloc(1, size + 1);
	*len = fread(data, 1, size, f);
	fclose(f);
	return data;
}

/* Is this CPU one of those that the module was signed for?  An empty list has all. */
static bool for_this_cpu(const Bit8u *file, size_t len)
{
	const Bit32u known = little(file + 1024, 4);
	struct cpuid_function_t leaf;

	BX_CPU(0)->cpuid->get_cpuid_leaf(1, 0, &leaf);
	for (Bit32u i = 0; i < known && 1032 + 4 * i <= len; i++) {
		if (little(file + 1028 + 4 * i, 4) == leaf.eax)
			return true;
	}
	return !known;
}

static void read_sigstruct(struct loader *l)
{
	struct sigstruct *sig = &l->sig;
	char name[300];
	size_t len;
	Bit8u *file;

	snprintf(name, sizeof(name), "%s.sigstruct", l->d->module);
	file = read_file(l->d->module, name, &len);
	if (len < 1028 || little(file, 4) != 6 || little(file + 16, 4) != 0x8086)
		refuse(l->d->module, "%s is no SIGSTRUCT", name);
	if (!for_this_cpu(file, len))
		refuse(l->d->module, "its SIGSTRUCT is for other CPUs");
	sig->rip_offset = little(file + 958, 4);
	sig->stack_pages = little(file + 962, 1) + 1;
	sig->tls_pages = little(file + 963, 1) + 1;
	sig->keyholes = little(file + 964, 2);
	sig->global_pages = little(file + 966, 2) + 1;
	sig->module_hv = little(file + 984, 2);
	sig->min_update_hv = little(file + 986, 2);
	sig->no_downgrade = little(file + 988, 1);
	sig->handoff_pages = little(file + 990, 2) + 1;
	sig->tables_offset = little(file + 992, 4);
	sig->fault_offset = little(file + 996, 4);
	free(file);
	if (!sig->keyholes)
		refuse(l->d->module, "its SIGSTRUCT asks for no keyholes");
}

/* A file that is ELF and has @what of @bytes at @offset. */
static const void *elf_part(struct loader *l, const Bit8u *file, size_t len, Bit64u offset,
			    Bit64u bytes, const char *what)
{
	if (offset > len || bytes > len - offset)
		refuse(l->d->module, "its %s is not in the file", what);
	return file + offset;
}

/* Takes the pages that the image covers: from 0 on, as it is position-independent. */
static void place_code(struct loader *l, const Elf64_Phdr *ph, unsigned n)
{
	Bit64u end = 0;

	for (unsigned i = 0; i < n; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		if (ph[i].p_vaddr > l->d->size || ph[i].p_memsz > l->d->size ||
		    ph[i].p_filesz > ph[i].p_memsz)
			refuse(l->d->module, "its segment at 0x%" FMT_64 "x does not fit",
			       ph[i].p_vaddr);
		if (ph[i].p_vaddr + ph[i].p_memsz > end)
			end = ph[i].p_vaddr + ph[i].p_memsz;
	}
	if (!end || end > l->d->size)
		refuse(l->d->module, "its image has %" FMT_64 "u bytes", end);
	l->code = take_region(l, CODE_LA, (end + PAGE - 1) / PAGE);
}

/* Segments may share a page: it gets the rights of all of them. */
static void map_segment(struct loader *l, const Elf64_Phdr *ph)
{
	const Bit64u first = ph->p_vaddr & ~(PAGE - 1);
	const Bit64u flags = ph->p_flags & PF_X ? READ_EXECUTE :
			     ph->p_flags & PF_W ? READ_WRITE : READ_ONLY;

	for (Bit64u at = first; at < ph->p_vaddr + ph->p_memsz; at += PAGE) {
		const bx_phy_address entry = entry_of(l, CODE_LA + at);
		const Bit64u old = get(entry, 8);

		put(entry, (old ? ((old | flags) & ~NX) | (old & flags & NX) : flags) |
		    (l->code.pa + at), 8);
	}
}

static void relocate(struct loader *l, Bit64u table, Bit64u bytes)
{
	for (Bit64u at = table; at + sizeof(Elf64_Rela) <= table + bytes;
	     at += sizeof(Elf64_Rela)) {
		const bx_phy_address rela = l->code.pa + at;
		const Bit64u offset = get(rela, 8), info = get(rela + 8, 8);

		if (info != ELF64_R_INFO(0, R_X86_64_RELATIVE) || offset > l->code.size - 8) {
			refuse(l->d->module, "it has a relocation of type %u at 0x%" FMT_64
			       "x; only R_X86_64_RELATIVE will do", (unsigned)info, offset);
			return;
		}
		put(l->code.pa + offset, CODE_LA + get(rela + 16, 8), 8);
	}
}

static void relocate_all(struct loader *l, const Elf64_Phdr *ph)
{
	Bit64u table = 0, bytes = 0;

	for (Bit64u at = ph->p_vaddr; at + 16 <= ph->p_vaddr + ph->p_memsz; at += 16) {
		const Bit64u tag = get(l->code.pa + at, 8), value = get(l->code.pa + at + 8, 8);

		if (tag == DT_RELA)
			table = value;
		if (tag == DT_RELASZ)
			bytes = value;
	}
	if (table > l->code.size || bytes > l->code.size - table)
		refuse(l->d->module, "its relocations are outside of it");
	else
		relocate(l, table, bytes);
}

static void load_image(struct loader *l)
{
	size_t len;
	Bit8u *file = read_file(l->d->module, l->d->module, &len);
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)file;
	const Elf64_Phdr *ph;

	if (len < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64 ||
	    eh->e_type != ET_DYN || eh->e_phentsize != sizeof(*ph))
		refuse(l->d->module, "it is no position-independent ELF file for x86-64");
	ph = (const Elf64_Phdr *)elf_part(l, file, len, eh->e_phoff,
					  eh->e_phnum * sizeof(*ph), "program header");
	place_code(l, ph, eh->e_phnum);
	for (unsigned i = 0; i < eh->e_phnum; i++) {
		const Bit8u *from;

		if (ph[i].p_type != PT_LOAD)
			continue;
		from = (const Bit8u *)elf_part(l, file, len, ph[i].p_offset, ph[i].p_filesz,
					       "segment");
		for (Bit64u at = 0; at < ph[i].p_filesz; at++)
			put(l->code.pa + ph[i].p_vaddr + at, from[at], 1);
		map_segment(l, &ph[i]);
	}
	for (unsigned i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_DYNAMIC)
			relocate_all(l, &ph[i]);
	}
	free(file);
}

/* Gate N goes to the fault wrapper's N-th stub, of 16 bytes. */
static void fill_gates(struct loader *l)
{
	const bx_phy_address idt = l->code.pa + l->sig.tables_offset;

	if (l->sig.tables_offset % PAGE || l->sig.tables_offset >= l->code.size ||
	    l->sig.fault_offset >= l->code.size || l->sig.rip_offset >= l->code.size)
		refuse(l->d->module, "an offset in its SIGSTRUCT is outside of it");
	for (unsigned n = 0; n < 32; n++) {
		const Bit64u to = l->code.la + l->sig.fault_offset + 16 * n;

		put(idt + 16 * n, to, 2);
		put(idt + 16 * n + 6, to >> 16, 2);
		put(idt + 16 * n + 8, to >> 32, 4);
	}
}

static void place_data(struct loader *l)
{
	const struct sigstruct *sig = &l->sig;
	const unsigned a_stack = sig->stack_pages + 1;

	l->data = take_region(l, DATA_LA, sig->handoff_pages + l->cpus * sig->tls_pages +
			      sig->global_pages);
	map(l, l->data.la, l->data.pa, l->data.size, READ_WRITE);
	l->stack = take_region(l, STACK_LA, l->cpus * a_stack);
	for (unsigned cpu = 0; cpu < l->cpus; cpu++) {
		const Bit64u at = cpu * a_stack * PAGE, shadow = at + sig->stack_pages * PAGE;

		map(l, l->stack.la + at, l->stack.pa + at, sig->stack_pages * PAGE, READ_WRITE);
		map(l, l->stack.la + shadow, l->stack.pa + shadow, PAGE, SHADOW_STACK);
	}
}

/* The lowest page tables of the keyholes lie in a row, and the module may write there. */
static void place_keyholes(struct loader *l)
{
	const Bit64u holes = l->cpus * l->sig.keyholes, tables = (holes + 511) / 512;

	l->edit = take_region(l, EDIT_LA, tables);
	l->keyhole.la = KEYHOLE_LA;
	l->keyhole.size = holes * PAGE;
	for (Bit64u i = 0; i < tables; i++) {
		const Bit64u la = KEYHOLE_LA + i * 512 * PAGE;
		bx_phy_address table = l->cr3;

		/* As entry_of(), but the last table is given. */
		for (int shift = 39; shift > 21; shift -= 9) {
			const bx_phy_address at = table + ((la >> shift) & 0x1ff) * 8;

			if (!get(at, 8))
				put(at, take(l, 1) | PRESENT | WRITE | USED, 8);
			table = get(at, 8) & BX_CONST64(0x000ffffffffff000);
		}
		put(table + ((la >> 21) & 0x1ff) * 8,
		    (l->edit.pa + i * PAGE) | PRESENT | WRITE | USED, 8);
	}
	map(l, l->edit.la, l->edit.pa, l->edit.size, READ_WRITE);
}

static void write_sys_info(struct loader *l)
{
	const struct region *regions[] = {
		&l->code, &l->data, &l->stack, &l->keyhole, &l->edit,
	};
	const bx_phy_address info = l->sys_info;
	struct cpuid_function_t leaf;

	BX_CPU(0)->cpuid->get_cpuid_leaf(1, 0, &leaf);
	put(info + 8, l->cpus, 4);
	put(info + 12, l->d->packages, 4);
	for (unsigned i = 0; i < l->d->packages && i < 8; i++)
		put(info + 16 + 4 * i, leaf.eax, 4);
	/* The stack protector's canary is at FS:0x28, in what is a CPUID of a fifth package. */
	put(info + 0x28, BX_CONST64(0x5ea3c0de00a1b2ff), 8);
	put(info + 65, !l->d->integrity, 1);
	for (unsigned i = 0; i < l->d->cmrs; i++) {
		put(info + 128 + 16 * i, l->d->cmr[i][0], 8);
		put(info + 136 + 16 * i, l->d->cmr[i][1], 8);
	}
	put(info + 2048, 1, 8);
	for (unsigned i = 0; i < 5; i++) {
		put(info + 2056 + 16 * i, regions[i]->la, 8);
		put(info + 2064 + 16 * i, regions[i]->size, 8);
	}
	put(info + 2136, l->sig.stack_pages - 1, 8);
	put(info + 2144, l->sig.tls_pages - 1, 8);
	put(info + 2152, l->sig.module_hv, 2);
	put(info + 2154, l->sig.min_update_hv, 2);
	put(info + 2156, l->sig.no_downgrade, 1);
	put(info + 2158, l->sig.handoff_pages - 1, 2);
	map(l, SYS_INFO_LA, info, PAGE, READ_WRITE);
}

static struct seam_entry entry_for(const struct loader *l, unsigned cpu)
{
	const struct sigstruct *sig = &l->sig;
	const Bit64u stack = l->stack.la + cpu * (sig->stack_pages + 1) * PAGE +
			     sig->stack_pages * PAGE;
	struct seam_entry e;

	e.cr3 = l->cr3;
	e.rip = l->code.la + sig->rip_offset;
	e.rsp = stack - 64;
	e.ssp = stack + PAGE - 8;
	e.fs_base = SYS_INFO_LA;
	e.gs_base = l->data.la + (sig->handoff_pages + cpu * sig->tls_pages) * PAGE;
	e.idt = l->code.la + sig->tables_offset;
	e.gdt = e.idt + PAGE / 2;
	return e;
}

static void load_module(const struct description *d)
{
	struct loader l = {};

	l.d = d;
	l.cpus = BX_SMP_PROCESSORS;
	l.next = d->base;
	l.sys_info = take(&l, 1);
	l.transfer = take(&l, l.cpus);
	l.cr3 = take(&l, 1);
	read_sigstruct(&l);
	load_image(&l);
	fill_gates(&l);
	place_data(&l);
	place_keyholes(&l);
	write_sys_info(&l);
	for (unsigned cpu = 0; cpu < l.cpus; cpu++) {
		const struct seam_entry e = entry_for(&l, cpu);

		BX_CPU(cpu)->seam_power_on(l.transfer + cpu * PAGE, &e);
	}
}

/* A line of the description: a word, and one or two values. */
static void take_line(struct description *d, const char *line)
{
	unsigned long long a = 0, b = 0;
	char word[16] = "";

	if (sscanf(line, "module %255s", d->module) == 1)
		return;
	sscanf(line, "%15s %llx %llx", word, &a, &b);
	if (!strcmp(word, "seamrr")) {
		d->base = a;
		d->size = b;
	} else if (!strcmp(word, "cmr") && d->cmrs < MAX_CMRS) {
		d->cmr[d->cmrs][0] = a;
		d->cmr[d->cmrs++][1] = b;
	} else if (!strcmp(word, "packages")) {
		d->packages = a;
	} else if (!strcmp(word, "integrity")) {
		d->integrity = a;
	} else {
		BX_PANIC(("machine: the description of SEAM has a line that is unknown: %s",
			  line));
	}
}

void bx_seam_reset(void)
{
	struct description d = {};
	FILE *f = fopen(BX_SEAM_DESCRIPTION, "r");
	char line[400];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		take_line(&d, line);
	fclose(f);
	if (!d.size || (d.size & (d.size - 1)) || d.base & (d.size - 1))
		BX_PANIC(("machine: SEAMRR has to be aligned to its size"));

	memset(&bx_seam, 0, sizeof(bx_seam));
	bx_seam.base = d.base;
	bx_seam.module = d.module[0];
	if (bx_seam.module) {
		load_module(&d);
	} else {
		for (int cpu = 0; cpu < BX_SMP_PROCESSORS; cpu++)
			BX_CPU(cpu)->seam_power_on(BX_INVALID_VMCSPTR, NULL);
	}
	bx_seam.size = d.size;
}
