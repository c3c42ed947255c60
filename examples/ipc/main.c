/*
 * The parent: starts a counter and four clients, and gives each no more than it is to have.
 *
 *   writer    the counter's namespace, with the names "read" and "write"
 *   reader    a namespace of its own, in which there is only "read"
 *   stranger  nothing
 *   guest     as the writer, but only until it is taken back
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasmrun.h"

/* The number under which a child finds its namespace. */
#define NAMES 40

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "main: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* A child in a group of its own, with the standard streams and (unless it is -1) a namespace with these rights. */
static int start(const char *const *argv, int names, unsigned rights) {
  wr_map_t map[] = {{0, 0, 0}, {1, 1, 0}, {2, 2, 0}, {names, NAMES, rights}};
  wr_spawn_t request = {.argv = argv, .map = map, .map_length = names < 0 ? 3 : 4, .flags = WR_SPAWN_GROUP};
  int pid;
  fflush(stdout);
  if (wr_spawn(&request, &pid) != 0) fail(argv[0]);
  return pid;
}

static void finish(int pid) {
  unsigned status;
  int ended;
  if (wr_wait(pid, 0, &status, &ended) != 0) fail("wait");
  if (!WR_EXITED(status) || WR_EXIT_CODE(status) != 0) printf("main: process %d ended with %#x\n", ended, status);
}

/* Until the guest has paused. */
static void await_stop(int pid) {
  unsigned status;
  int stopped;
  if (wr_wait(pid, WR_UNTRACED, &status, &stopped) != 0) fail("wait");
  if (!WR_STOPPED(status)) printf("main: process %d did not pause: %#x\n", stopped, status);
}

static long read_count(int port) {
  char text[32] = "";
  wr_received_t got;
  if (wr_call(port, "", 0, text, sizeof text - 1, &got) != 0) fail("read");
  return strtol(text, NULL, 10);
}

int main(void) {
  int names, readable, port, lent;
  if (wr_namespace_create(&names) != 0 || wr_namespace_create(&readable) != 0) fail("namespace");
  const char *counter[] = {"./counter.wasm", NULL};
  int service = start(counter, names, WR_BIND);
  /* Waits until the counter has made it. */
  if (wr_port_open(names, "read", WR_SEND | WR_GRANT, 0, &port) != 0) fail("read");
  if (wr_bind(readable, "read", port, WR_SEND) != 0) fail("bind");

  const char *writer[] = {"./client.wasm", "writer", "add:40", "add:2", "read", NULL};
  finish(start(writer, names, WR_OPEN | WR_SEND));
  const char *reader[] = {"./client.wasm", "reader", "read", "add:1000", NULL};
  finish(start(reader, readable, WR_OPEN | WR_SEND));
  const char *stranger[] = {"./client.wasm", "stranger", "read", "add:1000", NULL};
  finish(start(stranger, -1, 0));

  /* All that comes from `lent` is taken back with one call, and what the others have stays. */
  if (wr_derive(names, WR_OPEN | WR_SEND | WR_GRANT, &lent) != 0) fail("derive");
  const char *visitor[] = {"./client.wasm", "guest", "add:8", "pause", "read", "add:1000", NULL};
  int guest = start(visitor, lent, WR_OPEN | WR_SEND);
  await_stop(guest);
  if (wr_revoke(lent) != 0) fail("revoke");
  printf("main: has taken back what it lent the guest\n");
  fflush(stdout);
  if (wr_kill(guest, WR_SIGCONT) != 0) fail("continue");
  finish(guest);
  printf("main: the count is %ld\n", read_count(port));

  /* Once nobody is left who could ask, the service ends by itself. */
  fflush(stdout);
  int held[] = {port, lent, readable, names};
  for (int at = 0; at < 4; at++) close(held[at]);
  finish(service);
  return 0;
}
