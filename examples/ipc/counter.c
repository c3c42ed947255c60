/*
 * The service: counts. It has two ports, and which of them a client can reach is all that decides what the client may do: "read"
 * answers with the count, "write" adds to it. The service itself asks nobody who they are.
 *
 *   read   (anything)      ─► the count
 *   write  a number        ─► the new count
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "wasmrun.h"

/* Where the parent has put the namespace: the number is agreed upon, the right is not. */
#define NAMES 40

static long count = 0;

/* Takes one question and answers it by the capability that came with it. 0, or -1 when nobody can ask any more. */
static int serve(int port, int writes) {
  char text[32];
  int answer = -1;
  wr_received_t got;
  if (wr_receive(port, text, sizeof text - 1, &answer, 1, 0, &got) != 0) return -1;
  text[got.bytes] = 0;
  if (writes) count += strtol(text, NULL, 10);
  if (got.descriptors == 0) return 0;
  int length = snprintf(text, sizeof text, "%ld", count);
  /* Who does not wait for the answer has gone; that is no trouble of ours. */
  wr_send(answer, text, length, NULL, 0, WR_NOWAIT);
  close(answer);
  return 0;
}

int main(void) {
  int read_port, write_port;
  if (wr_port_create(NAMES, "read", &read_port) != 0 || wr_port_create(NAMES, "write", &write_port) != 0) {
    perror("counter: no port");
    return 1;
  }
  /* Its right to make names is used up: whatever comes through a message later cannot make it take another one's. */
  close(NAMES);
  struct pollfd ports[2] = {{.fd = read_port, .events = POLLIN}, {.fd = write_port, .events = POLLIN}};
  while (poll(ports, 2, -1) > 0) {
    for (int at = 0; at < 2; at++) {
      if (ports[at].fd < 0 || ports[at].revents == 0) continue;
      if (serve(ports[at].fd, at) != 0) ports[at].fd = -1;
    }
    if (ports[0].fd < 0 && ports[1].fd < 0) break;
  }
  printf("counter: nobody can ask any more; the count is %ld\n", count);
  return 0;
}
