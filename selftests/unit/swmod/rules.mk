# SPDX-License-Identifier: GPL-2.0-only
# The software module's core in user space, with a scripted guest.

SWMOD_TESTS := $(patsubst %.c,%,$(notdir $(wildcard swmod/swmod_*_test.c)))
SWMOD := ../../arch/x86/virt/vmx/tdx/swmod
# What knows the kernel or VMX stays out.
SWMOD_ROOMS := $(addprefix $(SWMOD)/,core debug guest host os/user)
SWMOD_HEADERS := $(wildcard $(addsuffix /*.h,$(SWMOD_ROOMS)))
SWMOD_SOURCES := $(wildcard $(addsuffix /*.c,$(SWMOD_ROOMS))) swmod/swmod_machine.c \
	swmod/swmod_guest.c
SWMOD_OBJECTS := $(patsubst %.c,$(OUT)/swmod/%.o,$(notdir $(SWMOD_SOURCES)))
SWMOD_CFLAGS := -O1 -g -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-deprecated-declarations \
	-Wno-maybe-uninitialized -Werror \
	-fsanitize=address,undefined -pthread -I . -I swmod -I $(SWMOD)

.SECONDARY: $(SWMOD_OBJECTS)
vpath %.c $(SWMOD_ROOMS) swmod
comma := ,

$(OUT)/swmod/%.o: %.c $(SWMOD_HEADERS) $(wildcard *.h swmod/*.h)
	@mkdir -p $(OUT)/swmod
	@echo '  CC      $(@F)'
	@$(CC) $(SWMOD_CFLAGS) -c -o $@ $<

$(OUT)/swmod_%_test: swmod/swmod_%_test.c $(SWMOD_OBJECTS)
	@echo '  LD      $(@F)'
	@$(CC) $(SWMOD_CFLAGS) -o $@ $< $(SWMOD_OBJECTS) -lcrypto

# Not part of check: needs a kernel whose address layout gcc's runtime knows.
.PHONY: tsan
tsan:
	@$(MAKE) $(OUT)/tsan/swmod_stress_test OUT=$(OUT)/tsan \
		SWMOD_CFLAGS='$(subst address$(comma)undefined,thread,$(SWMOD_CFLAGS))'
	@$(OUT)/tsan/swmod_stress_test
