import { StudentT } from '@tfjs-bayes/distributions'
import {
  variationalConv1d,
  variationalConv2d,
  variationalConv2dTranspose,
  variationalDepthwiseConv2d,
  variationalEmbedding,
  variationalSeparableConv2d,
} from '../src/index.ts'

variationalConv1d({ filters: 1, kernelSize: 2, dilationRate: 2, estimator: 'flipout' })
variationalConv2d({ filters: 1, kernelSize: [2, 3], strides: 2, padding: 'same', dataFormat: 'channelsFirst' })
variationalDepthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, estimator: 'weightSampling', kl: 'monteCarlo' })

// @ts-expect-error tfjs's own layer ignores it half of the way
variationalConv1d({ filters: 1, kernelSize: 2, dataFormat: 'channelsFirst' })
// @ts-expect-error tfjs's own layer ignores it
variationalDepthwiseConv2d({ kernelSize: 2, dilationRate: 2 })
// @ts-expect-error the prior takes the place of regularizers
variationalDepthwiseConv2d({ kernelSize: 2, depthwiseRegularizer: 'l1l2' })
// @ts-expect-error no formula for KL(normal || studentT)
variationalConv2d({ filters: 1, kernelSize: 2, kl: 'closed', prior: new StudentT({ df: 3, mu: 0, scale: 1 }) })

variationalSeparableConv2d({ filters: 1, kernelSize: 2, depthMultiplier: 2, estimator: 'flipout', bias: 'deterministic' })
variationalConv2dTranspose({ filters: 1, kernelSize: 2, strides: 2, kl: 'quadrature' })
variationalEmbedding({ inputDim: 3, outputDim: 2, estimator: 'weightSampling', trainablePrior: true })

// @ts-expect-error tfjs's own layer adds the bias to the wrong axis
variationalSeparableConv2d({ filters: 1, kernelSize: 2, dataFormat: 'channelsFirst' })
// @ts-expect-error tfjs's own layer ignores it
variationalConv2dTranspose({ filters: 1, kernelSize: 2, dilationRate: 2 })
// @ts-expect-error indices have no signs
variationalEmbedding({ inputDim: 3, outputDim: 2, estimator: 'flipout' })
// @ts-expect-error an embedding has no bias
variationalEmbedding({ inputDim: 3, outputDim: 2, bias: 'deterministic' })
