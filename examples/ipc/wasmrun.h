/*
 * wasmrun.h: what wasmrun OS offers a WASI program besides WASI. Processes, pipes, the working directory, terminals, and message
 * ports with capabilities. docs/ipc.md says what each call means and which errors it gives.
 *
 * Each wr_ function returns 0, or -1 with errno set. A program that includes this header and calls none of them stays plain WASI.
 */
#ifndef WASMRUN_H
#define WASMRUN_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rights of a capability. */
#define WR_SEND 1u    /* send to the port; of a namespace: open ports to send to them */
#define WR_RECEIVE 2u /* receive from the port */
#define WR_GRANT 4u   /* hand it on: to a child, or in a message */
#define WR_OPEN 8u    /* of a namespace: look up a name */
#define WR_BIND 16u   /* of a namespace: make a port with a name */
#define WR_ALL 31u

/* Flag of wr_port_open, wr_send and wr_receive: EAGAIN (ENOENT) instead of waiting. */
#define WR_NOWAIT 1u

/* In the place of a namespace: a port without a name. */
#define WR_NOWHERE (-1)

#define WR_MESSAGE_MAX 65536 /* bytes of a message */
#define WR_ATTACHED_MAX 8    /* descriptors in a message */
#define WR_NAME_MAX 64       /* bytes of a name */

/* A descriptor to be sent; of a capability, the rights that go along. */
typedef struct {
  int32_t fd;
  uint32_t rights;
} wr_attachment_t;

/* What has come: the sender's pid is the machine's word, not the sender's. */
typedef struct {
  uint32_t bytes;
  uint32_t descriptors;
  int32_t sender;
} wr_received_t;

/* What a capability is. */
typedef struct {
  uint32_t kind; /* WR_PORT or WR_NAMESPACE */
  uint32_t rights;
  uint32_t alive;   /* 0 when it was revoked, or its port or namespace has ended */
  uint32_t waiting; /* messages, or names */
} wr_facts_t;
#define WR_PORT 1u
#define WR_NAMESPACE 2u

/* One of the caller's descriptors and the number that the child finds it under; of a capability, the rights that go along. */
typedef struct {
  int32_t from;
  int32_t to;
  uint32_t rights;
} wr_map_t;

#define WR_SPAWN_GROUP 1u      /* process group `group`; 0: one of its own */
#define WR_SPAWN_FOREGROUND 2u /* its group becomes the foreground of its terminal */
#define WR_SPAWN_SESSION 4u    /* a session of its own, without a terminal */

typedef struct {
  const char *const *argv; /* ends with NULL */
  const char *const *envp; /* ends with NULL; NULL: the caller's environment as it was at its start */
  const char *cwd;         /* NULL: the caller's */
  const char *command;     /* a path, or a name to be looked for in PATH; NULL: argv[0] */
  const wr_map_t *map;     /* all that the child gets, standard streams included */
  uint32_t map_length;
  uint32_t flags;
  int32_t group;
} wr_spawn_t;

#define WR_NOHANG 1u
#define WR_UNTRACED 2u
#define WR_CONTINUED 8u
/* Of the status that wr_wait gives, as in Linux's sys/wait.h. */
#define WR_EXITED(status) (((status) & 0x7f) == 0)
#define WR_EXIT_CODE(status) (((status) >> 8) & 0xff)
#define WR_SIGNALED(status) (((status) & 0x7f) != 0 && ((status) & 0x7f) != 0x7f)
#define WR_SIGNAL(status) ((status) & 0x7f)
#define WR_STOPPED(status) (((status) & 0xff) == 0x7f)
#define WR_HAS_CONTINUED(status) ((status) == 0xffff)

/* Signals have Linux's numbers. */
#define WR_SIGINT 2
#define WR_SIGKILL 9
#define WR_SIGTERM 15
#define WR_SIGCONT 18
#define WR_SIGSTOP 19

typedef struct {
  uint16_t rows;
  uint16_t columns;
} wr_winsize_t;

/* Modes with Linux's bits; the control characters are INTR QUIT ERASE KILL EOF WERASE SUSP MIN TIME. */
typedef struct {
  uint32_t input;
  uint32_t output;
  uint32_t local;
  uint8_t control[12];
} wr_termios_t;

#define WR_IMPORT(name) __attribute__((import_module("wasmrun"), import_name(#name)))
WR_IMPORT(spawn) int32_t wr__spawn(const wr_spawn_t *request, int32_t *pid);
WR_IMPORT(wait) int32_t wr__wait(int32_t pid, uint32_t options, uint32_t *status, int32_t *out);
WR_IMPORT(kill) int32_t wr__kill(int32_t pid, int32_t signal);
WR_IMPORT(pipe) int32_t wr__pipe(int32_t *ends);
WR_IMPORT(dup2) int32_t wr__dup2(int32_t fd, int32_t to);
WR_IMPORT(getcwd) int32_t wr__getcwd(char *buffer, size_t size, uint32_t *length);
WR_IMPORT(chdir) int32_t wr__chdir(const char *path, size_t length);
WR_IMPORT(winsize_get) int32_t wr__winsize_get(int32_t fd, wr_winsize_t *out);
WR_IMPORT(winsize_set) int32_t wr__winsize_set(int32_t fd, const wr_winsize_t *size);
WR_IMPORT(termios_get) int32_t wr__termios_get(int32_t fd, wr_termios_t *out);
WR_IMPORT(termios_set) int32_t wr__termios_set(int32_t fd, const wr_termios_t *modes);
WR_IMPORT(namespace_create) int32_t wr__namespace_create(int32_t *out);
WR_IMPORT(port_create) int32_t wr__port_create(int32_t names, const char *name, size_t length, int32_t *out);
WR_IMPORT(bind) int32_t wr__bind(int32_t names, const char *name, size_t length, int32_t port, uint32_t rights);
WR_IMPORT(port_open)
int32_t wr__port_open(int32_t names, const char *name, size_t length, uint32_t rights, uint32_t flags, int32_t *out);
WR_IMPORT(send)
int32_t wr__send(int32_t port, const void *data, size_t length, const wr_attachment_t *attached, size_t count,
                 uint32_t flags);
WR_IMPORT(receive)
int32_t wr__receive(int32_t port, void *data, size_t length, int32_t *attached, size_t most, uint32_t flags,
                    wr_received_t *out);
WR_IMPORT(derive) int32_t wr__derive(int32_t capability, uint32_t rights, int32_t *out);
WR_IMPORT(limit) int32_t wr__limit(int32_t capability, uint32_t rights);
WR_IMPORT(revoke) int32_t wr__revoke(int32_t capability);
WR_IMPORT(facts) int32_t wr__facts(int32_t capability, wr_facts_t *out);

static inline int wr__result(int32_t error) {
  if (error == 0) return 0;
  errno = error;
  return -1;
}

/* ── Processes ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

static inline int wr_spawn(const wr_spawn_t *request, int *pid) { return wr__result(wr__spawn(request, pid)); }

/* *out is the child, or 0 with WR_NOHANG when none has ended. */
static inline int wr_wait(int pid, unsigned options, unsigned *status, int *out) {
  return wr__result(wr__wait(pid, options, status, out));
}
static inline int wr_kill(int pid, int signal) { return wr__result(wr__kill(pid, signal)); }
static inline int wr_pipe(int ends[2]) { return wr__result(wr__pipe(ends)); }
static inline int wr_dup2(int fd, int to) { return wr__result(wr__dup2(fd, to)); }

/* NULL with ERANGE where the buffer is too small. */
static inline char *wr_getcwd(char *buffer, size_t size) {
  uint32_t length = 0;
  if (size == 0 || wr__result(wr__getcwd(buffer, size - 1, &length)) != 0) return NULL;
  buffer[length] = 0;
  return buffer;
}

/* Moves the process, and wasi-libc's own idea of where it is. */
static inline int wr_chdir(const char *path) {
  char now[4097];
  if (wr__result(wr__chdir(path, strlen(path))) != 0) return -1;
  return wr_getcwd(now, sizeof now) == NULL ? -1 : chdir(now);
}

/* ── Terminals ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

static inline int wr_winsize_get(int fd, wr_winsize_t *out) { return wr__result(wr__winsize_get(fd, out)); }
static inline int wr_winsize_set(int fd, const wr_winsize_t *size) { return wr__result(wr__winsize_set(fd, size)); }
static inline int wr_termios_get(int fd, wr_termios_t *out) { return wr__result(wr__termios_get(fd, out)); }
static inline int wr_termios_set(int fd, const wr_termios_t *modes) { return wr__result(wr__termios_set(fd, modes)); }

/* cfmakeraw(3): every key at once, nothing echoed, no signals from the keyboard. */
static inline void wr_make_raw(wr_termios_t *modes) {
  modes->input &= ~0700u;
  modes->output &= ~1u;
  modes->local &= ~(1u | 2u | 8u | 64u);
  modes->control[7] = 1;
  modes->control[8] = 0;
}

/* ── Ports and capabilities ────────────────────────────────────────────────────────────────────────────────────────── */

static inline int wr_namespace_create(int *out) { return wr__result(wr__namespace_create(out)); }

/* In a namespace, to receive from; with WR_NOWHERE and NULL, without a name and with all rights. */
static inline int wr_port_create(int names, const char *name, int *out) {
  return wr__result(wr__port_create(names, name, name ? strlen(name) : 0, out));
}

/* Gives a port that the caller can hand on a name in another namespace, with some of the rights to it. */
static inline int wr_bind(int names, const char *name, int port, unsigned rights) {
  return wr__result(wr__bind(names, name, strlen(name), port, rights));
}

/* Waits until there is a port of that name, unless flags say WR_NOWAIT. */
static inline int wr_port_open(int names, const char *name, unsigned rights, unsigned flags, int *out) {
  return wr__result(wr__port_open(names, name, strlen(name), rights, flags, out));
}
static inline int wr_send(int port, const void *data, size_t length, const wr_attachment_t *attached, size_t count,
                          unsigned flags) {
  return wr__result(wr__send(port, data, length, attached, count, flags));
}

/* With EMSGSIZE, *out says how much room the message needs; it stays. */
static inline int wr_receive(int port, void *data, size_t length, int *attached, size_t most, unsigned flags,
                             wr_received_t *out) {
  return wr__result(wr__receive(port, data, length, attached, most, flags, out));
}
static inline int wr_derive(int capability, unsigned rights, int *out) {
  return wr__result(wr__derive(capability, rights, out));
}
static inline int wr_limit(int capability, unsigned rights) { return wr__result(wr__limit(capability, rights)); }
static inline int wr_revoke(int capability) { return wr__result(wr__revoke(capability)); }
static inline int wr_facts(int capability, wr_facts_t *out) { return wr__result(wr__facts(capability, out)); }

/*
 * A question and its answer: sends the question with a capability to answer it, and waits. EPIPE when the service ends before it
 * has answered, or throws the capability away.
 */
static inline int wr_call(int port, const void *question, size_t length, void *answer, size_t size, wr_received_t *out) {
  int answers, error = 0;
  if (wr_port_create(WR_NOWHERE, NULL, &answers) != 0) return -1;
  wr_attachment_t attached = {answers, WR_SEND};
  /* Who can send to it himself would wait for ever when nobody else can. */
  if (wr_send(port, question, length, &attached, 1, 0) != 0 || wr_limit(answers, WR_RECEIVE) != 0 ||
      wr_receive(answers, answer, size, NULL, 0, 0, out) != 0)
    error = errno;
  close(answers);
  return wr__result(error);
}

#ifdef __cplusplus
}
#endif
#endif
