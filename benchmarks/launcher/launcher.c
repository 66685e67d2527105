// Starts one program in a process of its own and reports, as one line of JSON
// on stdout, how it ended and what it used.
//
// Why a program of its own: a child's peak RSS (ru_maxrss) starts at what its
// parent had resident when it forked. This one is linked statically and stays
// under a mebibyte, so the peak that it reports is the child's.
//
// Only the child sees LD_PRELOAD, redirections and --env. A child that
// outlives the timeout is killed with all that it started. With --sample_ms,
// what it has resident is read as often, and less often in a long run.

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/launcher/counters.h"
#include "benchmarks/launcher/sampler.h"

static const char usage[] =
    "usage: launcher [--timeout_ms N] [--preload LIBRARY] [--env NAME=VALUE]... [--directory DIR]\n"
    "                [--stdin FILE] [--stdout FILE] [--stderr FILE] [--sample_ms N]\n"
    "                -- PROGRAM [ARGUMENT]...\n";

enum { MAX_ENVIRONMENT = 16, USAGE_ERROR = 2, LAUNCH_ERROR = 3, NS_PER_MS = 1000000 };

struct options {
  int64_t timeout_ms;  // 0: wait for ever
  int64_t sample_ms;   // 0: do not sample
  const char *preload;
  const char *directory;
  const char *stream_path[3];  // stdin, stdout, stderr of the child
  const char *environment[MAX_ENVIRONMENT];
  int environment_count;
  char **command;
};

enum outcome { EXITED, SIGNALED, TIMED_OUT, NOT_STARTED };
static const char *const outcome_name[] = {"exited", "signaled", "timed_out", "not_started"};

struct report {
  enum outcome outcome;
  int exit_status;  // EXITED
  int signal;       // SIGNALED
  int start_errno;  // NOT_STARTED
  int64_t wall_ns;
  struct rusage usage;
  struct sampler sampler;
  int64_t count[COUNTER_COUNT];  // -1: not counted
};

static void fail(const char *what, const char *name) {
  fprintf(stderr, "launcher: %s%s%s\n", what, *name ? ": " : "", name);
  exit(USAGE_ERROR);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t parse_milliseconds(const char *name, const char *text) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < 0) {
    fprintf(stderr, "launcher: %s is not a number of milliseconds: %s\n", name, text);
    exit(USAGE_ERROR);
  }
  return value;
}

static void parse_option(struct options *options, const char *name, const char *value) {
  if (strcmp(name, "--timeout_ms") == 0) {
    options->timeout_ms = parse_milliseconds(name, value);
  } else if (strcmp(name, "--sample_ms") == 0) {
    options->sample_ms = parse_milliseconds(name, value);
  } else if (strcmp(name, "--preload") == 0) {
    options->preload = value;
  } else if (strcmp(name, "--directory") == 0) {
    options->directory = value;
  } else if (strcmp(name, "--stdin") == 0) {
    options->stream_path[0] = value;
  } else if (strcmp(name, "--stdout") == 0) {
    options->stream_path[1] = value;
  } else if (strcmp(name, "--stderr") == 0) {
    options->stream_path[2] = value;
  } else if (strcmp(name, "--env") == 0) {
    if (strchr(value, '=') == NULL) fail("--env is not NAME=VALUE", value);
    if (options->environment_count == MAX_ENVIRONMENT) fail("too many --env", value);
    options->environment[options->environment_count++] = value;
  } else {
    fail("unknown option", name);
  }
}

static struct options parse_arguments(int argc, char **argv) {
  struct options options = {.stream_path = {"/dev/null", "/dev/null", "/dev/null"}};
  int next = 1;
  while (next < argc && strcmp(argv[next], "--") != 0) {
    if (next + 1 == argc) fail("option without a value", argv[next]);
    parse_option(&options, argv[next], argv[next + 1]);
    next += 2;
  }
  if (next + 1 >= argc) {
    fputs(usage, stderr);
    exit(USAGE_ERROR);
  }
  options.command = argv + next + 1;
  return options;
}

static bool redirect(const char *path, int stream) {
  int flags = stream == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
  int file = open(path, flags, 0600);
  if (file < 0) return false;
  if (file == stream) return true;
  bool done = dup2(file, stream) == stream;
  close(file);
  return done;
}

// Becomes the program. Does not return; errno goes through `failure` otherwise.
static void run_child(const struct options *options, const sigset_t *signals, int failure) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigprocmask(SIG_SETMASK, signals, NULL);
  bool ready = options->directory == NULL || chdir(options->directory) == 0;
  for (int stream = 0; ready && stream < 3; stream++) {
    ready = redirect(options->stream_path[stream], stream);
  }
  unsetenv("LD_PRELOAD");
  for (int i = 0; i < options->environment_count; i++) {
    char *assignment = strdup(options->environment[i]);
    ready = ready && assignment != NULL && putenv(assignment) == 0;
  }
  if (options->preload != NULL) ready = ready && setenv("LD_PRELOAD", options->preload, 1) == 0;
  if (ready) execvp(options->command[0], options->command);
  int error = errno;
  ssize_t written = write(failure, &error, sizeof error);
  _exit(written == (ssize_t)sizeof error ? LAUNCH_ERROR : LAUNCH_ERROR + 1);
}

// Waits for the child, for SIGINT or SIGTERM, or for the deadline, and then
// kills the child if it still runs. Returns whether the deadline passed. Takes
// samples meanwhile.
static bool wait_or_kill(pid_t child, const sigset_t *signals, int64_t start_ns, int64_t timeout_ns,
                         struct sampler *sampler) {
  siginfo_t info = {0};
  while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0) {
    int64_t passed_ns = now_ns() - start_ns;
    if (passed_ns >= timeout_ns) {
      kill(-child, SIGKILL);
      return true;
    }
    sampler_take(sampler, child, passed_ns);
    int64_t until_ns = timeout_ns;
    if (sampler->interval_ns > 0 && sampler->next_ns < until_ns) until_ns = sampler->next_ns;
    int64_t left_ns = until_ns - passed_ns;
    struct timespec left = {left_ns / 1000000000, left_ns % 1000000000};
    int got = sigtimedwait(signals, NULL, &left);
    if (got == SIGINT || got == SIGTERM) {
      kill(-child, SIGKILL);
      return false;
    }
  }
  return false;
}

static struct report launch(const struct options *options) {
  sigset_t awaited;
  sigset_t before;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, SIGINT);
  sigaddset(&awaited, SIGTERM);
  sigprocmask(SIG_BLOCK, &awaited, &before);

  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) fail("pipe", strerror(errno));
  struct counters counters;
  counters_open(&counters);
  int64_t start_ns = now_ns();
  pid_t child = fork();
  if (child < 0) fail("fork", strerror(errno));
  if (child == 0) run_child(options, &before, failure[1]);
  setpgid(child, child);
  close(failure[1]);

  struct report report = {.outcome = EXITED};
  sampler_start(&report.sampler, options->sample_ms * NS_PER_MS);
  int64_t timeout_ns = options->timeout_ms == 0 ? INT64_MAX : options->timeout_ms * NS_PER_MS;
  bool timed_out = wait_or_kill(child, &awaited, start_ns, timeout_ns, &report.sampler);
  int status = 0;
  while (wait4(child, &status, 0, &report.usage) < 0 && errno == EINTR) {
  }
  report.wall_ns = now_ns() - start_ns;
  kill(-child, SIGKILL);  // what the child left behind in its group
  for (int i = 0; i < COUNTER_COUNT; i++) report.count[i] = counters_read(&counters, i);

  if (read(failure[0], &report.start_errno, sizeof report.start_errno) > 0) {
    report.outcome = NOT_STARTED;
  } else if (timed_out) {
    report.outcome = TIMED_OUT;
  } else if (WIFSIGNALED(status)) {
    report.outcome = SIGNALED;
    report.signal = WTERMSIG(status);
  } else {
    report.exit_status = WEXITSTATUS(status);
  }
  return report;
}

static int64_t microseconds(struct timeval time) {
  return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

// "null" for what was not measured, which is less than 0.
static void print_optional(const char *name, int64_t value) {
  if (value < 0) {
    printf(",\"%s\":null", name);
  } else {
    printf(",\"%s\":%" PRId64, name, value);
  }
}

static void print_samples(const struct sampler *sampler) {
  print_optional("mean_rss_bytes", sampler_mean_bytes(sampler));
  printf(",\"rss_samples\":[");
  for (int i = 0; i < sampler->count; i++) {
    printf("%s[%" PRId64 ",%" PRId64 "]", i == 0 ? "" : ",", sampler->samples[i].time_ns,
           sampler->samples[i].rss_bytes);
  }
  printf("]");
}

static void print_report(const struct report *report) {
  const struct rusage *usage_of_child = &report->usage;
  printf(
      "{\"outcome\":\"%s\",\"exit_status\":%d,\"signal\":%d,\"start_error\":\"%s\","
      "\"wall_ns\":%" PRId64 ",\"user_us\":%" PRId64 ",\"system_us\":%" PRId64
      ",\"peak_rss_bytes\":%" PRId64
      ",\"minor_faults\":%ld,\"major_faults\":%ld,"
      "\"voluntary_switches\":%ld,\"involuntary_switches\":%ld",
      outcome_name[report->outcome], report->exit_status, report->signal,
      report->start_errno == 0 ? "" : strerror(report->start_errno), report->wall_ns,
      microseconds(usage_of_child->ru_utime), microseconds(usage_of_child->ru_stime),
      (int64_t)usage_of_child->ru_maxrss * 1024, usage_of_child->ru_minflt,
      usage_of_child->ru_majflt, usage_of_child->ru_nvcsw, usage_of_child->ru_nivcsw);
  print_optional("cycles", report->count[COUNTER_CYCLES]);
  print_optional("instructions", report->count[COUNTER_INSTRUCTIONS]);
  print_samples(&report->sampler);
  printf("}\n");
}

int main(int argc, char **argv) {
  struct options options = parse_arguments(argc, argv);
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // not to outlive who asked
  struct report report = launch(&options);
  print_report(&report);
  return fflush(stdout) == 0 ? 0 : LAUNCH_ERROR;
}
