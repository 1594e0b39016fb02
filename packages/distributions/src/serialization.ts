import * as tf from '@tensorflow/tfjs'
import { Distribution, type ParameterValue } from './distribution.ts'
import { UnknownFamilyError } from './errors.ts'
import { Bernoulli } from './families/bernoulli.ts'
import { Categorical } from './families/categorical.ts'
import { Cauchy } from './families/cauchy.ts'
import { HalfCauchy } from './families/halfCauchy.ts'
import { HalfNormal } from './families/halfNormal.ts'
import { Independent } from './families/independent.ts'
import { Laplace } from './families/laplace.ts'
import { Logistic } from './families/logistic.ts'
import { LogNormal } from './families/logNormal.ts'
import { MultivariateNormal } from './families/multivariateNormal.ts'
import { Normal } from './families/normal.ts'
import { NormalScaleMixture } from './families/normalScaleMixture.ts'
import { Poisson } from './families/poisson.ts'
import { StudentT } from './families/studentT.ts'
import { Uniform } from './families/uniform.ts'

/** A tensor as plain JSON, in row-major order. */
export interface SerializedTensor {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/** A parameter as plain JSON; one-element tensors of rank 0 become numbers. */
export type SerializedParameter = number | SerializedTensor | SerializedDistribution | readonly SerializedParameter[]

/** A distribution as plain JSON. */
export interface SerializedDistribution {
  readonly family: string
  readonly parameters: Readonly<Record<string, SerializedParameter>>
}

/** A class of distributions that is made from its parameters by name. */
export type FamilyClass = new (parameters: never) => Distribution

const families = new Map<string, FamilyClass>([
  ['normal', Normal],
  ['laplace', Laplace],
  ['logistic', Logistic],
  ['cauchy', Cauchy],
  ['uniform', Uniform],
  ['logNormal', LogNormal],
  ['halfNormal', HalfNormal],
  ['halfCauchy', HalfCauchy],
  ['independent', Independent],
  ['multivariateNormal', MultivariateNormal],
  ['poisson', Poisson],
  ['categorical', Categorical],
  ['bernoulli', Bernoulli],
  ['normalScaleMixture', NormalScaleMixture],
  ['studentT', StudentT],
])

/**
 * Makes a family of yours known to {@link deserializeDistribution}.
 *
 * @param family the name that its distributions carry
 * @param familyClass takes an object of parameters by name, those that its `parameters` property gives back
 */
export function registerFamily(family: string, familyClass: FamilyClass): void {
  families.set(family, familyClass)
}

/**
 * Writes a distribution as plain JSON: its family's name and its parameters. Tensors are read here.
 */
export function serializeDistribution(distribution: Distribution): SerializedDistribution {
  const parameters = Object.entries(distribution.parameters).map(([name, value]) => [name, serializeParameter(value)] as const)
  return { family: distribution.family, parameters: Object.fromEntries(parameters) }
}

/**
 * Makes a distribution from what {@link serializeDistribution} wrote.
 *
 * @returns a distribution whose tensors, if the JSON has any, are new: the caller owns them, and finds them in its `parameters`
 * @throws UnknownFamilyError for a family that is not registered, or parameters that are not that family's
 * @throws InvalidParameterError for a value outside its range
 */
export function deserializeDistribution(json: SerializedDistribution): Distribution {
  const Family = families.get(json?.family)
  if (Family == null) {
    throw new UnknownFamilyError(
      `deserializeDistribution: unknown family ${JSON.stringify(json?.family)}; registered: ${[...families.keys()].join(', ')}. Register a family of yours with registerFamily.`,
    )
  }
  const parameters = Object.fromEntries(
    Object.entries(json.parameters ?? {}).map(([name, value]) => [name, readParameter(json.family, name, value)]),
  )
  const distribution = new Family(parameters as never)
  const expected = Object.keys(distribution.parameters)
  if (String(Object.keys(parameters).sort()) !== String(expected.toSorted())) {
    throw new UnknownFamilyError(
      `deserializeDistribution: got ${json.family} with parameters ${Object.keys(parameters).join(', ')}; expected ${expected.join(', ')}.`,
    )
  }
  return distribution
}

function serializeParameter(value: ParameterValue): SerializedParameter {
  if (typeof value === 'number') return value
  if (value instanceof tf.Tensor)
    return value.rank === 0 ? value.dataSync()[0]! : { shape: value.shape, values: Array.from(value.dataSync()) }
  if (value instanceof Distribution) return serializeDistribution(value)
  return value.map(serializeParameter)
}

function readParameter(family: string, name: string, value: unknown): ParameterValue {
  if (typeof value === 'number') return value
  if (Array.isArray(value)) return value.map((each) => readParameter(family, name, each)) as ParameterValue
  const object = value as Partial<SerializedTensor & SerializedDistribution> | null
  if (object?.family != null) return deserializeDistribution(object as SerializedDistribution)
  const { shape, values } = object ?? {}
  if (
    Array.isArray(shape) &&
    Array.isArray(values) &&
    tf.util.sizeFromShape(shape) === values.length &&
    values.every(Number.isFinite)
  ) {
    return tf.tensor(values, shape, 'float32')
  }
  throw new UnknownFamilyError(
    `deserializeDistribution: ${family}.${name} is ${JSON.stringify(value)}; expected a number, a list of them, or a tensor {shape, values}.`,
  )
}
