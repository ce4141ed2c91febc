// Targets of the debug nodes. The first argument chooses; each says one line of
// NAME=NUMBER when it is ready.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The counter is what runs and what is watched; table is a stack for rsp.
volatile long counter;
static long table[4] = {91, 92, 93, 94};

#ifdef __x86_64__
void spin(void), blocked(void);
extern char land77[], land_rax[], land_rsp[], land_fp[];
unsigned char fpout[64] __attribute__((aligned(16)));
unsigned char byte;

// spin counts in r13 until r12 is set from outside, and exits with r12.
// blocked reads a byte and exits with what the system call returned.
asm(".text\n"
    "spin: mov $0x1111111111111111,%rax\n mov $0x2222222222222222,%rbx\n mov $0x3333333333333333,%rcx\n"
    "mov $0x4444444444444444,%rdx\n mov $0x5555555555555555,%rsi\n mov $0x6666666666666666,%rdi\n"
    "mov $0x7777777777777777,%rbp\n mov $0x8888888888888888,%r8\n mov $0x9999999999999999,%r9\n"
    "mov $0xaaaaaaaaaaaaaaaa,%r10\n mov $0xbbbbbbbbbbbbbbbb,%r11\n mov $0xeeeeeeeeeeeeeeee,%r14\n"
    "mov $0x0f0f0f0f0f0f0f0f,%r15\n movq %rax,%xmm0\n movq %rbx,%xmm9\n fldpi\n fld1\n"
    "xor %r12d,%r12d\n xor %r13d,%r13d\n"
    "1: inc %r13\n mov %r13,counter(%rip)\n test %r12,%r12\n jz 1b\n"
    "mov %r12,%rdi\n mov $231,%eax\n syscall\n"
    "blocked: xor %edi,%edi\n lea byte(%rip),%rsi\n mov $1,%edx\n xor %eax,%eax\n syscall\n"
    "land_rax: mov %rax,%rdi\n mov $231,%eax\n syscall\n ud2\n"
    "land77: mov $77,%edi\n mov $231,%eax\n syscall\n ud2\n"
    "land_rsp: pop %rdi\n mov $231,%eax\n syscall\n ud2\n"
    "land_fp: movaps %xmm0,fpout(%rip)\n movaps %xmm15,16+fpout(%rip)\n fstpt 32+fpout(%rip)\n stmxcsr 48+fpout(%rip)\n"
    "mov $1,%edi\n lea fpout(%rip),%rsi\n mov $52,%edx\n mov $1,%eax\n syscall\n"
    "xor %edi,%edi\n mov $231,%eax\n syscall\n");
#endif

static void ready(long child) {
	printf("pid=%d child=%ld counter=%ld table=%ld", getpid(), child, (long)&counter, (long)table);
#ifdef __x86_64__
	printf(" land77=%ld rax=%ld rsp=%ld fp=%ld", (long)land77, (long)land_rax, (long)land_rsp, (long)land_fp);
#endif
	printf("\n");
	fflush(stdout);
}

static void trapped(int sig, siginfo_t *info, void *context) {
	(void)sig, (void)context;
	printf("trap %d\n", info->si_code);
	fflush(stdout);
	_exit(33);
}

static void watch(int handler) {
	struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
	if (handler)
		sigaction(SIGTRAP, &action, NULL);
	ready(0);
	for (;; usleep(1000))
		counter++;
}

// Tells each signal and who sent it.
static void receive(void) {
	sigset_t all;
	sigfillset(&all), sigprocmask(SIG_BLOCK, &all, NULL);
	ready(0);
	for (siginfo_t info;;) {
		int sig = sigwaitinfo(&all, &info);
		printf("%d %d %d %d\n", sig, info.si_code, info.si_pid, (int)info.si_uid);
		fflush(stdout);
	}
}

// A child that ends with us.
static int child(void) {
	int us = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != us)
			_exit(1);
	}
	return pid;
}

// Has a stopped child and says, when asked, what it has heard of it since.
static void parent(void) {
	sigset_t chld;
	sigemptyset(&chld), sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	int pid = child(), status;
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(5);
	}
	waitpid(pid, &status, WUNTRACED);
	sigwaitinfo(&chld, NULL);
	ready(pid);
	for (char c; read(0, &c, 1) == 1;) {
		sigset_t pending;
		sigpending(&pending);
		int heard = waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG);
		printf("%d %d\n", sigismember(&pending, SIGCHLD), heard == pid ? status : heard);
		fflush(stdout);
	}
}

static void in_vfork(void) {
	ready(0); // the child goes when the input ends
	if (vfork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		char c;
		syscall(SYS_read, 0, &c, 1);
		_exit(0);
	}
	_exit(6);
}

#ifdef __x86_64__
static void *spinning(void *tid) { // r12 is its thread id
	*(volatile long *)tid = gettid();
	asm volatile("mov %0,%%r12\n1: jmp 1b" ::"r"((long)gettid()));
	return NULL;
}

static void leader_gone(void) {
	static volatile long tids[3];
	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		pthread_create(&thread, NULL, spinning, (void *)&tids[i]);
		while (!tids[i])
			usleep(100);
	}
	ready(tids[0]);
	syscall(SYS_exit, 0);
}
#endif

static long micros(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Reads a file that its input names some times: result, errno and time of each.
static void reader(int times) {
	char file[256], buffer[512];
	ready(0);
	if (scanf("%255s", file) != 1)
		_exit(1);
	int fd;
	do fd = open(file, O_RDONLY); while (fd < 0 && errno == EINTR); // sampled
	while (times-- > 0) {
		long start = micros(), n = pread(fd, buffer, sizeof buffer, 0);
		printf("%ld %d %ld\n", n, n < 0 ? errno : 0, micros() - start);
		fflush(stdout);
	}
	pause();
}

static volatile sig_atomic_t handled;
static void handler(int sig) { (void)sig, handled = 1; }

static int pair[2], queue, semaphore, listener, locked;
static struct timeval hours = {7200, 0};

static long timed(int fd) {
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &hours, sizeof hours);
	return fd;
}

// One system call that waits for ever. The descriptors never become ready.
static long waits(const char *name) {
	char c;
	long file = 0;
	struct timespec hour = {7200, 0};
	sigset_t none, two;
	fd_set set;
	sigemptyset(&none), sigemptyset(&two), sigaddset(&two, SIGUSR2);
	FD_ZERO(&set);
	FD_SET(pair[0], &set);
	struct pollfd pfd = {pair[0], POLLIN, 0};
	struct epoll_event event;
	struct sembuf take = {0, -1, 0};
	siginfo_t info;
	struct { long type; char text[8]; } message;
#define CALL(word, call) if (!strcmp(name, word)) return call
	CALL("nanosleep", nanosleep(&hour, NULL));
	CALL("clock_nanosleep", (errno = clock_nanosleep(CLOCK_REALTIME, 0, &hour, NULL)) ? -1 : 0);
	CALL("read", read(pair[0], &c, 1));
	CALL("poll", poll(&pfd, 1, -1));
	CALL("ppoll", ppoll(&pfd, 1, NULL, &none));
	CALL("select", select(pair[0] + 1, &set, NULL, NULL, NULL));
	CALL("pselect", pselect(pair[0] + 1, &set, NULL, NULL, NULL, &none));
	CALL("epoll_wait", epoll_wait(epoll_create1(0), &event, 1, -1));
	CALL("futex", syscall(SYS_futex, &file, FUTEX_WAIT, 0, NULL, NULL, 0));
	CALL("wait4", waitpid(-1, NULL, 0));
	CALL("waitid", waitid(P_ALL, 0, &info, WEXITED));
	CALL("accept", accept(listener, NULL, NULL));
	CALL("accept-timeout", accept(timed(listener), NULL, NULL));
	CALL("recv", recv(pair[0], &c, 1, 0));
	CALL("recv-timeout", recv(timed(pair[0]), &c, 1, 0));
	CALL("pause", pause());
	CALL("sigsuspend", sigsuspend(&none));
	CALL("sigtimedwait", sigtimedwait(&two, &info, &hour));
	CALL("semop", semop(semaphore, &take, 1));
	CALL("semtimedop", semtimedop(semaphore, &take, 1, &hour));
	CALL("msgrcv", msgrcv(queue, &message, 8, 0, 0));
	CALL("flock", flock(locked, LOCK_EX));
	CALL("io_getevents", syscall(SYS_io_setup, 1, &file) ? -1 : syscall(SYS_io_getevents, file, 1, 1, &message, NULL));
	errno = ENOSYS;
	return -1;
}

static void prepare(void) {
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	FILE *file = tmpfile();
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
	locked = open(path, O_RDWR);
	flock(fileno(file), LOCK_EX); // another open file than locked
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(listener, (void *)&any, sizeof(sa_family_t)); // an abstract name
	listen(listener, 1);
	if (child() == 0) // somebody to wait for
		for (;;)
			pause();
	semaphore = semget(IPC_PRIVATE, 1, 0600);
	queue = msgget(IPC_PRIVATE, 0600);
}

// Says when the system call ends, and whether a handler ran.
static void block(const char *name) {
	struct sigaction action = {.sa_handler = handler}; // no SA_RESTART
	sigaction(SIGUSR1, &action, NULL);
	prepare();
	ready(0);
	long r = waits(name);
	int error = r < 0 ? errno : 0;
	printf("%ld %d %d\n", r, error, (int)handled);
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv) {
	const char *mode = argc > 1 ? argv[1] : "";
	if (!strcmp(mode, "watch"))
		watch(argc > 2);
	else if (!strcmp(mode, "receive"))
		receive();
	else if (!strcmp(mode, "parent"))
		parent();
	else if (!strcmp(mode, "vfork"))
		in_vfork();
	else if (!strcmp(mode, "read"))
		reader(atoi(argv[2]));
	else if (!strcmp(mode, "block"))
		block(argv[2]);
#ifdef __x86_64__
	else if (!strcmp(mode, "leadergone"))
		leader_gone();
#endif
	else if (!strcmp(mode, "secret"))
		prctl(PR_SET_DUMPABLE, 0);
	ready(0);
	if (!strcmp(mode, "exec")) { // executes another image when told to
		char c;
		if (read(0, &c, 1) == 1)
			execl(argv[2], argv[2], (char *)NULL);
#ifdef __x86_64__
	} else if (!strcmp(mode, "spin")) {
		spin();
	} else if (!strcmp(mode, "blocked")) {
		blocked();
#endif
	} else { // for the end of the input
		for (char c; read(0, &c, 1) > 0;)
			;
	}
	return 0;
}
