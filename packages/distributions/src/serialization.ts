import type { Distribution } from './distribution.ts'
import { InvalidParameterError, UnknownFamilyError } from './errors.ts'
import { Normal } from './normal.ts'

/** A distribution as plain JSON. */
export interface SerializedDistribution {
  readonly family: string
  readonly parameters: Readonly<Record<string, number>>
}

interface Family {
  readonly parameters: readonly string[]
  readonly create: (parameters: Readonly<Record<string, number>>) => Distribution
}

const families = new Map<string, Family>([
  ['normal', { parameters: ['mu', 'sigma'], create: (given) => new Normal({ mu: given['mu']!, sigma: given['sigma']! }) }],
])

/**
 * Writes a distribution as plain JSON: its family's name and its parameters.
 *
 * @param distribution one whose parameters are numbers or one-element tensors (a tensor is read here)
 * @throws InvalidParameterError for a tensor of more than one element
 */
export function serializeDistribution(distribution: Distribution): SerializedDistribution {
  const parameters: Record<string, number> = {}
  for (const [name, value] of Object.entries(distribution.parameters)) {
    if (typeof value !== 'number' && value.size !== 1) {
      throw new InvalidParameterError(
        `serializeDistribution: ${distribution.family}.${name} is a tensor of shape [${value.shape}]; expected a number or a one-element tensor.`,
      )
    }
    parameters[name] = typeof value === 'number' ? value : value.dataSync()[0]!
  }
  return { family: distribution.family, parameters }
}

/**
 * Makes a distribution from what {@link serializeDistribution} wrote.
 *
 * @throws UnknownFamilyError for a family that is not registered, or parameters that are not that family's
 * @throws InvalidParameterError for a value outside its range
 */
export function deserializeDistribution(json: SerializedDistribution): Distribution {
  const family = families.get(json?.family)
  if (family == null) {
    throw new UnknownFamilyError(
      `deserializeDistribution: unknown family ${JSON.stringify(json?.family)}; registered: ${[...families.keys()].join(', ')}.`,
    )
  }
  const given = Object.entries(json.parameters ?? {}).filter(([, value]) => typeof value === 'number')
  const names = given.map(([name]) => name).sort()
  if (String(names) !== String([...family.parameters].sort())) {
    throw new UnknownFamilyError(
      `deserializeDistribution: got ${json.family} with parameters ${JSON.stringify(json.parameters)}; expected a number for each of: ${family.parameters.join(', ')}.`,
    )
  }
  return family.create(json.parameters)
}
