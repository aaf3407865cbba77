# SPDX-License-Identifier: GPL-2.0-only
# Short runs of the programs of selftests/fuzz, and what needs a linker option.

FUZZ_TESTS := ../fuzz/fuzz_replay ../fuzz/predict ../fuzz/fuzz_race

.PHONY: $(addprefix $(OUT)/,$(FUZZ_TESTS))
$(addprefix $(OUT)/,$(FUZZ_TESTS)):
	@$(MAKE) -C ../fuzz $(abspath $@)

$(OUT)/swmod_lock_test: SWMOD_CFLAGS += -Wl,--wrap=sw_unlock \
	-Wl,--wrap=sw_entry_unlock
