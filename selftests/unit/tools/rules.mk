# SPDX-License-Identifier: GPL-2.0-only
# Unit tests of the programs in tools/, and of those programs as they are run.

TOOLS_TESTS := $(patsubst %.c,%,$(notdir $(wildcard tools/tools_*_test.c))) docs_test compare_test \
	libvirt_test
TOOLS := ../../tools

.PHONY: check-tools
check-tools: $(addprefix $(OUT)/,$(TOOLS_TESTS))
	@set -e; for t in $^; do $$t; done

# What the programs consist of, but for their main().
TOOLS_status := decode.c filter.c
TOOLS_timeline := timeline.c timeline_parse.c timeline_json.c timeline_svg.c
TOOLS_top := top.c
TOOLS_info := info_host.c info_check.c info_memory.c info_print.c info_enable.c

$(OUT)/tools_%_test: tools/tools_%_test.c ktap.h tools/tools_status_list.h tools/tools_timeline.trace \
		     $(wildcard $(TOOLS)/*.[ch] $(HOST_SOURCE)/*.[ch] $(SWMOD)/core/sw_status.h)
	@$(MAKE) -C $(TOOLS) OUT=$(OUT)/tools \
		CFLAGS="-O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
	$(CC) -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined \
		-fno-sanitize-recover=all -DTOOLS_DIR='"$(OUT)/tools"' -DSWMOD_DIR='"$(SWMOD)"' -I . -I $(TOOLS) -o $@ $< \
		$(addprefix $(TOOLS)/,$(TOOLS_$*)) $(HOST_SOURCE)/status.c -lm

$(OUT)/tools_measure_test: tools/tools_measure_test.c ktap.h $(TOOLS)/measure.c \
			   $(TOOLS)/measure.h ../vmm/tdvf.c ../vmm/tdvf.h
	@mkdir -p $(OUT)
	$(CC) -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -I . \
		-I $(TOOLS) -I ../vmm -I ../lib -o $@ $< $(TOOLS)/measure.c \
		../vmm/tdvf.c -lgcrypt -lcrypto

$(OUT)/docs_test: docs_test
	@mkdir -p $(OUT)
	@ln -sf $(abspath $<) $@

# Of "make peer".
$(OUT)/compare_test: ../peer/compare-test ../peer/compare
	@mkdir -p $(OUT)
	@ln -sf $(abspath $<) $@

# docs/examples/td.xml, by libvirt's schema.
$(OUT)/libvirt_test: ../libvirt/schema-test
	@mkdir -p $(OUT)
	@ln -sf $(abspath $<) $@
