import { klFloor } from '../shared/klFloor.ts'
import type { TableConfiguration } from './configurations.ts'
import type { TableSettings } from './parts.ts'

/**
 * What the prior of a row costs a network that knows nothing.
 *
 * @param parameters numbers of the network: mu and rho of each weight
 * @returns nats per training example
 */
export function floorOf({ bayesian }: TableConfiguration, { trainRows }: TableSettings, parameters: number): number {
  return bayesian === null ? 0 : (klFloor(bayesian) * parameters) / (2 * trainRows)
}
