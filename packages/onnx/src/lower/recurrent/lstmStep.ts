import type * as tf from '@tensorflow/tfjs'
import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { hasActivation, lowerActivation } from '../activation.ts'
import type { UnloweredCall } from '../lowering.ts'

/** The rest of an LSTM's step, behind the sums of its four gates: c = f c + i g(z), h = o g(c). */
export function lstmStep(
  tape: Tape,
  config: tf.serialization.ConfigDict,
  [i, f, z, o]: readonly Value[],
  c: Value,
): readonly Value[] {
  const gate = (sum: Value): Value => lowerActivation(tape, config['recurrentActivation'] as string, sum)
  const activate = (x: Value): Value => lowerActivation(tape, config['activation'] as string, x)
  const added = tape.op('Mul', [gate(i!), activate(z!)])
  const carry = tape.op('Add', [tape.op('Mul', [gate(f!), c]), added], {}, 'carry')
  const h = tape.op('Mul', [gate(o!), activate(carry)], {}, 'state')
  return [h, h, carry]
}

/** The cell's activations, or one of them, have no counterpart. */
export function unsupportedActivation({ config }: Pick<UnloweredCall, 'config'>): string | undefined {
  const missing = ['activation', 'recurrentActivation'].find((key) => config[key] != null && !hasActivation(config[key]))
  return missing == null ? undefined : `${missing} ${JSON.stringify(config[missing])}`
}
