import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import {
  Bernoulli,
  Categorical,
  Cauchy,
  closedKlPairs,
  type Distribution,
  HalfCauchy,
  HalfNormal,
  Laplace,
  Logistic,
  LogNormal,
  MultivariateNormal,
  Normal,
  NormalScaleMixture,
  Poisson,
  StudentT,
  UndefinedQuantityError,
  Uniform,
} from '../../src/index.ts'
import type { Accuracy } from '../accuracy/measureAccuracy.ts'

/** One distribution of each family, in every parameterization. */
function specimens(): readonly (readonly Distribution[])[] {
  const [vector, matrix] = [tf.zeros([2]), tf.eye(2)]
  return [
    [new Normal({ mu: 0, sigma: 1 })],
    [new Laplace({ mu: 0, scale: 1 })],
    [new StudentT({ df: 3, mu: 0, scale: 1 })],
    [new Cauchy({ mu: 0, scale: 1 })],
    [new Logistic({ mu: 0, scale: 1 })],
    [new Uniform({ low: 0, high: 1 })],
    [new LogNormal({ mu: 0, sigma: 1 })],
    [new HalfNormal({ sigma: 1 })],
    [new HalfCauchy({ scale: 1 })],
    [new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [1, 2] })],
    [
      new MultivariateNormal({ mu: vector, covariance: matrix }),
      new MultivariateNormal({ mu: vector, precision: matrix }),
      new MultivariateNormal({ mu: vector, cholesky: matrix }),
      new MultivariateNormal({ mu: vector, sigma: tf.ones([2]) }),
    ],
    [new Bernoulli({ logits: 0 }), new Bernoulli({ probabilities: 0.5 })],
    [new Categorical({ logits: vector }), new Categorical({ probabilities: tf.fill([2], 0.5) })],
    [new Poisson({ rate: 1 })],
  ]
}

/** The page docs/distributions.md, from the code and from accuracy.json. */
export function distributionsPage(): string {
  return tf.tidy(() => {
    const families = specimens()
    const name = (d: Distribution): string => d.constructor.name
    return [
      HEAD,
      '## Families',
      table(
        ['family', 'parameters', 'support', 'sampler takes', 'gradient through draws', 'has beside density, sampler'],
        families.map((forms) => familyRow(forms)),
      ),
      FAMILY_NOTES,
      '## Closed KL divergences',
      'Rows are q, columns p. **f**: a formula; **∞**: infinite whatever the parameters (p excludes what q allows, or has thinner tails than q has a mean for); **Q**: no formula, but quadrature (`upperBound` too for a mixture); **·**: Monte Carlo; empty: one has densities and the other probabilities, or one is over vectors. Some of the others have a formula in special functions (dilogarithms, sine integrals, digamma of complex numbers), which is not here.',
      klTable(families.map((forms) => forms[0]!)),
      `Independent distributions (\`independent\`) have the sum of their members' divergences; independent ${name(families[0]![0]!)} ones also go with a ${name(families[10]![0]!)}.`,
      ROADS,
      '## Accuracy',
      'The largest error against 60-digit references (mpmath, compared with SciPy) over grids that reach 1000 scales into both tails and scales from 1e-6 to 1e6, on all three backends; relative, but absolute below one nat for `logProb` and entropy, and relative to the location for quantiles and means. `gradient`: of `logProb` by x and every parameter, against differences in float64, relative to the derivative or to one nat a scale; and of the distribution functions by x. `npm run accuracy` in the package measures them anew.',
      accuracyTable(),
      LIMITS,
    ].join('\n\n')
  })
}

const HEAD = `# Distributions

Written by \`npx vitest run test/docs -u\` in packages/distributions from the code: do not edit.`

const FAMILY_NOTES = `Every parameter is a number, which is checked when the distribution is made, or a tensor, which is not read until \`validate()\` is called; parameters broadcast. \`independent(d, axes)\` moves the last axes of the batch into the event. Noise is an argument: \`d.sample(noise)\` with \`noise\` of the shape \`d.noiseShape(sampleShape)\`, so a draw is a function of the noise alone.`

const ROADS = `## The four roads to KL(q || p)

| \`method\` | for | what it is |
| --- | --- | --- |
| \`closed\` | the pairs marked f and ∞, and your own (\`registerClosedKl\`) | the formula; a pair without one does not compile where the types tell, and throws NoClosedFormError otherwise |
| \`quadrature\` | a Normal q, any univariate p | deterministic and differentiable; 32 nodes per panel unless told, placed where the bumps of a mixture or the centre of a Laplace, Logistic, StudentT or Cauchy meet q; \`error: true\` compares it with a second rule; the memory is that of one node |
| \`upperBound\` | a Normal q, a NormalScaleMixture p | -log sum of w_k exp(-KL(q \\|\\| p_k)) (Hershey and Olsen, 2007): cheap, and an ELBO stays a bound |
| \`monteCarlo\` | any pair | the mean of log q - log p on samples of q that you hand in, with its standard error; gradient \`total\` or \`stickTheLanding\` |

\`kl(q, p)\` without a method takes the first that exists of closed, quadrature and (given samples) Monte Carlo, and says which; never the bound. \`crossEntropy\` takes the same roads; \`renyiDivergence\` is there for two Normal or two MultivariateNormal distributions.`

const LIMITS = `## Limits

- float32: a logarithm of a density that is itself a difference of large terms is as good as its largest term. log x of a LogNormal has a rounding error of 1e-7 |log x|, which a sigma below 1e-3 magnifies.
- The distribution function, quantile and (Poisson) entropy and sampler of StudentT and Poisson, the quantile of a mixture, and the divergence of a StudentT from a Laplace are computed in float64 on the host. They read their arguments, so a step that calls them is not compiled to a graph.
- A Cauchy has no mean or variance, a mixture no closed entropy, labels no moments: asking throws UndefinedQuantityError. A StudentT's mean is NaN where df <= 1, its variance Infinity where 1 < df <= 2 and NaN below.
- The gradient of a Cholesky factorization on the native backend is TensorFlow's own op, which has no gradient itself: second derivatives by a covariance or precision are for the other backends.
- A covariance that is not positive definite gives NaN unless \`validate()\` is called, which names the row.

Speed beside PyTorch and TensorFlow Probability, in turns: \`pnpm --filter @tfjs-bayes/bench distributions -- --python PYTHON_WITH_TORCH\`.`

function familyRow(forms: readonly Distribution[]): string[] {
  const first = forms[0]!
  const parameters = forms.map((form) =>
    Object.entries(form.constraints)
      .map(([parameter, { name }]) => `\`${parameter}\` ${name}`)
      .join(', '),
  )
  return [
    `\`${first.constructor.name}\``,
    parameters.join('; or '),
    first.support.name,
    first.noiseKind,
    first.reparameterized ? 'yes' : 'no',
    quantities(first).join(', '),
  ]
}

function quantities(d: Distribution): string[] {
  const x = tf.zeros([...d.batchShape, ...d.eventShape])
  const methods = {
    mean: () => d.mean(),
    mode: () => d.mode(),
    variance: () => d.variance(),
    entropy: () => d.entropy(),
    cdf: () => d.cdf(x),
    quantile: () => d.quantile(x),
  }
  return Object.entries(methods)
    .filter(([, method]) => exists(method))
    .map(([method]) => method)
}

function exists(method: () => tf.Tensor): boolean {
  try {
    method()
    return true
  } catch (error) {
    if (error instanceof UndefinedQuantityError) return false
    throw error
  }
}

function klTable(families: readonly Distribution[]): string {
  const pairs = closedKlPairs()
  const cell = (q: Distribution, p: Distribution): string => {
    const kind = pairs.get(`${q.family} || ${p.family}`)
    if (kind != null) return kind === 'formula' ? 'f' : '∞'
    if (isDiscrete(q) !== isDiscrete(p) || q.eventShape.length !== p.eventShape.length) return ' '
    return q instanceof Normal && p.support.name === q.support.name ? 'Q' : '·'
  }
  return table(
    ['q \\ p', ...families.map((p) => p.constructor.name)],
    families.map((q) => [`**${q.constructor.name}**`, ...families.map((p) => cell(q, p))]),
  )
}

function isDiscrete(d: Distribution): boolean {
  return d instanceof Bernoulli || d instanceof Categorical || d instanceof Poisson
}

function accuracyTable(): string {
  const accuracy = JSON.parse(readFileSync(new URL('../accuracy/accuracy.json', import.meta.url), 'utf8')) as Record<
    string,
    Accuracy
  >
  const columns = ['logProb', 'cdf', 'logCdf', 'logSurvival', 'quantile', 'gradient', 'moments'] as const
  const shown = (error: number | undefined): string => (error == null ? '' : error === 0 ? 'exact' : error.toExponential(0))
  return table(
    ['family', ...columns.map((column) => `\`${column}\``)],
    Object.entries(accuracy).map(([family, errors]) => [family, ...columns.map((column) => shown(errors[column]))]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
