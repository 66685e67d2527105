// What gcc_compile compiles: many functions of one shape, made by macros, with
// enough in each to keep the optimiser busy. Data, not code: left unformatted.
// clang-format off

// clang-format settles on no form of these macros.
// clang-format off
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)

#define FUNCTION(name)                                                \
  struct CAT(state_, name) {                                          \
    struct CAT(state_, name) * next;                                  \
    long values[16];                                                  \
    double weight;                                                    \
  };                                                                  \
  static long CAT(sum_, name)(const struct CAT(state_, name) * s) {   \
    long sum = 0;                                                     \
    for (; s; s = s->next)                                            \
      for (int i = 0; i < 16; i++) sum += s->values[i] * (i % 3 + 1); \
    return sum;                                                       \
  }                                                                   \
  double CAT(run_, name)(struct CAT(state_, name) * s, int kind) {    \
    double result = s->weight;                                        \
    switch (kind & 7) {                                               \
      case 0: result += (double)CAT(sum_, name)(s); break;            \
      case 1: s->values[kind & 15] ^= 0x55; break;                    \
      case 2: result *= 1.5; break;                                   \
      case 3: while (s->next && kind--) s = s->next; break;           \
      case 4: s->values[3] = s->values[5] / (kind | 1); break;        \
      default: result -= (double)s->values[kind & 3];                 \
    }                                                                 \
    return result + (double)s->values[0];                             \
  }

#define TEN(name)                                                      \
  FUNCTION(CAT(name, 0)) FUNCTION(CAT(name, 1)) FUNCTION(CAT(name, 2)) \
  FUNCTION(CAT(name, 3)) FUNCTION(CAT(name, 4)) FUNCTION(CAT(name, 5)) \
  FUNCTION(CAT(name, 6)) FUNCTION(CAT(name, 7)) FUNCTION(CAT(name, 8)) \
  FUNCTION(CAT(name, 9))
// clang-format on

TEN(a)
TEN(b)
TEN(c)
TEN(d)
