import { type Distribution, Laplace, Normal, NormalScaleMixture } from '@tfjs-bayes/distributions'

/** A prior of every weight and bias, as JSON. */
export type PriorChoice =
  | { readonly family: 'normal'; readonly sigma: number }
  | { readonly family: 'laplace'; readonly scale: number }
  /** A wide and a narrow normal, mixed per weight; `wide` is the probability of the first. */
  | { readonly family: 'mixture'; readonly wide: number; readonly sigmas: readonly [number, number] }

/**
 * A mixture of standard deviation 0.1 with heavier tails than a normal: few weights pay little for being large.
 *
 * No component is a spike: a normal posterior matches one component at a time, and pays -log of its probability for that, weight by weight (`klFloor`).
 */
export const HEAVY_TAILS: PriorChoice = { family: 'mixture', wide: 0.03, sigmas: [0.316, 0.085] }

export function priorOf(choice: PriorChoice): Distribution {
  switch (choice.family) {
    case 'normal':
      return new Normal({ mu: 0, sigma: choice.sigma })
    case 'laplace':
      return new Laplace({ mu: 0, scale: choice.scale })
    case 'mixture':
      return new NormalScaleMixture({ mu: 0, weights: [choice.wide, 1 - choice.wide], sigmas: [...choice.sigmas] })
  }
}

/** The prior in the notation of a paper. */
export function describePrior(choice: PriorChoice): string {
  switch (choice.family) {
    case 'normal':
      return `N(0, ${choice.sigma}²)`
    case 'laplace':
      return `Laplace(0, ${choice.scale})`
    case 'mixture':
      return `${choice.wide} N(0, ${choice.sigmas[0]}²) + ${1 - choice.wide} N(0, ${choice.sigmas[1]}²)`
  }
}
