/* SPDX-License-Identifier: GPL-2.0-only */
/* What package.c needs of it is in host_package_test.c. */
