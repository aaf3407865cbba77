# SPDX-License-Identifier: GPL-2.0-only
# KVM's private MMU in user space, over the software module's core.

MMU_TESTS := $(patsubst %.c,%,$(wildcard mmu_*_test.c))
MMU_TDX := ../../arch/x86/virt/vmx/tdx
MMU_KVM := ../../arch/x86/kvm/vmx/tdx
MMU_CFLAGS := -O1 -g -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Werror -pthread \
	-fsanitize=address,undefined -I fake_kvm -I fake_kvm/trace -I $(MMU_TDX) \
	-I ../../arch/x86/kvm/hooks -I ../../include/uapi/asm

# swmod.mk comes later.
.SECONDEXPANSION:

$(OUT)/mmu_machine.o: mmu_machine.c $(wildcard *.h $(SWMOD)/*.h)
	@mkdir -p $(OUT)
	$(CC) $(SWMOD_CFLAGS) -c -o $@ $<

$(OUT)/mmu_%_test: mmu_%_test.c $(OUT)/mmu_machine.o $$(SWMOD_OBJECTS) \
		$(wildcard mmu_*.h fake_kvm/*.h $(MMU_KVM)/*.[ch] $(MMU_TDX)/*.[ch])
	$(CC) $(MMU_CFLAGS) -o $@ $< $(OUT)/mmu_machine.o $(SWMOD_OBJECTS) -lcrypto
