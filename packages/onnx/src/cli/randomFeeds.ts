import { standardDraws } from '../draws/standardDraws.ts'
import { InvalidModelError } from '../errors.ts'
import type { Feed } from '../predictor/engine.ts'
import type { DeclaredTensor } from '../predictor/signature.ts'

/** The inputs of a file, by what they are. */
export interface FileInputs {
  readonly rows: readonly DeclaredTensor[]
  readonly noise: readonly DeclaredTensor[]
  /** Whether the number of draws is an input, `samples`. */
  readonly takesSamples: boolean
  /** For an input that holds indices, how many there are. */
  readonly indices: ReadonlyMap<string, number>
}

/** What a file leaves open. */
export interface OpenSizes {
  readonly rows: number
  readonly samples: number
  /** Every other one. */
  readonly others: number
}

/** Random inputs for a file, the same each time: standard normal numbers, or indices where it looks rows up. */
export function randomFeeds(inputs: FileInputs, open: OpenSizes): Readonly<Record<string, Feed>> {
  const feeds: Record<string, Feed> = {}
  inputs.rows.forEach((input, index) => {
    const sizes = input.shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? open.rows : open.others))
    feeds[input.name] = feedOf(input, sizes, index + 1, inputs.indices.get(input.name))
  })
  inputs.noise.forEach((input, index) => {
    const count = typeof input.shape[0] === 'number' ? input.shape[0] : open.samples
    feeds[input.name] = feedOf(input, [count, open.rows, ...(input.shape.slice(2) as number[])], 1000 + index)
  })
  if (inputs.takesSamples) feeds['samples'] = { data: BigInt64Array.of(BigInt(open.samples)), elementType: 'int64', shape: [1] }
  return feeds
}

function feedOf({ name, elementType }: DeclaredTensor, shape: readonly number[], seed: number, indices?: number): Feed {
  const [samples = 1, ...rest] = shape
  const size = rest.reduce((product, length) => product * length, 1)
  const normal = standardDraws({ samples, size, seed, method: 'independent' })
  // A thousandth of a normal number is as good as uniform, modulo 1.
  const index = (value: number): number => Math.floor((Math.abs(value * 1000) % 1) * (indices ?? 10))
  switch (elementType) {
    case 'float':
      return { data: indices == null ? normal : normal.map(index), elementType, shape }
    case 'int32':
      return { data: Int32Array.from(normal, index), elementType, shape }
    case 'bool':
      return { data: Uint8Array.from(normal, (value) => (value > 0 ? 1 : 0)), elementType, shape }
    default:
      throw new InvalidModelError(
        `The input "${name}" is of the type ${elementType}; verify makes up float, int32 and bool, which are those that exported files take.`,
      )
  }
}
