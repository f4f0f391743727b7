// SPDX-License-Identifier: BSD-3-Clause
/*
 * worker.c - probe-worker group|iommufd BDF BDF: a launcher with every right, and a worker
 * with none.
 *
 * The launcher opens the devices and the IOMMU and hands the descriptors over a socket. The
 * worker drops to uid 1000 and forbids itself, by a seccomp filter, to open anything; then it
 * forwards frames between two ports that it opens by those descriptors. What it has is its memory
 * limit and what it was given; if it is taken over, so is nothing else. doc/vfio.md tells the story.
 *
 * The library looks into /proc where it may (how much memory is left, how much is locked) and
 * does without where it may not; of a device whose descriptors it was given it opens nothing.
 * It forwards until the launcher is told to end (SIGTERM), which it sees by the socket.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <leat/leat.h>

#define WORKER_UID 1000
#define MEM_SIZE   ((size_t)48 << 20)
#define LOCK_LIMIT ((rlim_t)128 << 20)
#define BURST	   32

/* What the launcher sends: of each device its group or itself, and one IOMMU for both. */
struct given {
	int dev[2];
	int iommu;
};

static void die(const char *what)
{
	fprintf(stderr, "probe-worker: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the launcher ---- */

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

/* The number of the function's IOMMU group. */
static int open_group(const char *bdf)
{
	char path[128], target[256], *number;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		die(path);
	target[n] = '\0';
	number = strrchr(target, '/') + 1;
	snprintf(path, sizeof(path), "/dev/vfio/%.16s", number);
	return open_node(path);
}

/* The function's character device: the one entry "vfioN" of a folder. */
static int open_cdev(const char *bdf)
{
	struct dirent *entry;
	char path[128];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		die(path);
	do
		entry = readdir(dir);
	while (entry && entry->d_name[0] == '.');
	if (!entry)
		die(path);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%.16s", entry->d_name);
	closedir(dir);
	return open_node(path);
}

static void send_given(int sock, const struct given *given)
{
	char control[CMSG_SPACE(sizeof(*given))] = { 0 };
	struct iovec iov = { (char[]){ 'x' }, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(*given)), .cmsg_level = SOL_SOCKET,
			       .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(c), given, sizeof(*given));
	if (sendmsg(sock, &msg, 0) != 1)
		die("send the descriptors");
}

static int launch(int sock, const char *kind, char **bdf, const sigset_t *signals)
{
	bool group = !strcmp(kind, "group");
	int sig, status = 0;
	struct given given;

	for (unsigned int i = 0; i < 2; i++)
		given.dev[i] = group ? open_group(bdf[i]) : open_cdev(bdf[i]);
	given.iommu = open_node(group ? "/dev/vfio/vfio" : "/dev/iommu");
	send_given(sock, &given);
	for (unsigned int i = 0; i < 2; i++)
		close(given.dev[i]);
	close(given.iommu);
	sigwait(signals, &sig);		/* somebody wants the end, or the worker has ended */
	close(sock);
	wait(&status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- the worker ---- */

static struct given receive_given(int sock)
{
	struct given given;
	char control[CMSG_SPACE(sizeof(given))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		die("receive the descriptors");
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(given))) {
		errno = EPROTO;
		die("receive the descriptors");
	}
	memcpy(&given, CMSG_DATA(c), sizeof(given));
	return given;
}

static void drop_rights(void)
{
	if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ LOCK_LIMIT, LOCK_LIMIT }) ||
	    setgroups(0, NULL) || setresgid(WORKER_UID, WORKER_UID, WORKER_UID) ||
	    setresuid(WORKER_UID, WORKER_UID, WORKER_UID) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("drop rights");
}

/* open, openat, openat2 and creat are not permitted any more, whatever the name. */
static void forbid_opening(void)
{
#define REFUSE(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
		   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		REFUSE(SYS_openat), REFUSE(SYS_openat2),
#ifdef SYS_open
		REFUSE(SYS_open), REFUSE(SYS_creat),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { LEAT_ARRAY_LEN(filter), filter };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("forbid opening");
}

static void say(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	(void)level;
	printf("probe-worker: %s\n", message);
	fflush(stdout);
}

static bool launcher_gone(int sock)
{
	char c;

	return recv(sock, &c, 1, MSG_DONTWAIT) == 0;
}

/* What one receives the other sends; what it does not take at once waits. */
static void forward(struct leat_rxq *from, struct leat_txq *to, struct leat_pkt **held,
		    unsigned int *n)
{
	uint16_t sent;

	*n += leat_rx(from, held + *n, (uint16_t)(BURST - *n));
	sent = leat_tx(to, held, (uint16_t)*n);
	*n -= sent;
	memmove(held, held + sent, *n * sizeof(*held));
}

static int work(struct leat_ctx *ctx, struct leat_port **port, int sock)
{
	struct leat_pkt *held[2][BURST];
	unsigned int n[2] = { 0, 0 };
	int err;

	say(NULL, LEAT_LOG_INFO, "forwarding");
	do {
		for (unsigned int i = 0; i < 2; i++)
			forward(leat_port_rxq(port[i], 0), leat_port_txq(port[!i], 0), held[i], &n[i]);
		sched_yield();
		err = leat_ctx_poll(ctx);
	} while (!err && !launcher_gone(sock));

	for (unsigned int i = 0; i < 2; i++)
		leat_pkt_free(held[i], n[i]);
	return err;
}

static int be_worker(int sock, const char *kind, char **bdf)
{
	struct leat_ctx_config cfg = { .mem_size = MEM_SIZE, .page_size = 4096,
				       .drivers = leat_drivers, .log = say,
				       .log_level = LEAT_LOG_INFO };
	struct leat_port_config pc = { .mtu = 9000 };
	struct given given = receive_given(sock);
	struct leat_port *port[2] = { NULL, NULL };
	bool group = !strcmp(kind, "group");
	struct leat_ctx *ctx = NULL;
	int err;

	drop_rights();
	err = leat_ctx_open(&cfg, &ctx);
	if (err)
		say(NULL, LEAT_LOG_ERROR, cfg.error);
	forbid_opening();
	for (unsigned int i = 0; !err && i < 2; i++) {
		char addr[128];

		snprintf(addr, sizeof(addr), "%s:%s,domain=both,%s=%d,%s=%d", kind, bdf[i],
			 group ? "group-fd" : "device-fd", given.dev[i],
			 group ? "container-fd" : "iommu-fd", given.iommu);
		err = leat_port_open(ctx, addr, &pc, &port[i]);
	}
	/* The library has copies of its own. */
	close(given.dev[0]);
	close(given.dev[1]);
	close(given.iommu);
	if (!err)
		err = work(ctx, port, sock);
	leat_port_close(port[0]);
	leat_port_close(port[1]);
	leat_ctx_close(ctx);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	sigset_t signals;
	pid_t worker;
	int sock[2];

	if (argc != 4 || (strcmp(argv[1], "group") && strcmp(argv[1], "iommufd"))) {
		fprintf(stderr, "usage: probe-worker group|iommufd BDF BDF\n");
		return 2;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		die("socketpair");
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	worker = fork();
	if (worker < 0)
		die("fork");
	if (worker) {
		close(sock[1]);
		return launch(sock[0], argv[1], argv + 2, &signals);
	}
	close(sock[0]);
	return be_worker(sock[1], argv[1], argv + 2);
}
