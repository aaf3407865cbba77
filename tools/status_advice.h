/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each status of status_table.h usually means and what to try, for
 * people.  Only tdx-status has this: the kernel has no use for prose.
 * Include it with TDX_STATUS_ADVICE(name, meaning, advice) defined; no
 * include guard.  A status without a row does not compile.
 */

#define ADVICE_MIGRATION \
	"Export the TD's state and read the migration step before this one: order matters."
#define ADVICE_MIG_PAIR \
	"Compare the TDs on both sides, and the bundle with what the source sent."
#define ADVICE_SERVTD \
	"Read the binding with MNG.RD and compare it with the service TD's TDINFO."
#define ADVICE_MSR_BIOS \
	"A firmware setting, on one CPU or on all: update the firmware, look for its TDX options."
#define ADVICE_CPUID_BIOS \
	"Update firmware and microcode; a hypervisor below may be filtering CPUID."
#define ADVICE_L2 \
	"Only TDs with L2 VMs see this; a TD without partitioning should not."
#define ADVICE_NEW_TD \
	"The TD is lost. Destroy it; the line in the log before this one tells why."
#define ADVICE_SIGNED \
	"Load a TDX module of another version, or update the firmware's SEAM loader."

/* Outcome */
TDX_STATUS_ADVICE(SUCCESS,
	"The call did what it was asked to. After VP.ENTER, bits 31:0 are the VMX exit reason.",
	"Nothing.")
TDX_STATUS_ADVICE(NON_RECOVERABLE_VCPU,
	"This vCPU cannot go on; exit reason 2 is the guest's triple fault. Other vCPUs can.",
	"Look at the guest: its first fault, its console. The vCPU stays DISABLED.")
TDX_STATUS_ADVICE(NON_RECOVERABLE_TD,
	"The TD did something, or met something, that the module does not let it survive.",
	ADVICE_NEW_TD)
TDX_STATUS_ADVICE(INTERRUPTED_RESUMABLE,
	"A host interrupt is waiting; the leaf has done part of its work and remembers it.",
	"Call again with the resume flag, after interrupts were served (CACHE.WB: RCX = 1).")
TDX_STATUS_ADVICE(INTERRUPTED_RESTARTABLE,
	"A host interrupt is waiting; the leaf has done nothing.",
	"Call again with the same operands, after interrupts were served.")
TDX_STATUS_ADVICE(NON_RECOVERABLE_TD_NON_ACCESSIBLE,
	"A machine check hit the TD's memory, which can no longer be read.",
	"Destroy the TD; look for machine checks in the log and replace the memory.")
TDX_STATUS_ADVICE(INVALID_RESUMPTION,
	"A resumed call does not continue the one that was interrupted.",
	"Resume with the very operands of the first call, or start it anew.")
TDX_STATUS_ADVICE(NON_RECOVERABLE_TD_WRONG_APIC_MODE,
	"The host's local APIC is not in the mode that the module needs.",
	"Boot the host with x2APIC on, and do not disable the APIC.")
TDX_STATUS_ADVICE(CROSS_TD_FAULT,
	"A service TD's call failed in the target TD.",
	ADVICE_SERVTD)
TDX_STATUS_ADVICE(CROSS_TD_TRAP,
	"A service TD's call was done, and the target TD wants the host's attention.",
	"Go on as after any TD exit of the service TD.")
TDX_STATUS_ADVICE(NON_RECOVERABLE_TD_CORRUPTED_MD,
	"The TD's control structures do not look as the module left them.",
	"Destroy the TD; suspect memory errors, or a host that wrote to its private pages.")

/* Operands */
TDX_STATUS_ADVICE(OPERAND_INVALID,
	"The named operand is misaligned, out of range, has reserved bits or a KeyID set. "
	"RAX: no such leaf or version.",
	"Print that operand. For RAX: does this module have the leaf? For a TD_PARAMS field: "
	"compare it with KVM_TDX_CAPABILITIES.")
TDX_STATUS_ADVICE(OPERAND_ADDR_RANGE_ERROR,
	"The address is in no TDMR, or in one that TDMR.INIT has not reached.",
	"Is the page memory that was there at boot? Hot-plugged memory cannot be TD memory.")
TDX_STATUS_ADVICE(EVENT_FILTER_INVALID,
	"A performance event filter of TD_PARAMS has reserved bits set.",
	"Check the filter list that INIT was given.")
TDX_STATUS_ADVICE(EVENT_FILTER_ORDER_INVALID,
	"The performance event filters are not in ascending order.",
	"Sort the filter list that INIT was given.")

/* Busy */
TDX_STATUS_ADVICE(OPERAND_BUSY,
	"Somebody else holds the lock of this operand: another CPU's SEAMCALL, or a TDCALL. "
	"SEPT_TREE: zero-step mitigation against BLOCK. TD_EPOCH: an entry against TRACK.",
	"Call again. If that does not help, keep vCPUs out (kick them) and call once more.")
TDX_STATUS_ADVICE(PREVIOUS_TLB_EPOCH_BUSY,
	"TRACK was called twice while a vCPU still runs under the epoch before the first.",
	"Kick all vCPUs out of the guest, then TRACK again.")
TDX_STATUS_ADVICE(SYS_BUSY,
	"Another bring-up leaf (SYS.INIT, LP.INIT, CONFIG ...) holds the module's global lock.",
	"Call again; do bring-up steps one after the other.")
TDX_STATUS_ADVICE(RND_NO_ENTROPY,
	"RDSEED or RDRAND had nothing to give.",
	"Call again, some ten times, with a pause in between.")
TDX_STATUS_ADVICE(OPERAND_BUSY_HOST_PRIORITY,
	"The lock is free, but promised to a host that lost it before; guests have to wait.",
	"The guest tries again. A host should not see this: it only reaches a TDCALL.")
TDX_STATUS_ADVICE(HOST_PRIORITY_BUSY_TIMEOUT,
	"The guest was kept from a lock for longer than its limit, since a host call that lost "
	"the lock was never repeated.",
	"Repeat the host call that got OPERAND_BUSY, then enter the vCPU again.")
TDX_STATUS_ADVICE(INTERRUPTED_BUSY,
	"The leaf gave way to another host call that waits for its lock, and did nothing.",
	"Call again with the same operands.")

/* Page metadata */
TDX_STATUS_ADVICE(PAGE_METADATA_INCORRECT,
	"The page is not of the type this leaf wants: it is in use already, or is not a TDR, "
	"TDVPR or S-EPT page. With 2 MiB: one of its 512 small pages is in use.",
	"Ask PHYMEM.PAGE.RDMD for the page's type and owner. Was it given back (reclaimed)?")
TDX_STATUS_ADVICE(PAGE_ALREADY_FREE,
	"The page is free; there was nothing to do.",
	"Nothing.")
TDX_STATUS_ADVICE(PAGE_NOT_OWNED_BY_TD,
	"The page belongs to another TD.",
	"Ask PHYMEM.PAGE.RDMD for its owner; two TDs were given the same page.")
TDX_STATUS_ADVICE(PAGE_NOT_FREE,
	"The page is in use by a TD or by the module.",
	"Take another page; PHYMEM.PAGE.RDMD tells the owner of this one.")
TDX_STATUS_ADVICE(HPA_RANGE_NOT_FREE,
	"Dynamic PAMT: pages of this 2 MiB are in use already.",
	"Another CPU may have added the pair of PAMT pages first: look before adding.")
TDX_STATUS_ADVICE(NO_PAMT_PAGE_PAIR,
	"Dynamic PAMT: this 2 MiB has no pair of PAMT pages to take back.",
	"Nothing to remove; check who counts the pairs.")
TDX_STATUS_ADVICE(PAMT_PAGE_NOT_EMPTY,
	"Dynamic PAMT: pages of this 2 MiB are still in use.",
	"Give the pages back to the host first, then remove the pair.")
TDX_STATUS_ADVICE(INTERRUPTED_PAMT,
	"Dynamic PAMT: a host interrupt is waiting.",
	"Call again after interrupts were served.")
TDX_STATUS_ADVICE(MISSING_PAMT_PAGE_PAIR,
	"Dynamic PAMT: the 2 MiB around this page has no PAMT pages yet.",
	"PHYMEM.PAMT.ADD for that 2 MiB, then call again.")
TDX_STATUS_ADVICE(TD_ASSOCIATED_PAGES_EXIST,
	"The TDR cannot be reclaimed while other pages of the TD exist.",
	"Reclaim them first; TDR.CHLDCNT says how many 4 KiB units there are.")

/* Module state */
TDX_STATUS_ADVICE(SYS_INIT_NOT_PENDING,
	"SYS.INIT was done before.",
	"Harmless where two drivers initialise; otherwise reload the module or reboot.")
TDX_STATUS_ADVICE(SYS_LP_INIT_NOT_DONE,
	"This CPU has not done SYS.LP.INIT.",
	"LP.INIT on every CPU, between SYS.INIT and SYS.CONFIG.")
TDX_STATUS_ADVICE(SYS_LP_INIT_DONE,
	"This CPU has done SYS.LP.INIT before.",
	"Nothing.")
TDX_STATUS_ADVICE(SYS_NOT_READY,
	"Bring-up has not come to its end: CONFIG, or KEY.CONFIG on a package, is missing.",
	"Find the bring-up step that failed, earlier in the log.")
TDX_STATUS_ADVICE(SYS_SHUTDOWN,
	"The module was shut down, by SYS.SHUTDOWN, SYS.DISABLE or an error of its own.",
	"Load the module anew; on hardware that is a reboot or an update.")
TDX_STATUS_ADVICE(SYS_KEY_CONFIG_NOT_PENDING,
	"KEY.CONFIG comes after SYS.CONFIG, and once on each package.",
	"Check the order of bring-up.")
TDX_STATUS_ADVICE(SYS_STATE_INCORRECT,
	"The leaf does not fit the module's state.",
	"Check the order: SYS.INIT, LP.INIT everywhere, CONFIG or UPDATE.")
TDX_STATUS_ADVICE(SYS_INVALID_HANDOFF,
	"SYS.UPDATE found no usable state of the module before.",
	"Bring up from scratch; TDs of the old module are lost.")
TDX_STATUS_ADVICE(SYS_INCOMPATIBLE_SIGSTRUCT,
	"The module's signature does not fit this platform.",
	ADVICE_SIGNED)
TDX_STATUS_ADVICE(SYS_LP_INIT_NOT_PENDING,
	"LP.INIT comes after SYS.INIT and before SYS.CONFIG.",
	"Check the order; a CPU that was offline during bring-up stays without TDX.")
TDX_STATUS_ADVICE(SYS_CONFIG_NOT_PENDING,
	"SYS.CONFIG comes once, after LP.INIT on every CPU.",
	"Bring all CPUs online (no maxcpus=, no nosmt) before TDX is brought up.")
TDX_STATUS_ADVICE(INCOMPATIBLE_SEAM_CAPABILITIES,
	"The CPU's SEAM does not offer what this module needs.",
	ADVICE_SIGNED)
TDX_STATUS_ADVICE(CRYPTO_SELF_TEST_FAILED,
	"The module's cryptography failed its own test.",
	"Reboot; if it stays, the CPU is broken or the module is damaged.")
TDX_STATUS_ADVICE(UPDATE_COMPATIBILITY_SENSITIVE,
	"An update now would hit a TD in the middle of a build or of a migration.",
	"Finish that first, or shut down without the compatibility check and lose the TD.")

/* TD state */
TDX_STATUS_ADVICE(TD_FATAL,
	"The TD hit a fatal error before; no leaf works on it but teardown.",
	ADVICE_NEW_TD)
TDX_STATUS_ADVICE(TD_NON_DEBUG,
	"The leaf looks into a TD, which only a debug TD allows.",
	"Create the TD with ATTRIBUTES.DEBUG if it is meant to be looked into.")
TDX_STATUS_ADVICE(TDCS_NOT_ALLOCATED,
	"The TD has not got all of its TDCS pages.",
	"MNG.ADDCX for each page (SYS.RD tells how many), before anything else.")
TDX_STATUS_ADVICE(LIFECYCLE_STATE_INCORRECT,
	"The TD is in another stage of its life than the leaf needs.",
	"Build: CREATE, KEY.CONFIG, ADDCX. Teardown: VPFLUSHDONE, CACHE.WB, KEY.FREEID, "
	"then RECLAIM.")
TDX_STATUS_ADVICE(OP_STATE_INCORRECT,
	"The TD is too young or too old for this leaf; bits 31:0 are the state it is in.",
	"INIT comes before PAGE.ADD, FINALIZE before VP.ENTER; after it, only AUG.")
TDX_STATUS_ADVICE(NO_VCPUS,
	"FINALIZE needs at least one vCPU that was initialised.",
	"VP.INIT first (KVM_TDX_INIT_VCPU before KVM_TDX_FINALIZE_VM).")
TDX_STATUS_ADVICE(TDCX_NUM_INCORRECT,
	"The TD or vCPU has too few control pages, or was given one too many.",
	"Ask SYS.RD for the sizes and ADDCX exactly that many.")
TDX_STATUS_ADVICE(X2APIC_ID_NOT_UNIQUE,
	"Another vCPU of this TD has this x2APIC id; bits 31:0 say which.",
	"Give each vCPU an id of its own.")
TDX_STATUS_ADVICE(INCOMPATIBLE_MRTD_CONTEXT,
	"The measurement was begun by a module whose format this one does not know.",
	"Build the TD anew on this module.")

/* vCPU state */
TDX_STATUS_ADVICE(VCPU_STATE_INCORRECT,
	"The vCPU is not ready: not initialised, running elsewhere, or disabled by a triple fault.",
	"State 0: VP.INIT. State 4: it runs on another CPU. State 8: the TD has to go.")
TDX_STATUS_ADVICE(VCPU_ASSOCIATED,
	"The vCPU is bound to another CPU.",
	"VP.FLUSH on that CPU, then call again here.")
TDX_STATUS_ADVICE(VCPU_NOT_ASSOCIATED,
	"The vCPU is not bound to this CPU, so there is nothing to flush.",
	"Harmless in teardown; otherwise the caller is on the wrong CPU.")
TDX_STATUS_ADVICE(NO_VALID_VE_INFO,
	"The guest asked for the reason of a #VE, and there is none.",
	"Ask once per #VE. A #VE that nobody caused may be an INT 20 of the guest.")
TDX_STATUS_ADVICE(MAX_VCPUS_EXCEEDED,
	"The TD has as many vCPUs as TD_PARAMS.MAX_VCPUS allows.",
	"Raise it when the TD is created (KVM_CAP_MAX_VCPUS).")
TDX_STATUS_ADVICE(TSC_ROLLBACK,
	"The TSC is lower than at the vCPU's last exit.",
	"CPUs whose TSCs differ, or a host that wrote the TSC. Check TSC_ADJUST everywhere.")
TDX_STATUS_ADVICE(INTERRUPTIBILITY_BLOCKED,
	"The guest cannot take the event just now.",
	"Enter without the event and try at a later exit.")
TDX_STATUS_ADVICE(TD_VMCS_FIELD_NOT_INITIALIZED,
	"A field of the TD's VMCS has to be written before the vCPU can run.",
	"VP.WR the posted-interrupt descriptor, vector and shared EPTP first.")
TDX_STATUS_ADVICE(TD_VMCS_FIELD_ERROR,
	"A field of the TD's VMCS has a value that VM entry refuses.",
	"Check what the host wrote with VP.WR.")

/* KeyIDs and caches */
TDX_STATUS_ADVICE(KEY_GENERATION_FAILED,
	"The CPU could not make a key just now, for lack of entropy.",
	"Call again; the ABI allows it any number of times.")
TDX_STATUS_ADVICE(TD_KEYS_NOT_CONFIGURED,
	"The TD's key is not set on every package, or it is gone already (teardown).",
	"MNG.KEY.CONFIG on one CPU of each package. In teardown: use RECLAIM instead.")
TDX_STATUS_ADVICE(KEY_STATE_INCORRECT,
	"The KeyID is not in the state that the leaf needs.",
	"Another TD may have it: look for a KeyID that was freed too early.")
TDX_STATUS_ADVICE(KEY_CONFIGURED,
	"The key is set on this package already.",
	"Nothing.")
TDX_STATUS_ADVICE(WBCACHE_NOT_COMPLETE,
	"The KeyID cannot be freed before every package has written its caches back.",
	"PHYMEM.CACHE.WB on one CPU of each package until it says SUCCESS, then KEY.FREEID.")
TDX_STATUS_ADVICE(HKID_NOT_FREE,
	"The KeyID belongs to another TD, or to the module.",
	"Choose another one; was the other TD's KEY.FREEID done?")
TDX_STATUS_ADVICE(NO_HKID_READY_TO_WBCACHE,
	"No KeyID waits for a write-back on this package.",
	"Nothing; another TD's teardown may have done it for both.")
TDX_STATUS_ADVICE(WBCACHE_RESUME_ERROR,
	"CACHE.WB was told to resume, and none was interrupted.",
	"Start it with RCX = 0.")
TDX_STATUS_ADVICE(FLUSHVP_NOT_DONE,
	"A vCPU is still bound to a CPU.",
	"VP.FLUSH each vCPU on its CPU, then VPFLUSHDONE again.")
TDX_STATUS_ADVICE(NUM_ACTIVATED_HKIDS_NOT_SUPPORTED,
	"The firmware activated more private KeyIDs than the module can count, or none.",
	"Change the split of KeyIDs in the firmware (MSR 0x87); swmod: keyids=FIRST,COUNT.")

/* Platform */
TDX_STATUS_ADVICE(INCORRECT_CPUID_VALUE,
	"CPUID reports something that the module cannot work with.",
	ADVICE_CPUID_BIOS)
TDX_STATUS_ADVICE(LIMIT_CPUID_MAXVAL_SET,
	"IA32_MISC_ENABLE limits the CPUID leaves.",
	"Turn \"Limit CPUID Maximum\" off in the firmware.")
TDX_STATUS_ADVICE(INCONSISTENT_CPUID_FIELD,
	"CPUID differs between CPUs.",
	ADVICE_CPUID_BIOS)
TDX_STATUS_ADVICE(CPUID_MAX_SUBLEAVES_UNRECOGNIZED,
	"A CPUID leaf has more sub-leaves than the module knows.",
	"A CPU newer than the module: update the module.")
TDX_STATUS_ADVICE(CPUID_LEAF_1F_FORMAT_UNRECOGNIZED,
	"CPUID leaf 0x1f has levels that the module does not know.",
	"A CPU newer than the module: update the module.")
TDX_STATUS_ADVICE(INVALID_WBINVD_SCOPE,
	"WBINVD does not reach what the module expects it to.",
	"An unsupported platform: check the CPU and the module's release notes.")
TDX_STATUS_ADVICE(INVALID_PKG_ID,
	"The package's number is higher than the module supports.",
	"Does the firmware number packages with gaps? The module knows eight.")
TDX_STATUS_ADVICE(ENABLE_MONITOR_FSM_NOT_SET,
	"MONITOR is off in IA32_MISC_ENABLE.",
	"Turn MONITOR/MWAIT on in the firmware; the host must not clear it.")
TDX_STATUS_ADVICE(CPUID_LEAF_NOT_SUPPORTED,
	"The CPU lacks a CPUID leaf that the module needs.",
	ADVICE_CPUID_BIOS)
TDX_STATUS_ADVICE(SMRR_NOT_LOCKED,
	"The firmware left the SMM range registers unlocked.",
	ADVICE_MSR_BIOS)
TDX_STATUS_ADVICE(INVALID_SMRR_CONFIGURATION,
	"The SMM range registers have a value that is not allowed.",
	ADVICE_MSR_BIOS)
TDX_STATUS_ADVICE(SMRR_OVERLAPS_CMR,
	"SMM memory overlaps memory that the firmware calls convertible.",
	ADVICE_MSR_BIOS)
TDX_STATUS_ADVICE(SMRR_LOCK_NOT_SUPPORTED,
	"The CPU cannot lock its SMM range registers.",
	"An unsupported platform: check the CPU and the module's release notes.")
TDX_STATUS_ADVICE(SMRR_NOT_SUPPORTED,
	"The CPU has no SMM range registers.",
	"An unsupported platform: check the CPU and the module's release notes.")
TDX_STATUS_ADVICE(INCONSISTENT_MSR,
	"The MSR in bits 31:0 differs from what it was at SYS.INIT, or between CPUs. "
	"0x3b is TSC_ADJUST: somebody wrote the TSC.",
	"Read it on all CPUs (rdmsr -a). Nothing may write it once TDX is up.")
TDX_STATUS_ADVICE(INCORRECT_MSR_VALUE,
	"The MSR in bits 31:0 has a value that the module refuses.",
	"Read it on all CPUs (rdmsr -a). " ADVICE_MSR_BIOS)
TDX_STATUS_ADVICE(SEAMREPORT_NOT_AVAILABLE,
	"The CPU does not have the SEAMREPORT operation just now.",
	ADVICE_SIGNED)
TDX_STATUS_ADVICE(SEAMDB_GETREF_NOT_AVAILABLE,
	"The CPU does not have the SEAMDB operations.",
	ADVICE_SIGNED)
TDX_STATUS_ADVICE(SEAMDB_REPORT_NOT_AVAILABLE,
	"The CPU does not have the SEAMDB operations.",
	ADVICE_SIGNED)
TDX_STATUS_ADVICE(SEAMVERIFYREPORT_NOT_AVAILABLE,
	"The CPU cannot verify reports.",
	ADVICE_SIGNED)

/* Memory configuration */
TDX_STATUS_ADVICE(INVALID_TDMR,
	"The TDMR with this number is misaligned, empty or wraps.",
	"Base and size are multiples of 1 GiB; look at TDMR_INFO as the host made it.")
TDX_STATUS_ADVICE(NON_ORDERED_TDMR,
	"TDMRs have to come in ascending order and must not overlap.",
	"Sort them; two memory ranges share a gigabyte.")
TDX_STATUS_ADVICE(TDMR_OUTSIDE_CMRS,
	"Part of the TDMR is no convertible memory, and not reserved either.",
	"Reserve the holes between the CMRs; compare e820 with the CMRs.")
TDX_STATUS_ADVICE(TDMR_ALREADY_INITIALIZED,
	"All of this TDMR's PAMT is ready.",
	"Nothing: this is how the loop over TDMR.INIT ends.")
TDX_STATUS_ADVICE(INVALID_PAMT,
	"A PAMT of this TDMR is misaligned or too small; byte 1 is the page size (0 4K, 1 2M, 2 1G).",
	"Compute it as 16 bytes per page, 4 KiB aligned (SYS.RD has the entry's size).")
TDX_STATUS_ADVICE(PAMT_OUTSIDE_CMRS,
	"A PAMT is not in convertible memory.",
	"Allocate it from memory that the CMRs cover.")
TDX_STATUS_ADVICE(PAMT_OVERLAP,
	"A PAMT overlaps another one, or the usable part of a TDMR.",
	"Add each PAMT to the reserved areas of the TDMR it lies in.")
TDX_STATUS_ADVICE(INVALID_RESERVED_IN_TDMR,
	"A reserved area is misaligned, or reaches beyond its TDMR.",
	"Areas are 4 KiB aligned offsets from the TDMR's base.")
TDX_STATUS_ADVICE(NON_ORDERED_RESERVED_IN_TDMR,
	"Reserved areas of a TDMR are out of order or overlap.",
	"Sort and merge them.")
TDX_STATUS_ADVICE(CMR_LIST_INVALID,
	"The firmware's list of convertible memory is broken.",
	ADVICE_MSR_BIOS)

/* Secure EPT */
TDX_STATUS_ADVICE(EPT_WALK_FAILED,
	"A table on the way to the GPA is missing, or a large page is in the way. "
	"RDX has the level and state at which the walk stopped.",
	"SEPT.ADD the missing levels from the top, or work at the level that is there.")
TDX_STATUS_ADVICE(EPT_ENTRY_FREE,
	"Nothing is mapped at this GPA.",
	"Look at RCX and RDX; the host's idea of the S-EPT is out of step.")
TDX_STATUS_ADVICE(EPT_ENTRY_NOT_FREE,
	"The GPA is mapped already.",
	"Look at RCX and RDX; the host's idea of the S-EPT is out of step.")
TDX_STATUS_ADVICE(EPT_ENTRY_NOT_PRESENT,
	"The leaf wants a page that is mapped and accepted; this one is not.",
	"Add the page first; a pending page has to be accepted by the guest.")
TDX_STATUS_ADVICE(EPT_ENTRY_NOT_LEAF,
	"There is a table where a page was expected.",
	"Work one level down.")
TDX_STATUS_ADVICE(EPT_ENTRY_LEAF,
	"There is a page where a table was expected.",
	"Work at the level of the page, or DEMOTE it.")
TDX_STATUS_ADVICE(GPA_RANGE_NOT_BLOCKED,
	"The entry has to be blocked before it can be taken from the guest.",
	"RANGE.BLOCK, TRACK, kick the vCPUs, then call again.")
TDX_STATUS_ADVICE(GPA_RANGE_ALREADY_BLOCKED,
	"The entry was blocked before; nothing changed.",
	"Nothing; the epoch of the first BLOCK counts.")
TDX_STATUS_ADVICE(TLB_TRACKING_NOT_DONE,
	"The entry is blocked, but a vCPU that ran since may still have it in its TLB: "
	"TRACK is missing, or a vCPU has not left the guest since TRACK.",
	"MEM.TRACK, then kick every vCPU out of the guest, then call again.")
TDX_STATUS_ADVICE(EPT_INVALID_PROMOTE_CONDITIONS,
	"The 512 entries are not all of one kind over one aligned, contiguous 2 MiB.",
	"All MAPPED or all PENDING, none locked or blocked; else leave them small.")
TDX_STATUS_ADVICE(PAGE_ALREADY_ACCEPTED,
	"The guest accepted a page that is its own already.",
	"Harmless if meant; a guest that accepts twice may zero what it thinks is new.")
TDX_STATUS_ADVICE(PAGE_SIZE_MISMATCH,
	"The guest accepts 2 MiB where the host mapped 4 KiB.",
	"The guest accepts 4 KiB pages instead.")
TDX_STATUS_ADVICE(GPA_RANGE_BLOCKED,
	"The range is blocked.",
	"UNBLOCK or REMOVE it first.")
TDX_STATUS_ADVICE(EPT_ENTRY_STATE_INCORRECT,
	"The entry is in a state that the leaf does not work on; RDX[15:8] has its number "
	"(0 free, 1 blocked, 2 pending, 3 pending-blocked, 4 mapped, 132 table).",
	"If another CPU mapped it first, that is fine. Else compare with the host's own view.")
TDX_STATUS_ADVICE(EPT_PAGE_NOT_FREE,
	"An S-EPT page still has entries.",
	"Remove what it maps first.")
TDX_STATUS_ADVICE(L2_SEPT_WALK_FAILED,
	"A table of an L2 VM's S-EPT is missing.",
	ADVICE_L2)
TDX_STATUS_ADVICE(L2_SEPT_ENTRY_NOT_FREE,
	"An entry of an L2 VM's S-EPT is in use.",
	ADVICE_L2)
TDX_STATUS_ADVICE(PAGE_ATTR_INVALID,
	"The page attributes that the guest asked for are not allowed.",
	ADVICE_L2)
TDX_STATUS_ADVICE(L2_SEPT_PAGE_NOT_PROVIDED,
	"An L2 VM needs an S-EPT page that the call did not bring.",
	ADVICE_L2)

/* Metadata */
TDX_STATUS_ADVICE(METADATA_FIELD_ID_INCORRECT,
	"There is no such field, or the identifier's class, size or context is wrong.",
	"Older modules lack newer fields: treat the field as absent.")
TDX_STATUS_ADVICE(METADATA_FIELD_NOT_WRITABLE,
	"The field cannot be written by this caller, or not on a TD that is no debug TD.",
	"Check the write mask of the field for host and guest.")
TDX_STATUS_ADVICE(METADATA_FIELD_NOT_READABLE,
	"The field cannot be read by this caller, or not on a TD that is no debug TD.",
	"Treat the field as absent.")
TDX_STATUS_ADVICE(METADATA_FIELD_VALUE_NOT_VALID,
	"The field does not take this value.",
	"Print value and mask; read the field's allowed bits.")
TDX_STATUS_ADVICE(METADATA_LIST_OVERFLOW,
	"The list does not fit into the page.",
	"Ask for fewer fields at a time.")
TDX_STATUS_ADVICE(INVALID_METADATA_LIST_HEADER,
	"The list's header is broken.",
	"Check the size and the number of sequences in it.")
TDX_STATUS_ADVICE(REQUIRED_METADATA_FIELD_MISSING,
	"The list lacks a field that is required.",
	"Compare the list with what the exporting side has to send.")
TDX_STATUS_ADVICE(METADATA_ELEMENT_SIZE_INCORRECT,
	"The identifier's element size is not the field's.",
	"Take the identifier from the module's own list (SYS.RD walks it).")
TDX_STATUS_ADVICE(METADATA_LAST_ELEMENT_INCORRECT,
	"A sequence in the list reaches beyond its field.",
	"Check the number of elements of the sequence.")
TDX_STATUS_ADVICE(METADATA_FIELD_CURRENTLY_NOT_WRITABLE,
	"The field can be written, but not in the state that the TD or vCPU is in.",
	"Write it before the TD is finalised, or between runs of the vCPU.")
TDX_STATUS_ADVICE(METADATA_WR_MASK_NOT_VALID,
	"The write mask covers bits that cannot be written.",
	"Narrow the mask in R9.")
TDX_STATUS_ADVICE(METADATA_FIRST_FIELD_ID_IN_CONTEXT,
	"The null identifier was read: the next-field output names the first field.",
	"Nothing: this is how a walk over all fields begins.")
TDX_STATUS_ADVICE(METADATA_FIELD_SKIP,
	"The field was left out on purpose.",
	"Nothing.")
TDX_STATUS_ADVICE(VIRTUAL_MSR_VALUE_NOT_VALID,
	"A virtual MSR does not take this value.",
	"Compare with the TD's CPUID: the bits follow from it.")
TDX_STATUS_ADVICE(METADATA_FIELD_NOT_ALLOCATED,
	"The field belongs to a page that the TD does not have.",
	"L2 fields need ADDCX for that L2 VM.")

/* Service TDs */
TDX_STATUS_ADVICE(SERVTD_ALREADY_BOUND_FOR_TYPE,
	"A service TD of this type is bound already.", ADVICE_SERVTD)
TDX_STATUS_ADVICE(SERVTD_TYPE_MISMATCH,
	"The service TD's type is not the one that was bound.", ADVICE_SERVTD)
TDX_STATUS_ADVICE(SERVTD_ATTR_MISMATCH,
	"The service TD's attributes are not those that were bound.", ADVICE_SERVTD)
TDX_STATUS_ADVICE(SERVTD_INFO_HASH_MISMATCH,
	"The service TD is not the one that was measured.", ADVICE_SERVTD)
TDX_STATUS_ADVICE(SERVTD_UUID_MISMATCH,
	"The service TD was restarted, or is another one.", ADVICE_SERVTD)
TDX_STATUS_ADVICE(SERVTD_NOT_BOUND,
	"No service TD is bound here.", ADVICE_SERVTD)
TDX_STATUS_ADVICE(SERVTD_BOUND,
	"A service TD is bound, where none may be.", ADVICE_SERVTD)
TDX_STATUS_ADVICE(TARGET_UUID_MISMATCH,
	"The handle names a TD that is gone.", ADVICE_SERVTD)
TDX_STATUS_ADVICE(TARGET_UUID_UPDATED,
	"The target TD got a new identity, which the output has.",
	"Call again with the new one.")

/* Migration */
TDX_STATUS_ADVICE(INVALID_MBMD,
	"The migration bundle's metadata is broken.", ADVICE_MIG_PAIR)
TDX_STATUS_ADVICE(INCORRECT_MBMD_MAC,
	"The migration bundle's MAC is wrong: damaged, or of another key.", ADVICE_MIG_PAIR)
TDX_STATUS_ADVICE(NOT_WRITE_BLOCKED,
	"The page has to be blocked for writing before it is exported.",
	"EXPORT.BLOCKW, TRACK, kick the vCPUs, then export.")
TDX_STATUS_ADVICE(ALREADY_WRITE_BLOCKED,
	"The page is blocked for writing already.", "Nothing.")
TDX_STATUS_ADVICE(NOT_EXPORTED,
	"The page was not exported before.", ADVICE_MIGRATION)
TDX_STATUS_ADVICE(MIGRATION_STREAM_STATE_INCORRECT,
	"The migration stream is not in the state for this step.", ADVICE_MIGRATION)
TDX_STATUS_ADVICE(MAX_MIGS_NUM_EXCEEDED,
	"There are as many migration streams as the module has.",
	"Use the streams that exist.")
TDX_STATUS_ADVICE(EXPORTED_DIRTY_PAGES_REMAIN,
	"Pages that the guest changed since their export are left.",
	"Export them again before the end of this epoch.")
TDX_STATUS_ADVICE(MIGRATION_DECRYPTION_KEY_NOT_SET,
	"The migration TD has not set the key yet.",
	"Wait for the migration TDs to agree on keys.")
TDX_STATUS_ADVICE(TD_NOT_MIGRATABLE,
	"The TD was created without ATTRIBUTES.MIGRATABLE.",
	"Create it with that attribute.")
TDX_STATUS_ADVICE(PREVIOUS_EXPORT_CLEANUP_INCOMPLETE,
	"Pages are left in the states of an export that was aborted.",
	"EXPORT.RESTORE all of them first.")
TDX_STATUS_ADVICE(NUM_MIGS_HIGHER_THAN_CREATED,
	"More streams are asked for than were created.", "MIG.STREAM.CREATE the rest.")
TDX_STATUS_ADVICE(IMPORT_MISMATCH,
	"What comes in does not fit what this side has.", ADVICE_MIG_PAIR)
TDX_STATUS_ADVICE(MIGRATION_EPOCH_OVERFLOW,
	"The migration went through too many epochs.", "Abort it and start again.")
TDX_STATUS_ADVICE(MAX_EXPORTS_EXCEEDED,
	"The TD was exported too often.", "Create it anew.")
TDX_STATUS_ADVICE(INVALID_PAGE_MAC,
	"A page's MAC is wrong: damaged, or of another key.", ADVICE_MIG_PAIR)
TDX_STATUS_ADVICE(MIGRATED_IN_CURRENT_EPOCH,
	"The page was imported in this epoch already.", ADVICE_MIGRATION)
TDX_STATUS_ADVICE(DISALLOWED_IMPORT_OVER_REMOVED,
	"The page was removed on this side during the import.", ADVICE_MIGRATION)
TDX_STATUS_ADVICE(SOME_VCPUS_NOT_MIGRATED,
	"A vCPU's state is missing.", "EXPORT.STATE.VP and IMPORT.STATE.VP for each vCPU.")
TDX_STATUS_ADVICE(ALL_VCPUS_IMPORTED,
	"All vCPUs are here already.", ADVICE_MIGRATION)
TDX_STATUS_ADVICE(MIN_MIGS_NOT_CREATED,
	"There are too few migration streams.", "MIG.STREAM.CREATE the rest.")
TDX_STATUS_ADVICE(VCPU_ALREADY_EXPORTED,
	"This vCPU's state was exported already.", ADVICE_MIGRATION)
TDX_STATUS_ADVICE(INVALID_MIGRATION_DECRYPTION_KEY,
	"The migration key is not usable.", "Let the migration TDs agree on keys again.")
TDX_STATUS_ADVICE(INCOMPATIBLE_MBMD_MAC_CONTEXT,
	"The MAC was begun by a module whose format this one does not know.",
	"Abort the migration and start again on this module.")

/* Attestation */
TDX_STATUS_ADVICE(INVALID_CPUSVN,
	"The report is of a CPU with another security version.",
	"Make the report on the CPU that verifies it, after any microcode update.")
TDX_STATUS_ADVICE(INVALID_REPORTMACSTRUCT,
	"The report's MAC is wrong: not made on this machine since its last boot.",
	"Make a new report here; its bytes must not change on the way.")

/* Partitioning, and what came with it */
TDX_STATUS_ADVICE(L2_EXIT_HOST_ROUTED_ASYNC,
	"An exit of an L2 VM that the host handles.", ADVICE_L2)
TDX_STATUS_ADVICE(L2_EXIT_HOST_ROUTED_TDVMCALL,
	"A TDVMCALL of an L2 VM that the host handles.", ADVICE_L2)
TDX_STATUS_ADVICE(L2_EXIT_PENDING_INTERRUPT,
	"The L2 VM was left for an interrupt that waits in L1.", ADVICE_L2)
TDX_STATUS_ADVICE(L2_VM_ENTRY_FAILED,
	"The L2 VM's state does not allow an entry.", ADVICE_L2)
TDX_STATUS_ADVICE(PENDING_INTERRUPT,
	"A guest call was cut short by an interrupt.",
	"The guest repeats the call after the interrupt.")
TDX_STATUS_ADVICE(TD_EXIT_BEFORE_L2_ENTRY,
	"The TD left before its L2 VM was entered.", ADVICE_L2)
TDX_STATUS_ADVICE(TD_EXIT_ON_L2_VM_EXIT,
	"The TD left at an exit of its L2 VM.", ADVICE_L2)
TDX_STATUS_ADVICE(TD_EXIT_ON_L2_TO_L1,
	"The TD left on the way from L2 to L1.", ADVICE_L2)
TDX_STATUS_ADVICE(GLA_NOT_CANONICAL,
	"The guest passed a linear address that is not canonical.",
	"Check the guest's INVVPID descriptor list.")

#undef ADVICE_MIGRATION
#undef ADVICE_MIG_PAIR
#undef ADVICE_SERVTD
#undef ADVICE_MSR_BIOS
#undef ADVICE_CPUID_BIOS
#undef ADVICE_L2
#undef ADVICE_NEW_TD
#undef ADVICE_SIGNED
