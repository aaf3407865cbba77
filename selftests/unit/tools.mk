# SPDX-License-Identifier: GPL-2.0-only
# Unit tests of the programs in tools/, and of those programs as they are run.

TOOLS_TESTS := $(patsubst %.c,%,$(wildcard tools_*_test.c)) docs_test compare_test \
	libvirt_test
TOOLS := ../../tools

.PHONY: check-tools
check-tools: $(addprefix $(OUT)/,$(TOOLS_TESTS))
	@set -e; for t in $^; do $$t; done

$(OUT)/tools_%_test: tools_%_test.c ktap.h tools_status_list.h \
		     $(wildcard $(TOOLS)/*.[ch] $(HOST_SOURCE)/*.[ch] $(SWMOD)/sw_status.h)
	@$(MAKE) -C $(TOOLS) OUT=$(OUT)/tools \
		CFLAGS="-O1 -fsanitize=address,undefined"
	$(CC) -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined \
		-DTOOLS_DIR='"$(OUT)/tools"' -DSWMOD_DIR='"$(SWMOD)"' -I . -I $(TOOLS) -o $@ $< \
		$(TOOLS)/decode.c $(TOOLS)/filter.c $(HOST_SOURCE)/status.c

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
