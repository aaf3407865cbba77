# SPDX-License-Identifier: GPL-2.0-only
# Unit tests of tdx_host.ko; each includes the .c files that it tests.

HOST_TESTS := $(patsubst %.c,%,$(wildcard host_*_test.c))
HOST_SOURCE := ../../arch/x86/virt/vmx/tdx
HOST_CFLAGS := -O1 -g -Wall -Wextra -Wno-unused-parameter -Werror \
	-fsanitize=address,undefined
# These bring the software module up.
HOST_MEMORY_TESTS := host_memory_test host_maps_test

.PHONY: check-host
check-host: $(addprefix $(OUT)/,$(HOST_TESTS))
	@set -e; for t in $^; do $$t; done

# swmod.mk comes later.
.SECONDEXPANSION:

$(OUT)/host_module.o: host_module.c $(wildcard *.h ../../arch/x86/virt/vmx/tdx/swmod/*.h)
	@mkdir -p $(OUT)
	$(CC) $(SWMOD_CFLAGS) -c -o $@ $<

$(addprefix $(OUT)/,$(HOST_MEMORY_TESTS)): $(OUT)/%: %.c host_machine.h host_check.h \
		$(OUT)/host_module.o $$(SWMOD_OBJECTS) \
		$(wildcard fake_memory/*.h $(HOST_SOURCE)/*.[ch])
	$(CC) $(HOST_CFLAGS) -pthread -I fake_memory -o $@ $< $(OUT)/host_module.o \
		$(SWMOD_OBJECTS) -lcrypto

$(OUT)/host_private_test $(OUT)/host_metadata_test: $(OUT)/%: %.c host_check.h \
		$(wildcard fake_memory/*.h $(HOST_SOURCE)/*.[ch])
	@mkdir -p $(OUT)
	$(CC) $(HOST_CFLAGS) -I fake_memory -o $@ $<

$(OUT)/host_%_test: host_%_test.c host_check.h fake_host/fake.h \
			 $(wildcard $(HOST_SOURCE)/*.[ch])
	@mkdir -p $(OUT)
	$(CC) $(HOST_CFLAGS) -I fake_host -o $@ $<
