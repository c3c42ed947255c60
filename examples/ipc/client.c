/*
 * A client: says what it can do with what it was given. Each word after its name is something to try: "read", "add:N", or "pause",
 * which stops it: time for the parent to change its mind.
 */
#include <stdio.h>
#include <string.h>

#include "wasmrun.h"

#define NAMES 40

static const char *self;

/* Opens the port and asks; says what came of it. */
static void ask(const char *port, const char *question) {
  int to;
  char answer[32];
  wr_received_t got;
  if (wr_port_open(NAMES, port, WR_SEND, WR_NOWAIT, &to) != 0) {
    printf("%s: cannot open \"%s\": %s\n", self, port, strerror(errno));
    return;
  }
  if (wr_call(to, question, strlen(question), answer, sizeof answer - 1, &got) != 0)
    printf("%s: \"%s\" does not answer: %s\n", self, port, strerror(errno));
  else
    printf("%s: %s%s%s is %.*s\n", self, port, *question ? " " : "", question, (int)got.bytes, answer);
  close(to);
}

int main(int argc, char **argv) {
  self = argc > 1 ? argv[1] : "client";
  for (int at = 2; at < argc; at++) {
    if (strcmp(argv[at], "read") == 0) ask("read", "");
    else if (strncmp(argv[at], "add:", 4) == 0) ask("write", argv[at] + 4);
    else if (strcmp(argv[at], "pause") == 0) {
      fflush(stdout);
      /* Its process group is itself alone; it goes on when somebody continues it. */
      if (wr_kill(0, WR_SIGSTOP) != 0) perror(self);
    }
  }
  return 0;
}
