/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SEAM mode of the emulated CPU: what its instructions (seam.cc), its memory and the
 * loader of the module (seam_load.cc) share.  docs/seam.md has the rules.
 */
#ifndef BX_SEAM_H
#define BX_SEAM_H

/* What one CPU has.  Its guest, if it runs one in SEAM mode, is a TD. */
struct bx_seam_cpu {
	bool in_seam;
	bx_phy_address transfer;	/* its transfer VMCS */
	Bit64u host_vmcs;		/* the host's VMCS pointer, while in the module */
	Bit64u shared_eptp;		/* of the TD that was entered last */
};

/* What the machine has.  Nothing is hidden while the size is 0. */
struct bx_seam {
	bx_phy_address base, size;	/* SEAMRR */
	bool module;			/* is one loaded? */
};

/* Where SEAMCALL goes on one CPU: linear addresses, but for cr3. */
struct seam_entry {
	Bit64u cr3, rip, rsp, ssp, fs_base, gs_base, idt, gdt;
};

/* The file that describes the machine's SEAM, in the emulator's directory. */
#define BX_SEAM_DESCRIPTION	"seam"

extern struct bx_seam bx_seam;
extern struct bx_seam_cpu bx_seam_cpus[];

/* Takes what the machine's description, the file "seam", says of SEAM. */
void bx_seam_reset(void);

/* Is it a VMCS field that only a CPU with SEAM has here, and is this one? */
bool bx_seam_has_field(Bit32u encoding);

/* Does SEAMRR hide this address from who asks?  Devices have no CPU. */
static inline bool bx_seam_hides(const struct bx_seam_cpu *cpu, bx_phy_address addr)
{
	return addr - bx_seam.base < bx_seam.size && !(cpu && cpu->in_seam);
}

/* The bit of a guest physical address that makes it a shared one. */
#define BX_SEAM_SHARED_BIT	47

/* The EPT pointer that translates @gpa: @eptp, but for a TD's shared addresses. */
static inline Bit64u bx_seam_eptp(const struct bx_seam_cpu *cpu, bx_phy_address gpa, Bit64u eptp)
{
	return cpu && cpu->in_seam && (gpa >> BX_SEAM_SHARED_BIT & 1) ? cpu->shared_eptp : eptp;
}

/* VMCS fields that Bochs has no name for. */
#define VMCS_64BIT_GUEST_IA32_LBR_CTL	0x2816
#define VMCS_32BIT_CONTROL_HKID		0x4026

#endif /* BX_SEAM_H */
