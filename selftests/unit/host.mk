# SPDX-License-Identifier: GPL-2.0-only
# Unit tests of tdx_host.ko; each includes the .c file that it tests.

HOST_TESTS := $(patsubst %.c,%,$(wildcard host_*_test.c))
HOST_SOURCE := ../../arch/x86/virt/vmx/tdx

.PHONY: check-host
check-host: $(addprefix $(OUT)/,$(HOST_TESTS))
	@set -e; for t in $^; do $$t; done

# The one that tests assembly.
$(OUT)/host_seamcall_test: HOST_ASM := -z noexecstack $(HOST_SOURCE)/seamcall.S

$(OUT)/host_%_test: host_%_test.c host_check.h fake_host/fake.h \
			 $(wildcard $(HOST_SOURCE)/*.[chS])
	@mkdir -p $(OUT)
	$(CC) -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -I fake_host -o $@ $< $(HOST_ASM)
