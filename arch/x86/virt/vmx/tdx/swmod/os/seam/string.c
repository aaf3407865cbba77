// SPDX-License-Identifier: GPL-2.0-only
/* What the compiler and the core take from a C library. */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n)
{
	void *ret = to;

	asm volatile("rep movsb" : "+D" (to), "+S" (from), "+c" (n) : : "memory");
	return ret;
}

void *memset(void *to, int byte, size_t n)
{
	void *ret = to;

	asm volatile("rep stosb" : "+D" (to), "+c" (n) : "a" (byte) : "memory");
	return ret;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;
	size_t i;

	for (i = 0; i < n; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}
