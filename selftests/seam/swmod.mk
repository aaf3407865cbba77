# SPDX-License-Identifier: GPL-2.0-only
#
# The software TDX module as a SEAM module: its core over os/seam, which stands where
# os/kernel does in tdx_swmod.ko.  The guest's EPT roots are the VMCS's two.

OUT ?= $(abspath ../../build)/seam
SWMOD := $(abspath ../../arch/x86/virt/vmx/tdx/swmod)
MODULE := $(OUT)/tdx_swmod.so

# Text, fault injection's included, is for who has a debugfs; vmx_host.c and
# vmx_setup.c are Linux's.
SOURCES := $(filter-out %/merged_root.c,$(wildcard $(addprefix $(SWMOD)/,core/*.c guest/*.c host/*.c))) \
	$(SWMOD)/debug/fault.c $(SWMOD)/os/kernel/sha384_kernel.c \
	$(addprefix $(SWMOD)/vmx/,vmx.c vmx_state.c vmx_caps.c vmx_vmcs.c vmx_entry.S) \
	$(wildcard $(SWMOD)/os/seam/*.[cS])
OBJECTS := $(patsubst $(SWMOD)/%,$(OUT)/swmod/%.o,$(SOURCES))
HEADERS := $(wildcard $(SWMOD)/*/*.h $(SWMOD)/os/seam/*.h)

CFLAGS_MODULE := -O2 -std=gnu11 -fPIC -fvisibility=hidden -ffreestanding -nostdlib \
	-mgeneral-regs-only -mno-red-zone -fcf-protection=branch -fno-stack-protector \
	-fno-strict-aliasing -fwrapv -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
	-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Werror -I$(SWMOD) -I$(SWMOD)/os/seam
LDFLAGS_MODULE := -shared -nostdlib -Bsymbolic -z noexecstack -z max-page-size=4096 \
	-z norelro --build-id=none --no-undefined --hash-style=sysv --gc-sections \
	-e seam_entry -u seam_idt_gdt -u seam_fault_wrapper

.PHONY: all
all: $(MODULE) $(MODULE).sigstruct

$(OUT)/swmod/%.o: $(SWMOD)/% $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_MODULE) -c -o $@ $<

$(MODULE): $(OBJECTS)
	$(LD) $(LDFLAGS_MODULE) -o $@ $(OBJECTS)

$(OUT)/sigstruct: sigstruct.c
	@mkdir -p $(OUT)
	$(CC) -O1 -Wall -Wextra -Werror -o $@ $<

$(MODULE).sigstruct: $(MODULE) $(OUT)/sigstruct
	$(OUT)/sigstruct $(MODULE) $@
