/** One of the networks that the demo compares. */
export interface Contestant {
  /** In file names and on the command line. */
  readonly name: string
  readonly title: string
  /** How its gradient is estimated; null for the deterministic network. */
  readonly estimation:
    | { readonly estimator: 'weightSampling'; readonly kl: 'monteCarlo' | 'closed' }
    | { readonly estimator: 'localReparameterization'; readonly kl: 'closed' }
    | null
}

/** The network that is exported and judged: the one trained by local reparameterization. */
export const LRT = 'lrt'
/** The network without a posterior. */
export const DETERMINISTIC = 'deterministic'

/** In the order in which they are trained and shown. */
export const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'weight-sampling-mc',
    title: 'Weight sampling, Monte-Carlo KL',
    estimation: { estimator: 'weightSampling', kl: 'monteCarlo' },
  },
  { name: 'weight-sampling', title: 'Weight sampling, closed KL', estimation: { estimator: 'weightSampling', kl: 'closed' } },
  { name: LRT, title: 'Local reparameterization', estimation: { estimator: 'localReparameterization', kl: 'closed' } },
  { name: DETERMINISTIC, title: 'Deterministic', estimation: null },
]

export const CLASSES = 10
/** Of Adam. */
export const LEARNING_RATE = 1e-3
/** Standard deviation of the prior N(0, sigma^2) of every weight and bias. */
export const PRIOR_SIGMA = 0.1
/** Standard deviation of every posterior before training: softplus(-4). */
export const INITIAL_SIGMA: number = Math.log1p(Math.exp(-4))
