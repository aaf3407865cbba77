/* SPDX-License-Identifier: GPL-2.0-only */
/* gdb's remote protocol for a debug TD. */
#ifndef GDB_H
#define GDB_H

#include <stdbool.h>
#include <stddef.h>

#include "types.h"

struct vm;
struct vcpu;

/* --- rsp.c: packets; knows nothing of TDs --- */

/* What "PacketSize" says; of a packet's text. */
#define RSP_MAX		4096

/**
 * struct rsp - one connection
 * @fd: its socket
 * @no_ack: gdb has asked for packets without acknowledgement
 * @in: what has arrived and was not taken
 * @nr_in: bytes of it
 */
struct rsp {
	int fd;
	bool no_ack;
	char in[RSP_MAX + 8];
	size_t nr_in;
};

enum rsp_event { RSP_NOTHING, RSP_PACKET, RSP_INTERRUPT, RSP_CLOSED };

/* Take what is there; a packet's text goes to @text, of RSP_MAX + 1 bytes. */
enum rsp_event rsp_next(struct rsp *r, char *text);
/* Wait for more; false: the connection is gone. */
bool rsp_fill(struct rsp *r);
bool rsp_send(struct rsp *r, const char *text);

/* Hexadecimal; both return false for text that is none. */
bool hex_number(const char **text, u64 *val);
bool hex_bytes(const char *text, u8 *bytes, size_t nr);
void hex_put(char **out, const void *bytes, size_t nr);

/* --- gdb_target.c: what gdb sees of the TD; its vCPUs are stopped --- */
const char *target_xml(void);
/* "g", "p", "P" as gdb has them: hex, in the order of target_xml(). */
void target_registers(struct vcpu *vcpu, char *out);
bool target_register(struct vcpu *vcpu, unsigned int nr, char *out);
bool target_set_register(struct vcpu *vcpu, unsigned int nr, const char *hex);
/* Addresses of Linux' text may be used before Linux has tables for them. */
void target_linux_map(bool on);
/* @va by the tables of @vcpu.  All or nothing of a page. */
bool target_memory(struct vcpu *vcpu, u64 va, u8 *data, size_t size, bool write);
/* INT3 at @va; the TD's memory reads as if it were not there. */
bool target_insert(struct vcpu *vcpu, u64 va);
bool target_remove(struct vcpu *vcpu, u64 va);
/* Does @vcpu stand at one of them, or at an INT3 of the TD's own? */
bool target_at_breakpoint(struct vcpu *vcpu);
void target_remove_all(struct vcpu *vcpu);
/* Before the vCPU runs: one instruction or many, INT3 stops it or not. */
bool target_control(struct vcpu *vcpu, bool step, bool breakpoints);

/* --- gdb.c: the server --- */
void gdb_listen(struct vm *vm, const char *where);
void gdb_start(void);
/* The TD is at its end: tell gdb, let vCPU threads go. */
void gdb_end(bool failed);
/* Of the vCPU's thread: wait until the vCPU may run. */
void gdb_before_run(struct vcpu *vcpu);
/* It stopped at a breakpoint, or after a step. */
void gdb_stopped(struct vcpu *vcpu, bool breakpoint);
/* A TD that gdb has stopped, or that waits for it, is not idle. */
bool gdb_has_stopped(void);

#endif /* GDB_H */
