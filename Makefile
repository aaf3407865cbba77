# SPDX-License-Identifier: GPL-2.0-only
#
# "make help" lists the targets.

.DEFAULT_GOAL := modules
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# "make test KERNEL=debug"; the version is known before the kernel is there.
ifneq ($(filter debug kcsan,$(KERNEL)),)
override KVER = $(shell . scripts/lib.sh; built_kver $(KERNEL))
export KERNEL
endif
ifeq ($(KVER),)
override KVER = $(shell . scripts/lib.sh; newest_kver)
endif
export KVER V W C KERNEL

# Kconfig describes it; "make CONFIG_TDX_SWMOD=n" leaves tdx_swmod.ko out.
CONFIG_TDX_SWMOD ?= m

host-dir  := arch/x86/virt/vmx/tdx
swmod-dir := $(if $(filter m,$(CONFIG_TDX_SWMOD)),$(host-dir)/swmod)
kvm-dir   := arch/x86/kvm

.PHONY: modules host swmod swmod-7x in-tree objs tree preflight deps run .run \
	shell .shell linux .linux qemu .qemu qemu-shell .qemu-shell libvirt .libvirt \
	trace .trace gdb .gdb \
	test .test bench .bench peer unit model fuzz predict tsan coverage oracle \
	throughput fuzz-kvm seam-peer tdx-machine deb test-packages compat tools check install uninstall clean distclean help

modules: tree
	@scripts/modules "$(KVER)" $(host-dir) $(swmod-dir) $(kvm-dir)

host: tree
	@scripts/modules "$(KVER)" $(host-dir)

swmod: tree
	@scripts/modules "$(KVER)" $(host-dir)/swmod

# tdx_swmod.ko for Debian 13's newest 7.x kernel, with headers from the mirror.
swmod-7x:
	@scripts/build-7x $(ARGS)

# TDX as a part of a kernel tree: folders, Kconfig entries and hooks.
in-tree:
	@scripts/in-tree "$(TREE)"

# Compile our files, of DIR only if set, and link nothing.
objs: tree
	@scripts/objs "$(KVER)" $(DIR)

tree: preflight
	@scripts/base "$(KVER)"
	@scripts/ops-check "$(KVER)"
	@scripts/tree "$(KVER)"

preflight: $(if $(KERNEL),debug-kernel)
	@scripts/preflight "$(KVER)"

# A small kernel with lockdep, KASAN, kmemleak and more; KERNEL=debug uses it.
# KERNEL=kcsan is one that looks for data races.
debug-kernel:
	@selftests/debug-kernel/build $(KERNEL) >/dev/null

deps:
	@scripts/deps

# deps may install the headers that KVER is to find, so it takes a make of its
# own for what comes after.
run shell linux qemu qemu-shell libvirt trace gdb test bench:
	@$(if $(KERNEL),KVER=) scripts/deps $(if $(filter test,$@),--all-flavours)
	@$(MAKE) .$@

.run: modules
	@selftests/vmm/run $(ARGS)

.shell: modules
	@MACHINE_ARGS=--shell TIMEOUT=0 selftests/vmm/run $(ARGS)

.linux: modules
	@selftests/linux/run

# Debian's QEMU with Debian's OVMF and kernel as a TD; see docs/qemu.md.
.qemu: modules
	@selftests/qemu/run $(ARGS)

.qemu-shell: modules
	@CONSOLE=1 selftests/qemu/run $(ARGS)

# docs/examples/td.xml, started by libvirt; see docs/libvirt.md.
.libvirt: modules
	@selftests/libvirt/run

# A TD's life as a picture; ARGS=linux draws Debian's kernel, ARGS=qemu QEMU's boot.
.trace: modules
	@selftests/trace/run $(ARGS)

.gdb: modules
	@selftests/vmm/gdb-test $(ARGS)

.test: modules
	@selftests/run-tests $(ARGS)

# Counts and floors of the private MMU's paths; see docs/performance.md.
.bench: modules
	@selftests/bench/run

unit:
	@$(if $(wildcard selftests/unit/Makefile),$(MAKE) -s -C selftests/unit,\
		echo "kvm-tdx: no selftests/unit here" >&2; exit 1)

# The protocol of zaps and faults, in every interleaving; minutes.
model:
	@command -v spin >/dev/null || scripts/deps
	@selftests/model/run --long $(ARGS)

# Of the software module's core, in user space; see selftests/fuzz/README.md.
fuzz predict coverage:
	@$(MAKE) -C selftests/fuzz $@

# The module's core, KVM's MMU over it, and random programs.
tsan:
	@$(MAKE) -C selftests/fuzz $@
	@$(MAKE) -C selftests/unit $@

# KVM's MMU by itself; STEPS, THREADS and SEED, see docs/testing.md.
oracle throughput:
	@$(MAKE) -C selftests/unit $@

# KVM's ioctls on a TD, by many threads at once; SECONDS and SEED, see
# selftests/border/README.md.  The shell keeps SECONDS for itself.
fuzz-kvm: modules
	@FUZZ_SECONDS="$(SECONDS)" selftests/border/fuzz

# The benchmark on mainline's KVM and on ours; see selftests/peer/README.md.
peer: deps
	@selftests/peer/run
	@selftests/peer/qemu-boot

# Mainline's TDX host on the emulated CPU's SEAM mode; see docs/seam.md.
seam-peer: deps
	@MACHINE=seam selftests/boot-7x-test

# Any TDX host's kernel on that CPU, with a shell: KERNEL=/path/to/bzImage, and ARGS for
# run-machine, as --cpus 2, --payload DIR, --append TEXT or --seam MODULE.
tdx-machine: deps
	@MACHINE=seam selftests/machine/run-machine --shell --append kvm_intel.tdx=1 \
		$(if $(KERNEL),--kernel "$(KERNEL)") $(ARGS)

# Debian packages, into build/deb; and what happens to systems that have them.
deb:
	@scripts/deb

test-packages:
	@packaging/test $(ARGS)

# Each 6.12 kernel in the archives of Debian 12 and 13; makes the table of docs/support.md.
compat:
	@packaging/compat

# tdx-info, tdx-status, tdx-measure, tdx-timeline and tdx-top.
tools:
	@$(MAKE) -C tools

check: tree
	@scripts/check "$(KVER)"
	@$(if $(wildcard selftests/unit/Makefile),$(MAKE) unit)

install: preflight
	@scripts/install-modules --check "$(KVER)"
	@$(MAKE) modules
	@scripts/install-modules "$(KVER)"

uninstall:
	@scripts/install-modules --undo "$(KVER)"

clean:
	@rm -rf build

distclean: clean
	@. scripts/lib.sh; rm -rf "$$(cache_dir)"/base-*

help:
	@cat scripts/help
