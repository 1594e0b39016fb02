import type { Lowering } from '../lowering.ts'

/** x * scale + offset. */
export const rescaling: Lowering = {
  leadingAxes: 'broadcast',
  lower: ({ config, inputs, tape }) => {
    const scaled = tape.op('Mul', [inputs[0], tape.scalar(config['scale'] as number)])
    const offset = config['offset'] as number
    return offset === 0 ? scaled : tape.op('Add', [scaled, tape.scalar(offset)])
  },
  moments: ({ config, inputs, variances, tape }) => {
    const scale = config['scale'] as number
    const mean = tape.op('Mul', [inputs[0], tape.scalar(scale)])
    return {
      mean: tape.op('Add', [mean, tape.scalar(config['offset'] as number)]),
      variance: tape.op('Mul', [variances[0], tape.scalar(scale ** 2)]),
    }
  },
}
