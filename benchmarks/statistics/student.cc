#include "benchmarks/statistics/student.h"

#include <cmath>

namespace loam::statistics {
namespace {

// The continued fraction of the incomplete beta function, by Lentz's method; it
// converges fast for x < (a + 1) / (a + b + 2).
double BetaFraction(double a, double b, double x) {
  constexpr int kMostSteps = 300;
  constexpr double kEnough = 1e-15;
  double c = 1;
  double d = 1 / (1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < kMostSteps; m++) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    fraction *= d * c;
    if (std::fabs(d * c - 1) < kEnough) break;
  }
  return fraction;
}

// The regularised incomplete beta function.
double IncompleteBeta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, 1 - x) / b;
}

}  // namespace

double StudentTwoSidedP(double t, double degrees) {
  if (std::isinf(t)) return 0;
  return IncompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

double StudentQuantile(double share, double degrees) {
  if (share < 0.5) return -StudentQuantile(1 - share, degrees);
  const double two_sided = 2 * (1 - share);
  double low = 0;
  double high = 1;
  while (StudentTwoSidedP(high, degrees) > two_sided) high *= 2;
  // Until the doubles between the two run out.
  for (double middle = high / 2; low < middle && middle < high; middle = (low + high) / 2) {
    (StudentTwoSidedP(middle, degrees) > two_sided ? low : high) = middle;
  }
  return high;
}

}  // namespace loam::statistics
