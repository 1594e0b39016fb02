import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { fitted } from '../fitted.ts'
import type { Lowering, LoweringCall, MomentsCall } from '../lowering.ts'
import { maximumMoments, productMoments, type Uncertain } from '../moments/gaussianMoments.ts'
import { rearranging } from '../moments/rearranging.ts'

/** tfjs makes a mask of several as it makes no other. */
const mergedMask = (): 'unknown' => 'unknown'

type PairMoments = (tape: Tape, x: Uncertain, y: Uncertain) => Uncertain

/** The layers that make one tensor of several. Where inputs are uncertain, they are taken for independent of each other. */
export const mergeLowerings: Readonly<Record<string, Lowering>> = {
  Add: pairwise('Add', sumMoments),
  Multiply: pairwise('Mul', productMoments),
  Maximum: pairwise('Max', maximumMoments),
  Minimum: pairwise('Min', minimumMoments),
  Average: {
    leadingAxes: 'broadcast',
    passesMask: mergedMask,
    lower: (call) => call.tape.op('Mul', [pairs('Add', call, call.inputs), call.tape.scalar(1 / call.inputs.length)]),
    moments: (call) => {
      const { mean, variance } = momentsOfPairs(sumMoments, call)
      const count = call.inputs.length
      return {
        mean: call.tape.op('Mul', [mean, call.tape.scalar(1 / count)]),
        variance: call.tape.op('Mul', [variance, call.tape.scalar(1 / count ** 2)]),
      }
    },
  },
  Concatenate: rearranging({
    leadingAxes: 'any',
    takesIntegers: true,
    limits: 'not along the batch',
    passesMask: mergedMask,
    unsupported: ({ config, inputs }) =>
      axisFromEnd(config['axis'], inputs[0]!.shape.length) === -inputs[0]!.shape.length ? 'it joins batches' : undefined,
    lower: ({ config, inputs, slots, tape }) =>
      fitted(inputs, () => tape.op('Concat', inputs, { axis: BigInt(axisFromEnd(config['axis'], slots[0]!.shape.length)) })),
  }),
}

function pairwise(opType: string, moments: PairMoments): Lowering {
  return {
    leadingAxes: 'broadcast',
    passesMask: mergedMask,
    lower: (call) => pairs(opType, call, call.inputs),
    moments: (call) => momentsOfPairs(moments, call),
  }
}

function pairs(opType: string, call: LoweringCall, values: readonly Value[]): Value {
  const [first, ...rest] = aligned(call, values)
  return fitted(values, () => rest.reduce((result, value) => call.tape.op(opType, [result, value]), first!))
}

function momentsOfPairs(moments: PairMoments, call: MomentsCall): Uncertain {
  const means = aligned(call, call.inputs)
  const variances = aligned(call, call.variances)
  const [first, ...rest] = means.map((mean, index): Uncertain => ({ mean, variance: variances[index]! }))
  return fitted(call.inputs, () => rest.reduce((result, value) => moments(call.tape, result, value), first!))
}

/** Where ranks differ, tfjs inserts axes behind the batch. */
function aligned({ slots, tape }: LoweringCall, values: readonly Value[]): readonly Value[] {
  const rank = Math.max(...slots.map((slot) => slot.shape.length))
  return values.map((value, index) => {
    const missing = rank - slots[index]!.shape.length
    const axes = Array.from({ length: missing }, (_, axis) => axis + 1 - rank)
    return missing === 0 ? value : tape.op('Unsqueeze', [value, tape.ints(axes)])
  })
}

function sumMoments(tape: Tape, x: Uncertain, y: Uncertain): Uncertain {
  return { mean: tape.op('Add', [x.mean, y.mean]), variance: tape.op('Add', [x.variance, y.variance]) }
}

function minimumMoments(tape: Tape, x: Uncertain, y: Uncertain): Uncertain {
  const negative = ({ mean, variance }: Uncertain): Uncertain => ({ mean: tape.op('Neg', [mean]), variance })
  return negative(maximumMoments(tape, negative(x), negative(y)))
}

function axisFromEnd(axis: unknown, rank: number): number {
  const given = typeof axis === 'number' ? axis : -1
  return given < 0 ? given : given - rank
}
