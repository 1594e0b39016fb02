import { fitted } from '../fitted.ts'
import type { Lowering } from '../lowering.ts'
import { rearranging } from '../moments/rearranging.ts'

/** The layers that only rearrange elements. In a Reshape's shape, 0 stands for the batch as it comes. */
export const reshapingLowerings: Readonly<Record<string, Lowering>> = {
  Flatten: rearranging({
    leadingAxes: 'batch',
    takesIntegers: true,
    lower: ({ config, inputs, slots, tape }) => {
      const rank = slots[0]!.shape.length
      const last = Array.from({ length: rank - 2 }, (_, axis) => axis + 2)
      const x =
        config['dataFormat'] === 'channelsFirst'
          ? tape.op('Transpose', inputs, { perm: [0, ...last, 1].map(BigInt) })
          : inputs[0]!
      // All sizes but the batch are known: tfjs builds no Flatten without them.
      const size = slots[0]!.shape.slice(1).reduce<number>((total, length) => total * length!, 1)
      return tape.op('Reshape', [x, tape.ints([0, size])])
    },
  }),
  Reshape: rearranging({
    leadingAxes: 'batch',
    takesIntegers: true,
    // tfjs notices only when it computes.
    unsupported: ({ config, inputs }) => {
      const target = config['targetShape'] as readonly (number | null)[]
      const sizes = inputs[0]!.shape.slice(1)
      if (sizes.some((size) => size == null)) return undefined
      const has = product(sizes)
      const fixed = product(target.filter((size) => size != null))
      const fits = target.includes(null) ? has % fixed === 0 : has === fixed
      return fits ? undefined : `targetShape [${target.map((size) => size ?? -1)}] for ${has} elements`
    },
    lower: ({ config, inputs, tape }) => {
      const target = config['targetShape'] as readonly (number | null)[]
      return fitted(inputs, () => tape.op('Reshape', [inputs[0], tape.ints([0, ...target.map((size) => size ?? -1)])]))
    },
  }),
  Permute: rearranging({
    leadingAxes: 'batch',
    takesIntegers: true,
    lower: ({ config, inputs, tape }) =>
      tape.op('Transpose', inputs, { perm: [0, ...(config['dims'] as readonly number[])].map(BigInt) }),
  }),
  RepeatVector: rearranging({
    leadingAxes: 'any',
    takesIntegers: true,
    lower: ({ config, inputs, tape }) => {
      const repeated = tape.op('Unsqueeze', [inputs[0], tape.ints([-2])])
      return tape.op('Expand', [repeated, tape.ints([config['n'] as number, 1])])
    },
  }),
}

function product(sizes: readonly (number | null)[]): number {
  return sizes.reduce<number>((total, size) => total * size!, 1)
}
