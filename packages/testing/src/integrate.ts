/** Settings of {@link integrate}. */
export interface IntegrateOptions {
  /** Estimated error at which refinement stops, relative to the integral or absolute, whichever is larger. Default 1e-11. */
  readonly tolerance?: number
  /** Places inside the range where the integrand has a spike, a kink or a jump: panels start and end there. */
  readonly points?: readonly number[]
}

/**
 * Integrates a function by globally adaptive Gauss-Kronrod quadrature (7 and 15 points) in float64.
 *
 * It starts from many panels rather than one, so a narrow peak is seen without being announced; one that is narrower still can be
 * announced through `points`. An infinite bound is mapped to a finite one by x = t / (1 - t^2).
 *
 * @param f integrand; NaN or infinity from it is an error, never a silent zero
 * @param a lower bound, finite or -Infinity
 * @param b upper bound, finite or Infinity
 * @returns the integral from a to b
 * @throws Error when the integrand is not finite, or when 20,000 panels do not reach the tolerance
 */
export function integrate(f: (x: number) => number, a: number, b: number, options: IntegrateOptions = {}): number {
  const { tolerance = 1e-11, points = [] } = options
  if (!(a < b)) throw new Error(`integrate needs a < b; got a = ${a}, b = ${b}`)
  const infinite = a === Number.NEGATIVE_INFINITY || b === Number.POSITIVE_INFINITY
  const integrand = infinite ? mapped(f) : f
  const toVariable = infinite ? compress : (x: number) => x
  const low = toVariable(a)
  const high = toVariable(b)
  const inside = points.map(toVariable).filter((t) => t > low && t < high)
  const edges = [low, ...inside, high].sort((left, right) => left - right)

  const panels: Panel[] = []
  for (let i = 0; i + 1 < edges.length; i++) {
    const step = (edges[i + 1]! - edges[i]!) / FIRST_PANELS
    for (let k = 0; k < FIRST_PANELS; k++) panels.push(kronrod(integrand, edges[i]! + k * step, edges[i]! + (k + 1) * step))
  }
  for (;;) {
    const value = panels.reduce((sum, panel) => sum + panel.value, 0)
    const error = panels.reduce((sum, panel) => sum + panel.error, 0)
    if (error <= tolerance * Math.max(1, Math.abs(value))) return value
    if (panels.length > MOST_PANELS)
      throw new Error(`integrate did not converge on [${a}, ${b}]: value ${value}, error estimate ${error}`)
    // Halving every panel within a factor of the worst one keeps the bookkeeping linear without a heap.
    const worst = panels.reduce((most, panel) => Math.max(most, panel.error), 0)
    for (const panel of panels.filter((candidate) => candidate.error > worst / 8)) {
      const middle = (panel.a + panel.b) / 2
      const left = kronrod(integrand, panel.a, middle)
      panels.push(kronrod(integrand, middle, panel.b))
      Object.assign(panel, left)
    }
  }
}

/**
 * The expectation E[f(x)] of x ~ N(mu, sigma^2), by quadrature in float64.
 *
 * @param sigma standard deviation, > 0
 * @param options tolerance, and `points` in units of x where f has a spike, a kink or a jump
 */
export function gaussianExpectation(f: (x: number) => number, mu: number, sigma: number, options: IntegrateOptions = {}): number {
  const density = (z: number): number => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
  const points = (options.points ?? []).map((x) => (x - mu) / sigma)
  // Beyond 38 standard deviations the density underflows in float64.
  return integrate((z) => f(mu + sigma * z) * density(z), -38, 38, { ...options, points })
}

interface Panel {
  a: number
  b: number
  value: number
  error: number
}

const FIRST_PANELS = 20
const MOST_PANELS = 20_000

/** Abscissae and weights of the 15-point Kronrod rule, and of the 7-point Gauss rule inside it (Piessens et al., QUADPACK, 1983). */
const NODES = [
  0.9914553711208126, 0.9491079123427585, 0.8648644233597691, 0.7415311855993945, 0.5860872354676911, 0.4058451513773972,
  0.20778495500789848, 0,
]
const KRONROD = [
  0.022935322010529224, 0.06309209262997856, 0.10479001032225019, 0.14065325971552592, 0.1690047266392679, 0.19035057806478542,
  0.20443294007529889, 0.20948214108472782,
]
const GAUSS = [0, 0.1294849661688697, 0, 0.27970539148927664, 0, 0.3818300505051189, 0, 0.4179591836734694]

function kronrod(f: (x: number) => number, a: number, b: number): Panel {
  const center = (a + b) / 2
  const half = (b - a) / 2
  let fine = 0
  let coarse = 0
  for (let i = 0; i < NODES.length; i++) {
    const offset = half * NODES[i]!
    const pair = offset === 0 ? finite(f, center) : finite(f, center - offset) + finite(f, center + offset)
    fine += KRONROD[i]! * pair
    coarse += GAUSS[i]! * pair
  }
  return { a, b, value: half * fine, error: Math.abs(half * (fine - coarse)) }
}

function finite(f: (x: number) => number, x: number): number {
  const y = f(x)
  if (!Number.isFinite(y)) throw new Error(`integrate: the integrand is ${y} at ${x}`)
  return y
}

/** t with x = t / (1 - t^2), written so that it does not cancel for small or large x. */
function compress(x: number): number {
  if (!Number.isFinite(x)) return Math.sign(x)
  return (2 * x) / (1 + Math.sqrt(1 + 4 * x * x))
}

const mapped =
  (f: (x: number) => number) =>
  (t: number): number => {
    const rest = (1 - t) * (1 + t)
    return (finite(f, t / rest) * (1 + t * t)) / (rest * rest)
  }
