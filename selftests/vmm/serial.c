// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 16550 that is always ready to send and never receives.  A TD's interrupts
 * come from its local APIC only, and firmware polls: no interrupt is raised.
 */
#include "dev.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH };

#define LCR_DLAB	0x80
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_EMPTY	0x60
#define MSR_CTS_DSR_DCD	0xb0
#define IIR_NONE	0x01
#define IIR_FIFO	0xc0

static struct {
	u8 reg[8];
	u8 divisor[2];
	u8 fifo;
	u8 looped;
	bool has_looped;
} uart;

/* In loopback the modem outputs come back as the modem inputs. */
static u8 modem_status(void)
{
	u8 mcr = uart.reg[MCR];

	if (!(mcr & MCR_LOOP))
		return MSR_CTS_DSR_DCD;
	return (mcr & 0x02) << 3 | (mcr & 0x01) << 5 | (mcr & 0x0c) << 4;
}

u8 serial_in(unsigned int reg)
{
	if (reg <= IER && uart.reg[LCR] & LCR_DLAB)
		return uart.divisor[reg];

	switch (reg) {
	case DATA:
		uart.has_looped = false;
		return uart.looped;
	case IIR:
		return IIR_NONE | (uart.fifo & 1 ? IIR_FIFO : 0);
	case LSR:
		return LSR_EMPTY | (uart.has_looped ? LSR_DATA : 0);
	case MSR:
		return modem_status();
	default:
		return uart.reg[reg];
	}
}

void serial_out(unsigned int reg, u8 val)
{
	if (reg <= IER && uart.reg[LCR] & LCR_DLAB) {
		uart.divisor[reg] = val;
		return;
	}

	switch (reg) {
	case DATA:
		if (uart.reg[MCR] & MCR_LOOP) {
			uart.looped = val;
			uart.has_looped = true;
		} else {
			console_putc(val);
		}
		break;
	case IIR:
		uart.fifo = val;
		break;
	case LSR:
	case MSR:
		break;
	default:
		uart.reg[reg] = val;
	}
}
