# SPDX-License-Identifier: GPL-2.0-only
#
# See "make help".

.DEFAULT_GOAL := modules
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

KVER ?= $(shell . scripts/lib.sh; newest_kver)
export KVER

host-dir  := arch/x86/virt/vmx/tdx
swmod-dir := arch/x86/virt/vmx/tdx/swmod
kvm-dir   := arch/x86/kvm

.PHONY: modules host swmod kvm objs tree preflight clean help

modules: tree
	@scripts/modules "$(KVER)" $(host-dir) $(swmod-dir) $(kvm-dir)

host: tree
	@scripts/modules "$(KVER)" $(host-dir)

swmod: tree
	@scripts/modules "$(KVER)" $(swmod-dir)

# Compile our files, of DIR only if set, and link nothing.
objs: tree
	@scripts/objs "$(KVER)" $(DIR)

tree: preflight
	@scripts/base "$(KVER)"
	@scripts/tree "$(KVER)"

preflight:
	@scripts/preflight "$(KVER)"
