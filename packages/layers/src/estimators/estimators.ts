import { flipout } from './flipout.ts'
import { localReparameterization } from './localReparameterization.ts'
import { weightSampling } from './weightSampling.ts'

/** The estimators by name: the one list to which a new one is added. */
export const estimators: {
  readonly weightSampling: typeof weightSampling
  readonly localReparameterization: typeof localReparameterization
  readonly flipout: typeof flipout
} = { weightSampling, localReparameterization, flipout }

export type EstimatorName = keyof typeof estimators
