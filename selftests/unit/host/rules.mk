# SPDX-License-Identifier: GPL-2.0-only
# Unit tests of tdx_host.ko; each includes the .c files that it tests.

HOST_TESTS := $(patsubst %.c,%,$(notdir $(wildcard host/host_*_test.c)))
HOST_SOURCE := ../../arch/x86/virt/vmx/tdx
HOST_CFLAGS := -O1 -g -Wall -Wextra -Wno-unused-parameter -Werror \
	-fsanitize=address,undefined
# These bring the software module up.
HOST_MEMORY_TESTS := host_memory_test host_maps_test

.PHONY: check-host
check-host: $(addprefix $(OUT)/,$(HOST_TESTS))
	@set -e; for t in $^; do $$t; done

# The one that tests assembly.
$(OUT)/host_seamcall_test: HOST_ASM := -z noexecstack $(HOST_SOURCE)/seamcall.S

# swmod/rules.mk comes later.
.SECONDEXPANSION:

$(OUT)/host_module.o: host/host_module.c $(wildcard host/*.h swmod/*.h ../../arch/x86/virt/vmx/tdx/swmod/*/*.h)
	@mkdir -p $(OUT)
	$(CC) $(SWMOD_CFLAGS) -c -o $@ $<

$(addprefix $(OUT)/,$(HOST_MEMORY_TESTS)): $(OUT)/%: host/%.c host/host_memory.h host/host_check.h \
		$(OUT)/host_module.o $$(SWMOD_OBJECTS) \
		$(wildcard host/fake_memory/*.h $(HOST_SOURCE)/*.[ch])
	$(CC) $(HOST_CFLAGS) -pthread -I host/fake_memory -I . -o $@ $< $(OUT)/host_module.o \
		$(SWMOD_OBJECTS) -lcrypto

$(OUT)/host_private_test $(OUT)/host_metadata_test: $(OUT)/%: host/%.c host/host_check.h \
		$(wildcard host/fake_memory/*.h $(HOST_SOURCE)/*.[ch])
	@mkdir -p $(OUT)
	$(CC) $(HOST_CFLAGS) -I host/fake_memory -I . -o $@ $<

$(OUT)/host_dpamt_test: host/host_dpamt_test.c host/host_check.h \
		$(wildcard host/fake_memory/*.h $(HOST_SOURCE)/*.[ch])
	@mkdir -p $(OUT)
	$(CC) $(HOST_CFLAGS) -pthread -I host/fake_memory -I . -o $@ $<

# Counts that threads share; not part of check, for the same reason as swmod/rules.mk's.
.PHONY: tsan-host
tsan-host:
	@$(MAKE) -s $(OUT)/tsan/host_dpamt_test OUT=$(OUT)/tsan \
		HOST_CFLAGS='$(subst address$(comma)undefined,thread,$(HOST_CFLAGS))'
	@$(OUT)/tsan/host_dpamt_test

tsan: tsan-host

$(OUT)/host_%_test: host/host_%_test.c host/host_check.h host/fake_host/fake.h \
			 $(wildcard $(HOST_SOURCE)/*.[chS])
	@mkdir -p $(OUT)
	$(CC) $(HOST_CFLAGS) -I host/fake_host -I . -o $@ $< $(HOST_ASM)

# Bring-up has the software module's core below it.  Kernel headers that its files
# include and fake_host does not have are empty: the test has all of it.
HOST_REAL_HEADERS := linux/types.h linux/errno.h linux/stddef.h
HOST_HEADERS := $(filter-out $(HOST_REAL_HEADERS) $(patsubst host/fake_host/%,%,\
		  $(wildcard host/fake_host/*/*.h host/fake_host/*/*/*.h)),$(sort \
		  $(shell sed -n 's,^\#include <\(\(linux\|asm\)/.*\)>,\1,p' $(HOST_SOURCE)/*.[ch])))
HOST_EMPTY := $(addprefix $(OUT)/empty_headers/,$(HOST_HEADERS))

$(HOST_EMPTY):
	@mkdir -p $(@D)
	@touch $@

$(OUT)/host_machine.o: host/host_machine.c $(wildcard host/*.h swmod/*.h $(HOST_SOURCE)/swmod/*/*.h)
	@mkdir -p $(OUT)
	$(CC) $(SWMOD_CFLAGS) -c -o $@ $<

HOST_KERNEL_CC := $(CC) -O1 -g -Wall -Wextra -Wno-unused-parameter \
	-Wno-unused-function -Werror -fsanitize=address,undefined -I host/fake_host -I . \
	-I $(OUT)/empty_headers

$(OUT)/host_release_test $(OUT)/host_ask_test: $(OUT)/%: host/%.c host/host_check.h $(HOST_EMPTY) \
		$(wildcard host/fake_host/*.h $(HOST_SOURCE)/*.[ch])
	$(HOST_KERNEL_CC) -o $@ $<

$(OUT)/host_bringup_test $(OUT)/host_update_test: $(OUT)/%: host/%.c host/host_bringup.h \
		host/host_check.h host/host_machine.h \
		$(wildcard host/fake_host/*.h $(HOST_SOURCE)/*.[ch]) $(HOST_EMPTY) \
		$(OUT)/host_machine.o $$(SWMOD_OBJECTS)
	$(HOST_KERNEL_CC) -o $@ $< $(OUT)/host_machine.o $(SWMOD_OBJECTS) -lcrypto -pthread
