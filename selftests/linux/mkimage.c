// SPDX-License-Identifier: GPL-2.0-only
/*
 * mkimage: a Linux kernel and an initramfs as a TDVF image, without firmware.
 *
 *   mkimage STUB BZIMAGE INITRAMFS MIB VCPUS "COMMAND LINE" [FLAT ENTRY] > IMAGE
 *
 * FLAT is the same kernel unpacked and as it lies in memory from 16 MiB on, ENTRY
 * the address of its startup_64.
 *
 * Its sections put the kernel, its parameters and the initramfs where Linux
 * wants them; stub.S accepts all other memory of a TD of MIB MiB.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ALIGN(x)		(((x) + 4095) & ~4095ULL)
#define MIB			(1ULL << 20)
#define LOW_RAM_END		0xa0000ULL
#define MAX_VCPUS		64

/* Guest physical addresses. */
#define PARAMS_GPA		0x10000ULL
#define CMDLINE_OFFSET		0x1000
#define ACPI_OFFSET		0x2000
#define MAILBOX_OFFSET		0x3000
#define PARAMS_SIZE		0x4000ULL
#define HOB_GPA			0x20000ULL
#define HOB_SIZE		0x10000ULL
#define KERNEL_GPA		(16 * MIB)
/* startup_64 of the packed kernel. */
#define PACKED_ENTRY		0x200
#define BARS_GPA		0xc0000000U

/* In stub.S */
#define STUB_SIZE		0x3000
#define STUB_WORDS		0x2000
#define STUB_RANGES		0x2018
#define STUB_TABLES		0x2800

/* Offsets in the boot protocol's setup header and boot_params. */
#define HDR_START		0x1f1
#define HDR_SETUP_SECTS		0x1f1
#define HDR_END			0x290
#define BP_ACPI_RSDP		0x070
#define BP_E820_ENTRIES		0x1e8
#define BP_TYPE_OF_LOADER	0x210
#define BP_RAMDISK_IMAGE	0x218
#define BP_RAMDISK_SIZE		0x21c
#define BP_CMDLINE		0x228
#define BP_INIT_SIZE		0x260
#define BP_E820			0x2d0
#define BP_LOADFLAGS		0x211

struct blob {
	uint8_t *data;
	uint64_t size;
};

struct section {
	uint32_t data_offset, data_size;
	uint64_t gpa, size;
	uint32_t type, attributes;
};

enum { BFV = 0, TD_HOB = 2, PAYLOAD = 5 };
enum { MR_EXTEND = 1 };

static struct blob read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	struct blob b;

	if (!f || fstat(fileno(f), &st))
		err(1, "%s", path);
	b.size = st.st_size;
	b.data = calloc(1, ALIGN(b.size) + 4096);
	if (!b.data || fread(b.data, 1, b.size, f) != b.size)
		err(1, "%s", path);
	fclose(f);
	return b;
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

static void e820(uint8_t *bp, unsigned int i, uint64_t start, uint64_t end,
		 uint32_t type)
{
	uint8_t *e = bp + BP_E820 + 20 * i;

	put64(e, start);
	put64(e + 8, end - start);
	put32(e + 16, type);
	bp[BP_E820_ENTRIES] = i + 1;
}

static void checksum(uint8_t *p, unsigned int len, unsigned int at)
{
	uint8_t sum = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		sum += p[i];
	p[at] -= sum;
}

static uint64_t acpi_gpa(const uint8_t *page, const uint8_t *p)
{
	return PARAMS_GPA + ACPI_OFFSET + (p - page);
}

static void acpi_table(uint8_t *p, const char *name, unsigned int len,
		       uint8_t revision)
{
	memcpy(p, name, 4);
	put32(p + 4, len);
	p[8] = revision;
	memcpy(p + 10, "KVMTDX", 6);
	memcpy(p + 16, "TDLINUX ", 8);
	checksum(p, len, 9);
}

/* Local APICs, and the mailbox at which all but the first one wait. */
static void fill_madt(uint8_t *madt, unsigned int vcpus)
{
	uint8_t *p = madt + 44;
	unsigned int i;

	put32(madt + 36, 0xfee00000);
	for (i = 0; i < vcpus; i++, p += 8) {
		p[1] = 8;
		p[2] = p[3] = i;
		p[4] = 1;
	}
	p[0] = 16;
	p[1] = 16;
	put64(p + 8, PARAMS_GPA + MAILBOX_OFFSET);
	acpi_table(madt, "APIC", p + 16 - madt, 5);
}

/* A name, and what it is: an object that names none of its own. */
static uint8_t *aml_name(uint8_t *p, const char *name, const void *data,
			 unsigned int len)
{
	*p++ = 0x08;
	memcpy(p, name, 4);
	memcpy(p + 4, data, len);
	return p + 4 + len;
}

/*
 * Scope(\_SB) { Device(PCI0) {...} }: a PCI Express host bridge whose only bus
 * is 0, with 256 MiB for BARs at BARS_GPA.
 */
static void fill_dsdt(uint8_t *dsdt)
{
	static const uint8_t hid[] = { 0x0c, 0x41, 0xd0, 0x0a, 0x08 };
	static const uint8_t cid[] = { 0x0c, 0x41, 0xd0, 0x0a, 0x03 };
	/* A buffer: word bus number, dword memory, end. */
	static const uint8_t crs[] = {
		0x11, 47, 0x0a, 44,
		0x88, 0x0d, 0, 2, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
		0x87, 0x17, 0, 0, 0x0c, 1, 0, 0, 0, 0,
		BARS_GPA & 0xff, BARS_GPA >> 8 & 0xff, BARS_GPA >> 16 & 0xff, BARS_GPA >> 24,
		0xff, 0xff, 0xff, (BARS_GPA >> 24) + 0x0f,
		0, 0, 0, 0, 0, 0, 0, 0x10,
		0x79, 0,
	};
	uint8_t *scope = dsdt + 36, *device = scope + 8, *p = device + 8;

	p = aml_name(p, "_HID", hid, sizeof(hid));
	p = aml_name(p, "_CID", cid, sizeof(cid));
	p = aml_name(p, "_CRS", crs, sizeof(crs));
	/* Lengths of two bytes: the low four bits, then the others. */
	memcpy(scope, "\x10\x40\0\\_SB_", 8);
	scope[1] |= (p - scope - 1) & 0x0f;
	scope[2] = (p - scope - 1) >> 4;
	memcpy(device, "\x5b\x82\x40\0PCI0", 8);
	device[2] |= (p - device - 2) & 0x0f;
	device[3] = (p - device - 2) >> 4;
	acpi_table(dsdt, "DSDT", p - dsdt, 2);
}

/* What Linux needs to find its local APICs, and its PCI bus. */
static void fill_acpi(uint8_t *page, unsigned int vcpus)
{
	uint8_t *rsdp = page, *xsdt = page + 0x40, *fadt = page + 0x100;
	uint8_t *dsdt = page + 0x600, *madt = page + 0x280;

	/* Hardware-reduced ACPI. */
	put32(fadt + 112, 1 << 20);
	put64(fadt + 140, acpi_gpa(page, dsdt));
	acpi_table(fadt, "FACP", 276, 6);
	fill_madt(madt, vcpus);
	fill_dsdt(dsdt);
	put64(xsdt + 36, acpi_gpa(page, fadt));
	put64(xsdt + 44, acpi_gpa(page, madt));
	acpi_table(xsdt, "XSDT", 52, 1);

	memcpy(rsdp, "RSD PTR \0KVMTDX\2", 16);
	put32(rsdp + 20, 36);
	put64(rsdp + 24, acpi_gpa(page, xsdt));
	checksum(rsdp, 20, 8);
	checksum(rsdp, 36, 32);
}

static void fill_params(uint8_t *bp, const struct blob *bz, uint64_t initrd,
			uint64_t initrd_size, uint64_t ram, unsigned int vcpus,
			const char *cmdline)
{
	memcpy(bp + HDR_START, bz->data + HDR_START, HDR_END - HDR_START);
	bp[BP_TYPE_OF_LOADER] = 0xff;
	bp[BP_LOADFLAGS] |= 1;
	put32(bp + BP_RAMDISK_IMAGE, initrd);
	put32(bp + BP_RAMDISK_SIZE, initrd_size);
	put32(bp + BP_CMDLINE, PARAMS_GPA + CMDLINE_OFFSET);
	snprintf((char *)bp + CMDLINE_OFFSET, 4096, "%s", cmdline);
	put64(bp + BP_ACPI_RSDP, PARAMS_GPA + ACPI_OFFSET);
	fill_acpi(bp + ACPI_OFFSET, vcpus);
	e820(bp, 0, 0, PARAMS_GPA + ACPI_OFFSET, 1);
	/* 3: ACPI tables; 4: memory that ACPI's firmware keeps using */
	e820(bp, 1, PARAMS_GPA + ACPI_OFFSET, PARAMS_GPA + MAILBOX_OFFSET, 3);
	e820(bp, 2, PARAMS_GPA + MAILBOX_OFFSET, PARAMS_GPA + PARAMS_SIZE, 4);
	e820(bp, 3, PARAMS_GPA + PARAMS_SIZE, LOW_RAM_END, 1);
	e820(bp, 4, MIB, ram, 1);
}

/* GUIDed table, read from its end, and the descriptor that it points to. */
static void put_tables(uint8_t *stub, const struct section *s, uint32_t n)
{
	static const uint8_t footer[16] = {
		0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
		0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
	}, metadata[16] = {
		0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
		0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2,
	};
	uint8_t *d = stub + STUB_TABLES, *p = stub + STUB_SIZE - 0x20;

	memcpy(d, "TDVF", 4);
	put32(d + 4, 16 + n * sizeof(*s));
	put32(d + 8, 1);
	put32(d + 12, n);
	memcpy(d + 16, s, n * sizeof(*s));

	p -= 18;
	p[0] = 18 + 22;
	memcpy(p + 2, footer, 16);
	p -= 22;
	put32(p, STUB_SIZE - STUB_TABLES);
	p[4] = 22;
	memcpy(p + 6, metadata, 16);
}

/* What lies between the sections, which are in ascending order. */
static void put_ranges(uint8_t *stub, const struct section *s, unsigned int n,
		       uint64_t ram)
{
	uint8_t *p = stub + STUB_RANGES;
	uint64_t start = 0;
	unsigned int i;

	for (i = 0; i <= n; i++) {
		uint64_t end = i < n ? s[i].gpa : ram;

		if (start < end) {
			put64(p, start);
			put64(p + 8, end);
			p += 16;
		}
		if (i < n)
			start = s[i].gpa + s[i].size;
	}
}

/* What is small is measured, too: it takes the software module a while. */
static struct section section(uint32_t type, uint64_t gpa, uint64_t size,
			      uint64_t offset, uint64_t data)
{
	uint32_t attributes = data && size < MIB ? MR_EXTEND : 0;

	return (struct section){ offset, data, gpa, size, type, attributes };
}

/* What follows the setup code. */
static struct blob packed_kernel(const struct blob *bz)
{
	uint64_t setup = (bz->data[HDR_SETUP_SECTS] + 1) * 512;

	return (struct blob){ bz->data + setup, bz->size - setup };
}

int main(int argc, char **argv)
{
	uint64_t ram, init_size, initrd_gpa, offset;
	struct blob stub, bz, initrd, kernel;
	uint8_t *params;
	struct section s[5];
	int vcpus;

	if (argc != 7 && argc != 9)
		errx(2, "usage: mkimage STUB BZIMAGE INITRAMFS MIB VCPUS CMDLINE [FLAT ENTRY]");
	stub = read_file(argv[1]);
	bz = read_file(argv[2]);
	initrd = read_file(argv[3]);
	ram = strtoull(argv[4], NULL, 10) * MIB;
	if (stub.size != STUB_SIZE || bz.size < 0x10000)
		errx(1, "that is no stub, or no kernel");
	kernel = argv[7] ? read_file(argv[7]) : packed_kernel(&bz);
	init_size = *(uint32_t *)(bz.data + BP_INIT_SIZE);
	initrd_gpa = ram - ALIGN(initrd.size) - 2 * MIB;
	if (initrd_gpa < KERNEL_GPA + (init_size > kernel.size ? init_size : kernel.size))
		errx(1, "%s MiB are too little", argv[4]);
	params = calloc(1, PARAMS_SIZE);
	vcpus = atoi(argv[5]);
	if (vcpus < 1 || vcpus > MAX_VCPUS)
		errx(1, "%s vCPUs: 1 to %d", argv[5], MAX_VCPUS);
	fill_params(params, &bz, initrd_gpa, initrd.size, ram, vcpus, argv[6]);

	offset = 0;
	s[0] = section(PAYLOAD, PARAMS_GPA, PARAMS_SIZE, offset, PARAMS_SIZE);
	s[1] = section(TD_HOB, HOB_GPA, HOB_SIZE, 0, 0);
	offset += PARAMS_SIZE;
	s[2] = section(PAYLOAD, KERNEL_GPA, ALIGN(kernel.size), offset,
		       kernel.size);
	offset += ALIGN(kernel.size);
	s[3] = section(PAYLOAD, initrd_gpa, ALIGN(initrd.size), offset,
		       initrd.size);
	offset += ALIGN(initrd.size);
	s[4] = section(BFV, (1ULL << 32) - STUB_SIZE, STUB_SIZE, offset,
		       STUB_SIZE);

	put64(stub.data + STUB_WORDS, argv[7] ? strtoull(argv[8], NULL, 16) :
						KERNEL_GPA + PACKED_ENTRY);
	put64(stub.data + STUB_WORDS + 8, PARAMS_GPA);
	put64(stub.data + STUB_WORDS + 16, PARAMS_GPA + MAILBOX_OFFSET);
	put_ranges(stub.data, s, 4, ram);
	put_tables(stub.data, s, 5);
	fwrite(params, 1, PARAMS_SIZE, stdout);
	/* Both are followed by zeroes up to a whole page in memory. */
	fwrite(kernel.data, 1, kernel.size, stdout);
	fwrite(initrd.data + initrd.size, 1, ALIGN(kernel.size) - kernel.size,
	       stdout);
	fwrite(initrd.data, 1, ALIGN(initrd.size), stdout);
	fwrite(stub.data, 1, STUB_SIZE, stdout);
	return fflush(stdout) ? 1 : 0;
}
