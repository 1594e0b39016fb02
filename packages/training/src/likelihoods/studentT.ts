import { StudentT } from '@tfjs-bayes/distributions'
import { requirePositive } from '../checks/options.ts'
import { elementwiseLikelihood } from './elementwiseLikelihood.ts'
import type { Likelihood } from './likelihood.ts'

/**
 * Numbers with heavy-tailed noise, so that outliers pull less: Student's t with known degrees of freedom and scale.
 *
 * Outputs of the model: locations [rows, ...]. Targets as in `gaussian`.
 * Lange, Little & Taylor (1989), "Robust Statistical Modeling Using the t Distribution".
 *
 * @param options.degreesOfFreedom above 2, so that the noise has a variance; the lower, the heavier the tails
 * @param options.scale in the unit of y, above 0; not the standard deviation, which is scale * sqrt(df / (df - 2))
 * @returns the likelihood, in nats a row
 * @throws InvalidOptionError
 */
export function studentT({ degreesOfFreedom, scale }: { readonly degreesOfFreedom: number; readonly scale: number }): Likelihood {
  requirePositive('degreesOfFreedom - 2', degreesOfFreedom - 2)
  requirePositive('scale', scale)
  return elementwiseLikelihood({
    name: 'studentT',
    settings: { degreesOfFreedom, scale },
    distribution: (mu) => new StudentT({ df: degreesOfFreedom, mu, scale }),
  })
}
