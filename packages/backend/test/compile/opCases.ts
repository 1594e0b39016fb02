import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { statelessSigns } from '../../src/random/statelessSigns.ts'
import { statelessUniform } from '../../src/random/statelessUniform.ts'

/** One tfjs op (or several) on given arguments. */
export interface OpCase {
  readonly name: string
  readonly run: (...args: tf.Tensor[]) => tf.Tensor
  readonly args: readonly tf.Tensor[]
}

type Run = (x: tf.Tensor, y: tf.Tensor, z: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => tf.Tensor

/** Ops of tfjs on arguments in their domains, off the points where a gradient jumps. The caller owns the arguments. */
export function opCases(): OpCase[] {
  const normal = (shape: number[], key: number) => statelessNormal(shape, key, 0)
  const x = normal([4, 5], 1)
  const y = normal([4, 5], 2)
  const positive = x.abs().add(0.5)
  const inside = x.tanh().mul(0.9)
  const square = normal([4, 4], 3)
  const vector = normal([5], 4)
  const rank3 = normal([2, 3, 4], 5)
  const otherRank3 = normal([2, 4, 3], 6)
  const image = normal([2, 8, 8, 3], 7)
  const volume = normal([1, 4, 4, 4, 2], 8)
  const filter = normal([3, 3, 3, 4], 9)
  const depthFilter = normal([3, 3, 3, 2], 10)
  const indices = tf.tensor1d([2, 0, 1], 'int32')
  const mask = x.greater(0)
  const mask2 = y.greater(0)

  const elementwise: Record<string, [Run, ...tf.Tensor[]]> = {
    abs: [(a) => a.abs(), x],
    acos: [(a) => a.acos(), inside],
    acosh: [(a) => a.acosh(), positive.add(1)],
    asin: [(a) => a.asin(), inside],
    asinh: [(a) => a.asinh(), x],
    atan: [(a) => a.atan(), x],
    atanh: [(a) => a.atanh(), inside],
    ceil: [(a) => a.ceil(), x],
    clipByValue: [(a) => a.clipByValue(-0.5, 0.5), x],
    cos: [(a) => a.cos(), x],
    cosh: [(a) => a.cosh(), x],
    elu: [(a) => a.elu(), x],
    erf: [(a) => tf.erf(a), x],
    exp: [(a) => a.exp(), x],
    expm1: [(a) => a.expm1(), x],
    floor: [(a) => a.floor(), x],
    isFinite: [(a) => a.isFinite(), x],
    isInf: [(a) => a.isInf(), x],
    isNaN: [(a) => a.isNaN(), x],
    leakyRelu: [(a) => tf.leakyRelu(a), x],
    log: [(a) => a.log(), positive],
    log1p: [(a) => a.log1p(), positive],
    logSigmoid: [(a) => tf.logSigmoid(a), x],
    neg: [(a) => a.neg(), x],
    reciprocal: [(a) => a.reciprocal(), positive],
    relu: [(a) => a.relu(), x],
    relu6: [(a) => a.relu6(), x],
    round: [(a) => a.round(), x],
    rsqrt: [(a) => a.rsqrt(), positive],
    selu: [(a) => a.selu(), x],
    sigmoid: [(a) => a.sigmoid(), x],
    sign: [(a) => a.sign(), x],
    sin: [(a) => a.sin(), x],
    sinh: [(a) => a.sinh(), x],
    softplus: [(a) => a.softplus(), x],
    sqrt: [(a) => a.sqrt(), positive],
    square: [(a) => a.square(), x],
    step: [(a) => a.step(0.25), x],
    tan: [(a) => a.tan(), x],
    tanh: [(a) => a.tanh(), x],
    zerosLike: [(a) => tf.zerosLike(a), x],
    onesLike: [(a) => tf.onesLike(a), x],
  }
  const binary: Record<string, [Run, ...tf.Tensor[]]> = {
    add: [(a, b) => a.add(b), x, y],
    addBroadcast: [(a, b) => a.add(b), x, vector],
    addN: [(a, b) => tf.addN([a, b, a]), x, y],
    atan2: [(a, b) => a.atan2(b), x, y],
    div: [(a, b) => a.div(b), x, positive],
    divNoNan: [(a, b) => a.divNoNan(b), x, positive],
    equal: [(a, b) => a.equal(b), x, y],
    floorDiv: [(a, b) => a.floorDiv(b), x, positive],
    greater: [(a, b) => a.greater(b), x, y],
    greaterEqual: [(a, b) => a.greaterEqual(b), x, y],
    less: [(a, b) => a.less(b), x, y],
    lessEqual: [(a, b) => a.lessEqual(b), x, y],
    logicalAnd: [(a, b) => a.logicalAnd(b), mask, mask2],
    logicalNot: [(a) => a.logicalNot(), mask],
    logicalOr: [(a, b) => a.logicalOr(b), mask, mask2],
    maximum: [(a, b) => a.maximum(b), x, y],
    minimum: [(a, b) => a.minimum(b), x, y],
    mod: [(a, b) => a.mod(b), x, positive],
    mul: [(a, b) => a.mul(b), x, y],
    notEqual: [(a, b) => a.notEqual(b), x, y],
    pow: [(a, b) => a.pow(b), positive, y],
    prelu: [(a, b) => a.prelu(b), x, vector],
    squaredDifference: [(a, b) => a.squaredDifference(b), x, y],
    sub: [(a, b) => a.sub(b), x, y],
    where: [(c, a, b) => tf.where(c, a, b), mask, x, y],
  }
  const reductions: Record<string, [Run, ...tf.Tensor[]]> = {
    all: [(a) => a.all(1), mask],
    any: [(a) => a.any(1), mask],
    argMax: [(a) => a.argMax(1), x],
    argMin: [(a) => a.argMin(1), x],
    bincount: [(a) => tf.bincount(a as tf.Tensor1D, tf.tensor1d([]), 4), indices],
    cumprod: [(a) => tf.cumprod(a, 1), x],
    cumsum: [(a) => a.cumsum(1), x],
    logSumExp: [(a) => a.logSumExp(), x],
    max: [(a) => a.max(1), x],
    mean: [(a) => a.mean(0), x],
    min: [(a) => a.min(1), x],
    moments: [(a) => tf.moments(a, 0).variance, x],
    norm: [(a) => a.norm(), x],
    prod: [(a) => a.prod(1), x],
    sum: [(a) => a.sum(1), x],
    topk: [(a) => tf.topk(a, 2).values, x],
    topkIndices: [(a) => tf.topk(a, 2).indices, x],
    unsortedSegmentSum: [(a, i) => tf.unsortedSegmentSum(a, i as tf.Tensor1D, 3), normal([3, 2], 11), indices],
  }
  const linearAlgebra: Record<string, [Run, ...tf.Tensor[]]> = {
    bandPart: [(a) => tf.linalg.bandPart(a, 1, 1), square],
    dot: [(a, b) => tf.dot(a, b), square, x],
    einsum: [(a, b) => tf.einsum('bij,bjk->bik', a, b), rank3, otherRank3],
    fusedMatMul: [
      (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation: 'relu' }),
      square,
      x,
      vector,
    ],
    gramSchmidt: [(a) => tf.linalg.gramSchmidt(a as tf.Tensor2D) as tf.Tensor, square],
    matMul: [(a, b) => a.matMul(b), square, x],
    matMulBatched: [(a, b) => a.matMul(b), rank3, otherRank3],
    matMulTransposed: [(a, b) => tf.matMul(a, b, true, true), x, square],
    outerProduct: [(a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D), vector, vector],
    qr: [(a) => tf.linalg.qr(a)[1], square],
  }
  const shapes: Record<string, [Run, ...tf.Tensor[]]> = {
    batchToSpace: [
      (a) =>
        a.batchToSpaceND(
          [2, 1],
          [
            [0, 0],
            [0, 0],
          ],
        ),
      image,
    ],
    broadcastArgs: [(a, b) => tf.broadcastArgs(a, b), tf.tensor1d([4, 1], 'int32'), tf.tensor1d([1, 5], 'int32')],
    broadcastTo: [(a) => a.broadcastTo([4, 5]), vector],
    castToBool: [(a) => a.toBool(), x],
    castToInt: [(a) => a.toInt(), x],
    concat: [(a, b) => tf.concat([a, b], 1), x, y],
    depthToSpace: [(a) => a.depthToSpace(2, 'NHWC'), normal([1, 2, 2, 4], 12)],
    diag: [(a) => tf.diag(a), vector],
    expandDims: [(a) => a.expandDims(1), x],
    eye: [(a) => a.add(tf.eye(4)), square],
    fill: [(a) => a.add(tf.fill([4, 5], 2)), x],
    flatten: [(a) => a.flatten(), x],
    gather: [(a, i) => tf.gather(a, i as tf.Tensor1D), x, indices],
    gatherColumns: [(a, i) => tf.gather(a, i as tf.Tensor1D, 1), x, indices],
    gatherND: [
      (a, i) => tf.gatherND(a, i),
      x,
      tf.tensor2d(
        [
          [0, 1],
          [2, 2],
        ],
        [2, 2],
        'int32',
      ),
    ],
    linspace: [(a) => a.add(tf.linspace(0, 1, 5)), x],
    mirrorPad: [
      (a) =>
        tf.mirrorPad(
          a,
          [
            [1, 1],
            [1, 1],
          ],
          'reflect',
        ),
      x,
    ],
    oneHot: [(i) => tf.oneHot(i as tf.Tensor1D, 4), indices],
    pad: [
      (a) =>
        a.pad(
          [
            [1, 1],
            [0, 2],
          ],
          0.5,
        ),
      x,
    ],
    range: [(a) => a.add(tf.range(0, 5)), x],
    reshape: [(a) => a.reshape([2, 10]), x],
    reverse: [(a) => a.reverse(1), x],
    scatterND: [(i, a) => tf.scatterND(i, a, [6]), tf.tensor2d([[1], [3]], [2, 1], 'int32'), normal([2], 13)],
    slice: [(a) => a.slice([1, 1], [2, 3]), x],
    spaceToBatch: [
      (a) =>
        a.spaceToBatchND(
          [2, 2],
          [
            [0, 0],
            [0, 0],
          ],
        ),
      image,
    ],
    sparseToDense: [(i, a) => tf.sparseToDense(i, a, [6], tf.scalar(0)), tf.tensor1d([1, 3], 'int32'), normal([2], 14)],
    split: [(a) => tf.split(a, [2, 3], 1)[1]!, x],
    squeeze: [(a) => a.expandDims(1).squeeze([1]), x],
    stack: [(a, b) => tf.stack([a, b]), x, y],
    stridedSlice: [(a) => a.stridedSlice([0, 0], [4, 5], [2, 2]), x],
    tensorScatterUpdate: [
      (a, i, u) => tf.tensorScatterUpdate(a, i, u),
      normal([6], 15),
      tf.tensor2d([[1], [3]], [2, 1], 'int32'),
      normal([2], 16),
    ],
    tile: [(a) => a.tile([2, 1]), x],
    transpose: [(a) => a.transpose(), x],
    transposeAxes: [(a) => a.transpose([2, 0, 1]), rank3],
    unstack: [(a) => tf.unstack(a)[1]!, x],
  }
  const networks: Record<string, [Run, ...tf.Tensor[]]> = {
    avgPool: [(a) => tf.avgPool(a as tf.Tensor4D, 2, 2, 'same'), image],
    avgPool3d: [(a) => tf.avgPool3d(a as tf.Tensor5D, 2, 2, 'same'), volume],
    basicLstmCell: [
      (a, kernel, bias) =>
        tf.basicLSTMCell(
          tf.scalar(1),
          kernel as tf.Tensor2D,
          bias as tf.Tensor1D,
          a as tf.Tensor2D,
          tf.zeros([4, 5]),
          tf.zeros([4, 5]),
        )[1],
      x,
      normal([10, 20], 17),
      normal([20], 18),
    ],
    batchNorm: [
      (a, mean, variance, offset, scale) =>
        tf.batchNorm(a as tf.Tensor4D, mean as tf.Tensor1D, variance as tf.Tensor1D, offset as tf.Tensor1D, scale as tf.Tensor1D),
      image,
      normal([3], 19),
      normal([3], 20).abs(),
      normal([3], 21),
      normal([3], 22),
    ],
    conv1d: [(a, w) => tf.conv1d(a as tf.Tensor3D, w as tf.Tensor3D, 1, 'same'), normal([2, 8, 3], 23), normal([3, 3, 4], 24)],
    conv2d: [(a, w) => tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), image, filter],
    conv2dStrided: [(a, w) => tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, 2, 'valid'), image, filter],
    conv2dTranspose: [
      (a, w) => tf.conv2dTranspose(a as tf.Tensor4D, w as tf.Tensor4D, [2, 16, 16, 4], 2, 'same'),
      image,
      normal([3, 3, 4, 3], 25),
    ],
    conv3d: [(a, w) => tf.conv3d(a as tf.Tensor5D, w as tf.Tensor5D, 1, 'same'), volume, normal([2, 2, 2, 2, 3], 26)],
    depthwiseConv2d: [(a, w) => tf.depthwiseConv2d(a as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), image, depthFilter],
    dilation2d: [(a, w) => tf.dilation2d(a as tf.Tensor4D, w as tf.Tensor3D, 1, 'same'), image, normal([3, 3, 3], 27)],
    dropoutSeeded: [(a) => tf.dropout(a, 0.5, undefined, 1), x],
    fusedConv2d: [
      (a, w, bias) =>
        tf.fused.conv2d({ x: a as tf.Tensor4D, filter: w as tf.Tensor4D, strides: 1, pad: 'same', bias, activation: 'relu' }),
      image,
      filter,
      normal([4], 28),
    ],
    fusedDepthwiseConv2d: [
      (a, w, bias) =>
        tf.fused.depthwiseConv2d({
          x: a as tf.Tensor4D,
          filter: w as tf.Tensor4D,
          strides: 1,
          pad: 'same',
          bias,
          activation: 'relu',
        }),
      image,
      depthFilter,
      normal([6], 29),
    ],
    localResponseNormalization: [(a) => tf.localResponseNormalization(a as tf.Tensor4D), image],
    logSoftmax: [(a) => a.logSoftmax(), x],
    maxPool: [(a) => tf.maxPool(a as tf.Tensor4D, 2, 2, 'valid'), image],
    maxPool3d: [(a) => tf.maxPool3d(a as tf.Tensor5D, 2, 2, 'same'), volume],
    separableConv2d: [
      (a, w, p) => tf.separableConv2d(a as tf.Tensor4D, w as tf.Tensor4D, p as tf.Tensor4D, 1, 'same'),
      image,
      depthFilter,
      normal([1, 1, 6, 4], 30),
    ],
    softmax: [(a) => a.softmax(), x],
  }
  const losses: Record<string, [Run, ...tf.Tensor[]]> = {
    absoluteDifference: [(a, b) => tf.losses.absoluteDifference(a, b), x, y],
    cosineDistance: [(a, b) => tf.losses.cosineDistance(a, b, 1), x, y],
    hingeLoss: [(a, b) => tf.losses.hingeLoss(a, b), x, y],
    huberLoss: [(a, b) => tf.losses.huberLoss(a, b), x, y],
    logLoss: [(a, b) => tf.losses.logLoss(a, b), inside.abs(), inside.abs().mul(0.9).add(0.05)],
    meanSquaredError: [(a, b) => tf.losses.meanSquaredError(a, b), x, y],
    sigmoidCrossEntropy: [(a) => tf.losses.sigmoidCrossEntropy(tf.ones([4, 5]), a), x],
    softmaxCrossEntropy: [(a) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([0, 1, 2, 3], 'int32'), 5), a), x],
  }
  const images: Record<string, [Run, ...tf.Tensor[]]> = {
    cropAndResize: [
      (a) => tf.image.cropAndResize(a as tf.Tensor4D, tf.tensor2d([[0, 0, 0.5, 0.5]]), tf.tensor1d([0], 'int32'), [4, 4]),
      image,
    ],
    flipLeftRight: [(a) => tf.image.flipLeftRight(a as tf.Tensor4D), image],
    resizeBilinear: [(a) => tf.image.resizeBilinear(a as tf.Tensor4D, [12, 12]), image],
    resizeNearestNeighbor: [(a) => tf.image.resizeNearestNeighbor(a as tf.Tensor4D, [12, 12]), image],
  }
  const spectral: Record<string, [Run, ...tf.Tensor[]]> = {
    complexAbs: [(a, b) => tf.complex(a, b).abs(), x, y],
    fft: [(a, b) => tf.real(tf.fft(tf.complex(a, b))), x, y],
    ifft: [(a, b) => tf.imag(tf.ifft(tf.complex(a, b))), x, y],
    irfft: [(a) => tf.irfft(tf.rfft(a)), x],
    rfft: [(a) => tf.real(tf.rfft(a)), x],
  }
  const noise: Record<string, [Run, ...tf.Tensor[]]> = {
    randomNormalSeeded: [(a) => a.add(tf.randomNormal([4, 5], 0, 1, 'float32', 3)), x],
    statelessNormal: [(a, counter) => a.add(statelessNormal([4, 5], 31, counter as tf.Scalar)), x, tf.scalar(3, 'int32')],
    statelessUniform: [(a, counter) => a.add(statelessUniform([4, 5], 31, counter as tf.Scalar)), x, tf.scalar(3, 'int32')],
    statelessSigns: [(a, counter) => a.mul(statelessSigns([4, 5], 31, counter as tf.Scalar)), x, tf.scalar(3, 'int32')],
  }
  const all = {
    ...elementwise,
    ...binary,
    ...reductions,
    ...linearAlgebra,
    ...shapes,
    ...networks,
    ...losses,
    ...images,
    ...spectral,
    ...noise,
  }
  return Object.entries(all).map(([name, [run, ...args]]) => ({ name, run: run as OpCase['run'], args }))
}
