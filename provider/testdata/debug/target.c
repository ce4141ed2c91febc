// Processes to be stopped, sampled, changed and signalled by the tests of
// ptrace.go and signal.go. The first argument chooses; each says one line when
// it is ready.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile long watched;
static long stack[8] = {91, 92, 93, 94}; // for a stack pointer set from outside

static void ready(long a, long b) { printf("%d %ld %ld\n", getpid(), a, b); fflush(stdout); }

#ifdef __x86_64__
extern char landing[], known_registers[];

// Each loops until r12 is set from outside, and exits with something.
__attribute__((noinline)) static void spin(void) {
	asm volatile("xor %r12,%r12\n1: test %r12,%r12\njz 1b\nmov %r12,%rdi\nmov $231,%eax\nsyscall");
}
__attribute__((noinline)) static void spin_pop(void) {
	asm volatile("xor %r12,%r12\n1: test %r12,%r12\njz 1b\npop %rdi\nmov $231,%eax\nsyscall");
}
__attribute__((noinline)) static void spin_xmm(void) {
	asm volatile("xor %r12,%r12\n1: test %r12,%r12\njz 1b\nmovq %xmm7,%rdi\nmov $231,%eax\nsyscall");
}
// Blocks in read(0) and exits with its result, or with 77 at landing; just
// before that lies an invalid instruction.
__attribute__((noinline)) static void read_exit(void *buffer) {
	asm volatile("xor %%edi,%%edi\nmov $1,%%edx\nxor %%eax,%%eax\nsyscall\n"
		     "mov %%rax,%%rdi\nmov $231,%%eax\nsyscall\nud2\n"
		     ".globl landing\nlanding: mov $77,%%edi\nmov $231,%%eax\nsyscall" ::"S"(buffer) : "memory");
}
// Loops with known registers.
__attribute__((noinline)) static void known(void) {
	asm volatile("mov $0x1111111111111111,%rax\nmov $0x2222222222222222,%rbx\nmov $0x3333333333333333,%rcx\n"
		     "mov $0x4444444444444444,%rdx\nmov $0x5555555555555555,%rsi\nmov $0x6666666666666666,%rdi\n"
		     "mov $0x8888888888888888,%r8\nmov $0x9999999999999999,%r9\nmov $0xaaaaaaaaaaaaaaaa,%r10\n"
		     "mov $0xbbbbbbbbbbbbbbbb,%r11\nmov $0xcccccccccccccccc,%r12\nmov $0xdddddddddddddddd,%r13\n"
		     "mov $0xeeeeeeeeeeeeeeee,%r14\nmov $0x0f0f0f0f0f0f0f0f,%r15\nmovq %rax,%xmm3\n"
		     ".globl known_registers\nknown_registers: jmp known_registers");
}
#endif

static void trapped(int sig, siginfo_t *info, void *context) {
	(void)sig, (void)context;
	_exit(info->si_code == 4 /* TRAP_HWBKPT */ ? 33 : 34);
}

static void watch(void) {
	struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
	sigaction(SIGTRAP, &action, NULL);
	ready((long)&watched, 0);
	for (;;) {
		watched++;
		usleep(1000);
	}
}

static void count(const char *file) {
	int fd = open(file, O_RDWR);
	volatile long *counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ready(0, 0);
	for (;;)
		++*counter;
}

// Has a stopped child, and says at the end whether it has heard of it again.
static void parent(void) {
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	int pid = fork(), status;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		_exit(5);
	}
	waitpid(pid, &status, WUNTRACED);
	siginfo_t info;
	sigwaitinfo(&chld, &info);
	ready(pid, WIFSTOPPED(status));
	char c;
	if (read(0, &c, 1) != 1)
		_exit(1);
	sigset_t pending;
	sigpending(&pending);
	int heard = waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG);
	printf("%d %d\n", sigismember(&pending, SIGCHLD), heard);
	fflush(stdout);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

static void traced(void) {
	int pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL);
	ready(pid, 0);
	pause();
}

static void in_vfork(void) {
	ready(0, 0);
	if (vfork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		syscall(SYS_read, 0, &watched, 1);
		_exit(0);
	}
	_exit(0);
}

static void *thread(void *unused) {
	(void)unused;
	ready(gettid(), 0);
	for (;;)
		pause();
}

// Says whether a system call ended early, and with which error.
static void result(const char *name, long r) {
	printf("%s %ld %d\n", name, r, r < 0 ? errno : 0);
	fflush(stdout);
}

static void sleeper(const char *name) {
	char c;
	struct timespec hour = {3600, 0};
	ready(0, 0);
	if (!strcmp(name, "nanosleep"))
		result(name, nanosleep(&hour, NULL));
	else if (!strcmp(name, "read"))
		result(name, read(0, &c, 1));
	else if (!strcmp(name, "epoll_wait")) {
		struct epoll_event event;
		result(name, epoll_wait(epoll_create1(0), &event, 1, -1));
	} else if (!strcmp(name, "futex"))
		result(name, syscall(SYS_futex, &watched, FUTEX_WAIT, 0, NULL, NULL, 0));
	for (;;)
		pause();
}

static void receiver(void) {
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	ready(0, 0);
	for (siginfo_t info;;) {
		int sig = sigwaitinfo(&all, &info);
		if (sig < 0) // sampled
			continue;
		printf("%d %d %d %d\n", sig, info.si_code, info.si_pid, (int)info.si_uid);
		fflush(stdout);
	}
}

static volatile int handled;

static void handler(int sig, siginfo_t *info, void *context) {
	(void)sig, (void)context;
	char line[64];
	int n = snprintf(line, sizeof line, "%d %d\n", ++handled, (int)info->si_pid);
	if (write(1, line, n) != n)
		_exit(1);
}

// Says the number and the sender of each signal, from a handler.
static void handle(void) {
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigaction(SIGUSR1, &action, NULL);
	ready(0, 0);
	for (;;)
		watched++;
}

// Tries kill(2) as it is told, and says the errno.
static void agent(void) {
	ready(0, 0);
	for (int pid, sig; scanf("%d %d", &pid, &sig) == 2;) {
		printf("%d\n", kill(pid, sig) ? errno : 0);
		fflush(stdout);
	}
}

static void crowd(int n) {
	setpgid(0, 0);
	for (int i = 0; i < n; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	ready(0, 0);
	for (;;)
		pause();
}

// Executes itself anew when it is told to.
static void execs(char **argv) {
	char c;
	ready(0, 0);
	if (read(0, &c, 1) == 1)
		execl(argv[0], argv[0], "receiver", (char *)NULL);
}

static int as(char **argv) {
	int r = atoi(argv[2]), e = atoi(argv[3]), s = atoi(argv[4]);
	return setresgid(r, e, s) || setresuid(r, e, s) || prctl(PR_SET_DUMPABLE, 1);
}

int main(int argc, char **argv) {
	if (argc > 5 && !strcmp(argv[1], "as")) {
		if (as(argv))
			return 1;
		argv += 4, argc -= 4;
	}
	const char *mode = argc > 1 ? argv[1] : "";
	if (!strcmp(mode, "count"))
		count(argv[2]);
	else if (!strcmp(mode, "watch"))
		watch();
	else if (!strcmp(mode, "parent"))
		parent();
	else if (!strcmp(mode, "traced"))
		traced();
	else if (!strcmp(mode, "vfork"))
		in_vfork();
	else if (!strcmp(mode, "leadergone")) {
		pthread_t t;
		pthread_create(&t, NULL, thread, NULL);
		pthread_exit(NULL);
	} else if (!strcmp(mode, "sleep"))
		sleeper(argv[2]);
	else if (!strcmp(mode, "receiver"))
		receiver();
	else if (!strcmp(mode, "agent"))
		agent();
	else if (!strcmp(mode, "handler"))
		handle();
	else if (!strcmp(mode, "execs"))
		execs(argv);
	else if (!strcmp(mode, "crowd"))
		crowd(atoi(argv[2]));
#ifdef __x86_64__
	static char buffer[8];
	ready((long)stack, !strcmp(mode, "known") ? (long)known_registers : (long)landing);
	if (!strcmp(mode, "spin"))
		spin();
	else if (!strcmp(mode, "spinpop"))
		spin_pop();
	else if (!strcmp(mode, "spinxmm"))
		spin_xmm();
	else if (!strcmp(mode, "readexit"))
		read_exit(buffer);
	else if (!strcmp(mode, "known"))
		known();
#endif
	return 2;
}
