import type { Value } from '../../ir/value.ts'
import type { Lowering, LoweringCall } from '../lowering.ts'
import { type Recurrence, type RecurrentLayer, recurrence } from './recurrence.ts'
import { unsupportedRecurrence } from './unsupportedRecurrence.ts'

interface BidirectionalLayer {
  readonly forwardLayer: RecurrentLayer
  readonly backwardLayer: RecurrentLayer
  readonly mergeMode: 'concat' | 'sum' | 'ave' | 'mul' | null
  readonly returnState: boolean
  readonly returnSequences: boolean
}

/** Two recurrent layers on one sequence, the second from its end. */
export const bidirectional: Lowering = {
  leadingAxes: 'batch',
  masked: 'takes',
  passesMask: ({ layer }) => layersOf(layer).returnSequences,
  limits: 'as of the layer in it',
  unsupported: ({ layer, inputs, reasonAgainst }) => {
    const { forwardLayer, backwardLayer } = layersOf(layer)
    return (
      unsupportedRecurrence({ layer: forwardLayer, inputs, reasonAgainst }) ??
      unsupportedRecurrence({ layer: backwardLayer, inputs, reasonAgainst })
    )
  },
  lower: (call) => {
    const { layer, inputs, tape } = call
    const { forwardLayer, backwardLayer, mergeMode, returnState } = layersOf(layer)
    const [x, ...states] = inputs
    const half = states.length / 2
    const [there, back] = [
      tape.scope('forward', () => walk(call, forwardLayer, x!, states.slice(0, half), false)),
      // tfjs turns its sequence round, so that it is in the order of time again.
      tape.scope('backward', () => walk(call, backwardLayer, x!, states.slice(half), true)),
    ]
    const outputs = mergeMode == null ? [there.output, back.output] : [merged(call, mergeMode, there.output, back.output)]
    return returnState ? [...outputs, ...there.states, ...back.states] : outputs
  },
}

function layersOf(layer: unknown): BidirectionalLayer {
  return layer as BidirectionalLayer
}

function walk(
  { tape, needsCuda, weightsOf, lowerInner, mask }: LoweringCall,
  layer: RecurrentLayer,
  x: Value,
  initialStates: readonly Value[],
  isSecond: boolean,
): ReturnType<typeof recurrence> {
  const call: Recurrence = { tape, needsCuda, weightsOf, lowerInner, layer, x, initialStates, mask, turned: isSecond }
  return recurrence(call)
}

function merged({ tape }: LoweringCall, mode: 'concat' | 'sum' | 'ave' | 'mul', there: Value, back: Value): Value {
  switch (mode) {
    case 'concat':
      return tape.op('Concat', [there, back], { axis: -1n })
    case 'sum':
      return tape.op('Add', [there, back])
    case 'ave':
      return tape.op('Mul', [tape.op('Add', [there, back]), tape.scalar(0.5)])
    case 'mul':
      return tape.op('Mul', [there, back])
  }
}
