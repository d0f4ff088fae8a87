// link-emulator: a link between two network namespaces that loses, delays, reorders, doubles and slows packets; for kernels without netem.
//
//   link-emulator NETNS1 DEVICE1 NETNS2 DEVICE2 SEED
//
// NETNS is a path such as /proc/123/ns/net; a TAP device of the given name is made in each. Standard input takes a line per change:
//
//   up|down delay=MS jitter=MS loss=PERCENT reorder=PERCENT duplicate=PERCENT rate=MBIT queue=BYTES dark=0|1
//
// `up` is from the first namespace to the second; what a line doesn't name is 0 (queue: 262144). Each line is answered by `ok` or `error ...`
// on standard output. The end of standard input ends it; it then prints its counts to standard error.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_BYTES_MAX 2048
#define PACKETS_MAX 16384 // under way per direction: 24 MB, 200 Mbit/s at 1 s
#define READS_PER_TURN 64
#define QUEUE_BYTES_DEFAULT 262144

struct packet {
  int64_t due_ns;
  uint64_t order; // keeps packets that are due at the same time in order
  int bytes;
  unsigned char data[FRAME_BYTES_MAX];
};

struct conditions {
  double delay_ms, jitter_ms, loss, reorder, duplicate, rate_mbit, queue_bytes, dark;
};

struct direction {
  const char *name;
  struct conditions now;
  struct packet **heap; // by due_ns, then order
  int waiting;
  uint64_t orders;
  int64_t last_due_ns; // order is kept: nothing is due before what came before it
  int64_t wire_free_ns;
  unsigned long in, lost, overflowed, out;
};

static struct packet *spare[2 * PACKETS_MAX];
static int spares;
static uint64_t random_state;
static const int64_t second_ns = 1000000000;

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * second_ns + time.tv_nsec;
}

static double random_below(double limit) { // xorshift64
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (double)(random_state >> 11) / 9007199254740992.0 * limit;
}

static int is_before(const struct packet *a, const struct packet *b) {
  return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void heap_push(struct direction *d, struct packet *packet) {
  int at = d->waiting++;
  for (; at > 0 && is_before(packet, d->heap[(at - 1) / 2]); at = (at - 1) / 2) d->heap[at] = d->heap[(at - 1) / 2];
  d->heap[at] = packet;
}

static struct packet *heap_pop(struct direction *d) {
  struct packet *first = d->heap[0], *last = d->heap[--d->waiting];
  int at = 0;
  for (;;) {
    int child = 2 * at + 1;
    if (child >= d->waiting) break;
    if (child + 1 < d->waiting && is_before(d->heap[child + 1], d->heap[child])) child++;
    if (!is_before(d->heap[child], last)) break;
    d->heap[at] = d->heap[child];
    at = child;
  }
  d->heap[at] = last;
  return first;
}

static void schedule(struct direction *d, const unsigned char *data, int bytes, int64_t due_ns, int keeps_order) {
  if (d->waiting == PACKETS_MAX) {
    d->overflowed++;
    return;
  }
  struct packet *packet = spares > 0 ? spare[--spares] : malloc(sizeof *packet);
  if (!packet) exit(1);
  if (keeps_order && due_ns < d->last_due_ns) due_ns = d->last_due_ns;
  if (keeps_order) d->last_due_ns = due_ns;
  packet->due_ns = due_ns;
  packet->order = d->orders++;
  packet->bytes = bytes;
  memcpy(packet->data, data, bytes);
  heap_push(d, packet);
}

static void arrive(struct direction *d, const unsigned char *data, int bytes) {
  const struct conditions *c = &d->now;
  d->in++;
  if (c->dark > 0 || random_below(100) < c->loss) {
    d->lost++;
    return;
  }
  int64_t due_ns = now_ns();
  if (c->rate_mbit > 0) {
    if (d->wire_free_ns < due_ns) d->wire_free_ns = due_ns;
    if ((d->wire_free_ns - due_ns) / 1e9 * c->rate_mbit * 1e6 / 8 + bytes > c->queue_bytes) {
      d->overflowed++;
      return;
    }
    d->wire_free_ns += (int64_t)(bytes * 8000 / c->rate_mbit);
    due_ns = d->wire_free_ns;
  }
  due_ns += (int64_t)((c->delay_ms + random_below(2 * c->jitter_ms) - c->jitter_ms) * 1e6);
  if (random_below(100) < c->reorder) {
    // Behind what comes in the next moments, and nothing waits for it.
    schedule(d, data, bytes, due_ns + (int64_t)((1 + random_below(4)) * 1e6), 0);
    return;
  }
  schedule(d, data, bytes, due_ns, 1);
  if (random_below(100) < c->duplicate) schedule(d, data, bytes, due_ns, 1);
}

static int make_tap(const char *netns, const char *device) {
  int ns = open(netns, O_RDONLY | O_CLOEXEC);
  if (ns < 0 || setns(ns, CLONE_NEWNET)) {
    perror(netns);
    exit(1);
  }
  close(ns);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  snprintf(request.ifr_name, IFNAMSIZ, "%s", device);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
    perror(device);
    exit(1);
  }
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  request.ifr_flags = IFF_UP;
  if (any < 0 || ioctl(any, SIOCSIFFLAGS, &request)) {
    perror(device);
    exit(1);
  }
  close(any);
  return fd;
}

static int change(struct direction *directions, char *line) {
  char *word = strtok(line, " ");
  struct direction *d = 0;
  for (int i = 0; i < 2; i++)
    if (word && !strcmp(word, directions[i].name)) d = &directions[i];
  if (!d) return 0;
  struct conditions c = { .queue_bytes = QUEUE_BYTES_DEFAULT };
  struct {
    const char *key;
    double *value;
  } const keys[] = { { "delay", &c.delay_ms }, { "jitter", &c.jitter_ms }, { "loss", &c.loss },
                     { "reorder", &c.reorder }, { "duplicate", &c.duplicate }, { "rate", &c.rate_mbit },
                     { "queue", &c.queue_bytes }, { "dark", &c.dark } };
  while ((word = strtok(0, " "))) {
    char *equals = strchr(word, '='), *end;
    if (!equals) return 0;
    *equals = 0;
    double value = strtod(equals + 1, &end);
    if (*end || end == equals + 1 || value < 0) return 0;
    size_t i = 0;
    while (i < sizeof keys / sizeof *keys && strcmp(keys[i].key, word)) i++;
    if (i == sizeof keys / sizeof *keys) return 0;
    *keys[i].value = value;
  }
  d->now = c;
  return 1;
}

/** 0 when standard input is over. */
static int take_commands(struct direction *directions) {
  static char buffer[4096];
  static size_t used;
  ssize_t got = read(0, buffer + used, sizeof buffer - 1 - used);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
  if (got <= 0) return 0;
  used += got;
  buffer[used] = 0;
  char *line = buffer, *end;
  while ((end = strchr(line, '\n'))) {
    *end = 0;
    dprintf(1, change(directions, line) ? "ok\n" : "error not understood\n");
    line = end + 1;
  }
  used -= line - buffer;
  memmove(buffer, line, used);
  return used < sizeof buffer - 1;
}

static void deliver(struct direction *d, int fd) {
  int64_t time_ns = now_ns();
  while (d->waiting > 0 && d->heap[0]->due_ns <= time_ns) {
    struct packet *packet = heap_pop(d);
    if (write(fd, packet->data, packet->bytes) >= 0) d->out++;
    spare[spares++] = packet;
  }
}

int main(int count, char **arguments) {
  if (count != 6) {
    fprintf(stderr, "usage: link-emulator NETNS1 DEVICE1 NETNS2 DEVICE2 SEED\n");
    return 2;
  }
  random_state = strtoull(arguments[5], 0, 10) * 0x9E3779B97F4A7C15ULL | 1;
  int fds[2] = { make_tap(arguments[1], arguments[2]), make_tap(arguments[3], arguments[4]) };
  struct direction directions[2] = { { .name = "up" }, { .name = "down" } };
  for (int i = 0; i < 2; i++)
    if (!(directions[i].heap = malloc(PACKETS_MAX * sizeof *directions[i].heap))) return 1;
  // A terminal's Ctrl-C reaches the whole group; whoever started it ends it.
  signal(SIGINT, SIG_IGN);
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  dprintf(1, "up\n");
  for (;;) {
    int64_t next_ns = -1;
    for (int i = 0; i < 2; i++) {
      struct direction *d = &directions[i];
      deliver(d, fds[1 - i]);
      if (d->waiting > 0 && (next_ns < 0 || d->heap[0]->due_ns < next_ns)) next_ns = d->heap[0]->due_ns;
    }
    struct pollfd polled[3] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 }, { 0, POLLIN, 0 } };
    int64_t wait_ns = next_ns < 0 ? 0 : next_ns - now_ns();
    if (wait_ns < 0) wait_ns = 0;
    struct timespec wait = { wait_ns / second_ns, wait_ns % second_ns };
    if (ppoll(polled, 3, next_ns < 0 ? 0 : &wait, 0) < 0 && errno != EINTR) break;
    for (int i = 0; i < 2; i++) {
      unsigned char frame[FRAME_BYTES_MAX];
      for (int reads = 0; reads < READS_PER_TURN && (polled[i].revents & POLLIN); reads++) {
        ssize_t bytes = read(fds[i], frame, sizeof frame);
        if (bytes <= 0) break;
        arrive(&directions[i], frame, (int)bytes);
      }
    }
    if (polled[2].revents && !take_commands(directions)) break;
  }
  for (int i = 0; i < 2; i++)
    fprintf(stderr, "%s: %lu in, %lu lost, %lu overflowed, %lu out\n", directions[i].name, directions[i].in,
            directions[i].lost, directions[i].overflowed, directions[i].out);
  return 0;
}
