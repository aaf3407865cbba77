# SPDX-License-Identifier: GPL-2.0-only
# KVM's private MMU in user space, over the software module's core.

MMU_TESTS := $(patsubst %.c,%,$(notdir $(wildcard mmu/mmu_*_test.c)))
MMU_TDX := ../../arch/x86/virt/vmx/tdx
MMU_KVM := ../../arch/x86/kvm/vmx/tdx
MMU_CFLAGS := -O1 -g -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Werror -pthread \
	-fsanitize=address,undefined -I mmu/fake_kvm -I mmu/fake_kvm/trace -I . \
	-I $(MMU_TDX) \
	-I ../../arch/x86/kvm/hooks -I ../../include/uapi/asm

# swmod/rules.mk comes later.
.SECONDEXPANSION:

# The module's side.
MMU_OBJECTS := $(OUT)/mmu_machine.o $(OUT)/mmu_guest.o

$(MMU_OBJECTS): $(OUT)/%.o: mmu/%.c $(wildcard mmu/*.h swmod/*.h $(SWMOD)/*/*.h)
	@mkdir -p $(OUT)
	$(CC) $(SWMOD_CFLAGS) -c -o $@ $<

$(OUT)/mmu_%: mmu/mmu_%.c $(MMU_OBJECTS) $$(SWMOD_OBJECTS) \
		$(wildcard mmu/*.h mmu/fake_kvm/*.h mmu/fake_kvm/*/*.h $(MMU_KVM)/*.[ch] \
		$(MMU_KVM)/mmu/*.[ch] $(MMU_TDX)/*.[ch])
	$(CC) $(MMU_CFLAGS) -o $@ $< $(MMU_OBJECTS) $(SWMOD_OBJECTS) -lcrypto

# Without sanitizers, for what takes long and for what is timed.
MMU_FAST = OUT=$(OUT)/fast \
	SWMOD_CFLAGS='-O2 $(filter-out -O1 -fsanitize=%,$(SWMOD_CFLAGS))' \
	MMU_CFLAGS='-O2 $(filter-out -O1 -fsanitize=%,$(MMU_CFLAGS))'
STEPS := 10000000
THREADS := 16
SEED := 1

.PHONY: oracle throughput
oracle:
	@$(MAKE) -s $(OUT)/fast/mmu_oracle_test $(MMU_FAST)
	$(OUT)/fast/mmu_oracle_test $(STEPS) $(THREADS) $(SEED)

# JSON lines: parallel faults a second, by pattern and number of threads.
throughput:
	@$(MAKE) -s $(OUT)/fast/mmu_throughput $(MMU_FAST) >&2
	@$(OUT)/fast/mmu_throughput

# Threads against each other in KVM's files and the module's.  Not part of
# check, for the same reason as swmod/rules.mk's.
.PHONY: tsan-mmu
MMU_TSAN := mmu_contend_test mmu_oracle_test
tsan-mmu:
	@$(MAKE) -s $(addprefix $(OUT)/tsan/,$(MMU_TSAN)) OUT=$(OUT)/tsan \
		SWMOD_CFLAGS='$(subst address$(comma)undefined,thread,$(SWMOD_CFLAGS))' \
		MMU_CFLAGS='$(subst address$(comma)undefined,thread,$(MMU_CFLAGS))'
	@for t in $(MMU_TSAN); do $(OUT)/tsan/$$t || exit 1; done

tsan: tsan-mmu
