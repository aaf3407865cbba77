// SPDX-License-Identifier: GPL-2.0-only
/*
 * A quote generation service that signs nothing: its quote is a line that says
 * so, and the report.  It tests the way there and back, for tdxrun and QEMU.
 *
 *   fake-quote SOCKET
 */
#include <arpa/inet.h>
#include <err.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "quote.h"

#define REPORT_SIZE	1024

static const char fake[64] = "FAKE QUOTE: kvm-tdx's tests made it, nobody signed it\n";

struct answer {
	u32 len;
	struct qgs_response r;
	u8 quote[sizeof(fake) + REPORT_SIZE];
} __packed;

static void serve(int fd)
{
	struct answer a = { .r.header = { .major = QGS_VERSION,
					  .minor = QGS_VERSION,
					  .type = QGS_QUOTE } };
	struct qgs_request r;
	u32 len, size = sizeof(a.r);

	if (recv(fd, &len, sizeof(len), MSG_WAITALL) != sizeof(len) ||
	    recv(fd, &r, sizeof(r), MSG_WAITALL) != sizeof(r))
		return;
	a.r.header.error = 1;
	if (ntohl(len) == sizeof(r) + REPORT_SIZE &&
	    r.header.type == QGS_GET_QUOTE && r.report_size == REPORT_SIZE &&
	    recv(fd, a.quote + sizeof(fake), REPORT_SIZE, MSG_WAITALL) == REPORT_SIZE) {
		memcpy(a.quote, fake, sizeof(fake));
		a.r.header.error = 0;
		a.r.quote_size = sizeof(a.quote);
		size = sizeof(a.r) + sizeof(a.quote);
	}
	a.r.header.size = size;
	a.len = htonl(size);
	send(fd, &a, sizeof(a.len) + size, MSG_NOSIGNAL);
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path))
		errx(2, "%s: too long", path);
	strcpy(addr.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, 4))
		err(1, "%s", path);
	return fd;
}

int main(int argc, char **argv)
{
	int listener, fd;

	if (argc != 2)
		errx(2, "usage: fake-quote SOCKET");
	listener = listen_at(argv[1]);
	/* Who has started it may now go on. */
	if (daemon(1, 1))
		err(1, "daemon");
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		serve(fd);
		close(fd);
	}
	return 1;
}
