import type { Value } from '../../ir/value.ts'
import { AXES_AS_INPUT } from '../../ops/reduction.ts'
import type { Lowering, LoweringCall } from '../lowering.ts'

/** Steps whose features all are the mask value become zero, and recurrent layers behind pass over them. */
export const masking: Lowering = {
  leadingAxes: 'batch',
  makesMask: () => true,
  lower: (call) => call.tape.op('Mul', [call.inputs[0], kept(call, true)]),
  lowerMask: (call) => kept(call, false),
}

/** 1 where a step has a feature that is not the mask value, else 0. */
function kept({ config, inputs, tape }: LoweringCall, keepAxis: boolean): Value {
  const masked = tape.op('Equal', [inputs[0], tape.scalar(config['maskValue'] as number)])
  const differs = tape.op('Cast', [tape.op('Not', [masked])], { to: tape.isHalf ? 10n : 1n })
  const keepdims = keepAxis ? 1n : 0n
  if (tape.opset >= AXES_AS_INPUT['ReduceMax']!) return tape.op('ReduceMax', [differs, tape.ints([-1])], { keepdims }, 'mask')
  return tape.op('ReduceMax', [differs], { axes: [-1n], keepdims }, 'mask')
}
