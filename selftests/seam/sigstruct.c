// SPDX-License-Identifier: GPL-2.0-only
/*
 * sigstruct MODULE OUT: writes the SIGSTRUCT of a module, whose symbols say where
 * entry point, tables and fault wrapper are, and how many pages it wants of each kind;
 * docs/seam.md has the layout.  Refuses a module that the loader could not relocate.
 */
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seam_abi.h"

#define SIGSTRUCT_SIZE	2048

/* CPUID.1.EAX of the models that the machine may have. */
static const u32 cpus[] = { 0x000806f8, 0x000c0662 };

static unsigned char *image;
static long image_size;

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *fmt, ...)
{
	va_list args;

	fputs("sigstruct: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void load(const char *name)
{
	FILE *f = fopen(name, "rb");

	if (!f || fseek(f, 0, SEEK_END))
		die("cannot read %s", name);
	image_size = ftell(f);
	rewind(f);
	image = malloc(image_size);
	if (!image || fread(image, 1, image_size, f) != (size_t)image_size)
		die("cannot read %s", name);
	fclose(f);
}

static const void *at(u64 offset, u64 size)
{
	if (offset > (u64)image_size || size > image_size - offset)
		die("the file is cut short");
	return image + offset;
}

static const Elf64_Shdr *section(unsigned int i)
{
	const Elf64_Ehdr *elf = at(0, sizeof(*elf));

	return at(elf->e_shoff + i * sizeof(Elf64_Shdr), sizeof(Elf64_Shdr));
}

static unsigned int sections(void)
{
	const Elf64_Ehdr *elf = at(0, sizeof(*elf));

	return elf->e_shnum;
}

static u32 symbol(const char *name)
{
	unsigned int i, k;

	for (i = 0; i < sections(); i++) {
		const Elf64_Shdr *s = section(i);
		const Elf64_Shdr *strings;

		if (s->sh_type != SHT_SYMTAB)
			continue;
		strings = section(s->sh_link);
		for (k = 0; k < s->sh_size / sizeof(Elf64_Sym); k++) {
			const Elf64_Sym *sym = at(s->sh_offset + k * sizeof(*sym),
						  sizeof(*sym));
			const char *text = at(strings->sh_offset + sym->st_name,
					      strlen(name) + 1);

			if (!strcmp(text, name))
				return sym->st_value;
		}
	}
	die("no symbol %s", name);
}

/* Returns how many words the loader has to relocate. */
static unsigned int check_relocations(void)
{
	unsigned int i, k, n = 0;

	for (i = 0; i < sections(); i++) {
		const Elf64_Shdr *s = section(i);

		if (s->sh_type == SHT_REL)
			die("relocations without addend");
		if (s->sh_type != SHT_RELA)
			continue;
		for (k = 0; k < s->sh_size / sizeof(Elf64_Rela); k++, n++) {
			const Elf64_Rela *r = at(s->sh_offset + k * sizeof(*r),
						 sizeof(*r));

			if (ELF64_R_TYPE(r->r_info) != R_X86_64_RELATIVE)
				die("relocation of type %u at %#llx",
				    (unsigned int)ELF64_R_TYPE(r->r_info),
				    (u64)r->r_offset);
		}
	}
	if (!n)
		die("no relocation at all: nothing would test the loader's");
	return n;
}

static void put(unsigned char *p, u64 val, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		p[i] = val >> 8 * i;
}

static void fill(unsigned char *s)
{
	unsigned int i;

	put(s, 6, 4);
	put(s + 16, 0x8086, 4);
	put(s + 958, symbol("seam_entry"), 4);
	put(s + 962, symbol("seam_stack_pages") - 1, 1);
	put(s + 963, symbol("seam_local_pages") - 1, 1);
	put(s + 964, symbol("seam_keyholes"), 2);
	put(s + 966, symbol("seam_global_pages") - 1, 2);
	put(s + 984, symbol("seam_module_hv"), 2);
	put(s + 986, symbol("seam_min_update_hv"), 2);
	put(s + 988, 0, 1);
	put(s + 990, symbol("seam_handoff_pages") - 1, 2);
	put(s + 992, symbol("seam_idt_gdt"), 4);
	put(s + 996, symbol("seam_fault_wrapper"), 4);
	put(s + 1024, sizeof(cpus) / sizeof(cpus[0]), 4);
	for (i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
		put(s + 1028 + 4 * i, cpus[i], 4);
}

int main(int argc, char **argv)
{
	static unsigned char s[SIGSTRUCT_SIZE];
	FILE *f;

	if (argc != 3)
		die("usage: sigstruct MODULE OUT");
	load(argv[1]);
	if (memcmp(at(0, EI_NIDENT), ELFMAG, SELFMAG))
		die("%s is no ELF file", argv[1]);
	check_relocations();
	fill(s);
	f = fopen(argv[2], "wb");
	if (!f || fwrite(s, sizeof(s), 1, f) != 1 || fclose(f))
		die("cannot write %s", argv[2]);
	return 0;
}
