import type * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from '@tfjs-bayes/layers'
import { isRemoved } from './weightPosteriors.ts'

/** A layer of a chain that multiplies by a kernel, read from the device. */
export interface KernelLayer {
  /** Place in the model's list of layers. */
  readonly index: number
  readonly layer: tf.layers.Layer
  readonly units: number
  /** 1 where a weight is not certain to be 0: [rows, units]; row r takes channel r modulo the number of channels. */
  readonly alive: Uint8Array
  /** 1 where the bias of a unit is not certain to be 0: [units]; all 0 without a bias. */
  readonly biasAlive: Uint8Array
  /** What the way to the next kernel layer lets through; undefined: its units must stay. */
  readonly link: Link | undefined
}

/** The layers between two kernels, as far as single units go through them. */
export interface Link {
  /** Whether a unit that is always 0 is still 0 at the end of the way. */
  readonly keepsZero: boolean
}

/** Activations with f(0) = 0 that work on each unit alone. */
const ZERO_AT_ZERO = new Set(['linear', 'relu', 'relu6', 'elu', 'selu', 'tanh', 'softsign', 'swish', 'gelu', 'gelu_new', 'mish'])
/** Activations that work on each unit alone. */
const ELEMENTWISE = new Set([...ZERO_AT_ZERO, 'sigmoid', 'hardSigmoid', 'hard_sigmoid', 'softplus'])

/** Layers that handle each channel alone and leave a channel of zeros as it is. */
const CHANNELWISE = new Set([
  'Dropout',
  'SpatialDropout1D',
  'MaxPooling1D',
  'MaxPooling2D',
  'AveragePooling1D',
  'AveragePooling2D',
  'GlobalMaxPooling1D',
  'GlobalMaxPooling2D',
  'GlobalAveragePooling1D',
  'GlobalAveragePooling2D',
  'ReLU',
  'LeakyReLU',
  'ELU',
])
const KERNELS = new Set(['Dense', 'Conv1D', 'Conv2D', 'VariationalDense', 'VariationalConv1D', 'VariationalConv2D'])

/** What joins a kernel layer to the next one, from its own activation on; undefined where a layer on the way mixes units or is not known. */
export function linkOf(layer: tf.layers.Layer, between: readonly tf.layers.Layer[]): Link | undefined {
  const activations = [layer, ...between.filter((each) => each.getClassName() === 'Activation')].map(activationOf)
  if (!activations.every((name) => ELEMENTWISE.has(name))) return undefined
  for (const each of between) {
    const kind = each.getClassName()
    const channelsFirst = (each.getConfig() as { dataFormat?: unknown })['dataFormat'] === 'channelsFirst'
    // Flattening is no exception: channels stand last, so each of them comes again at every position.
    if (channelsFirst || !(kind === 'Activation' || kind === 'Flatten' || CHANNELWISE.has(kind))) return undefined
  }
  return { keepsZero: activations.every((name) => ZERO_AT_ZERO.has(name)) }
}

/** Whether a layer multiplies by a kernel whose last two axes are inputs and units. */
export function hasKernel(layer: tf.layers.Layer): boolean {
  if (!KERNELS.has(layer.getClassName())) return false
  return (layer.getConfig() as { dataFormat?: unknown })['dataFormat'] !== 'channelsFirst'
}

/** Reads which weights of a layer are not certain to be 0. */
export async function readKernelLayer(index: number, layer: tf.layers.Layer, link: Link | undefined): Promise<KernelLayer> {
  const [kernel, bias] = await Promise.all(weightsOf(layer).map(aliveOf))
  const units = kernel!.shape.at(-1)!
  return {
    index,
    layer,
    units,
    alive: kernel!.alive,
    biasAlive: bias?.alive ?? new Uint8Array(units),
    link,
  }
}

/**
 * Finds the units that no prediction depends on: every weight out of them is 0, or everything into them is and the way keeps 0. A unit that goes takes
 * others with it, so this goes on until nothing changes. Each layer keeps at least one unit.
 *
 * @param chain the kernel layers of a model in order
 * @returns for each of them, which units stay (1) and which go (0)
 */
export function livingUnits(chain: readonly KernelLayer[]): Uint8Array[] {
  const keep = chain.map(({ units }) => new Uint8Array(units).fill(1))
  for (let changed = true; changed; ) {
    changed = false
    for (const [i, layer] of chain.slice(0, -1).entries()) {
      if (!layer.link) continue
      for (let unit = 0; unit < layer.units; unit++) {
        if (!keep[i]![unit]) continue
        const dead =
          !speaks(chain[i + 1]!, unit, layer.units, keep[i + 1]!) ||
          (layer.link.keepsZero && !hears(layer, unit, keep[i - 1], chain[i - 1]?.units))
        if (!dead) continue
        keep[i]![unit] = 0
        changed = true
      }
    }
  }
  for (const each of keep) if (each.every((kept) => kept === 0)) each[0] = 1
  return keep
}

/** Whether a living unit of the next layer takes anything from a channel. */
function speaks({ alive, units }: KernelLayer, channel: number, channels: number, keep: Uint8Array): boolean {
  for (let row = channel; row < alive.length / units; row += channels) {
    for (let unit = 0; unit < units; unit++) if (keep[unit] && alive[row * units + unit]) return true
  }
  return false
}

/** Whether a unit gets anything from a living channel, or from its bias. */
function hears({ alive, units, biasAlive }: KernelLayer, unit: number, keep: Uint8Array | undefined, channels = 1): boolean {
  if (biasAlive[unit]) return true
  for (let row = 0; row < alive.length / units; row++) {
    if ((keep?.[row % channels] ?? 1) && alive[row * units + unit]) return true
  }
  return false
}

interface Tensors {
  readonly mu: tf.LayerVariable | tf.Tensor
  readonly rho: tf.LayerVariable | undefined
}

function weightsOf(layer: tf.layers.Layer): Tensors[] {
  if (layer instanceof VariationalLayer) return layer.weightTensors.map(({ mu, rho }) => ({ mu, rho }))
  return layer.getWeights().map((mu) => ({ mu, rho: undefined }))
}

async function aliveOf({ mu, rho }: Tensors): Promise<{ shape: number[]; alive: Uint8Array }> {
  const mean = 'read' in mu ? mu.read() : mu
  const values = await mean.data()
  const rhos = await rho?.read().data()
  const sigmaAt = (i: number): number => (rhos === undefined ? 0 : Math.log1p(Math.exp(rhos[i]!)))
  return { shape: mean.shape, alive: Uint8Array.from(values, (value, i) => (isRemoved(value, sigmaAt(i)) ? 0 : 1)) }
}

function activationOf(layer: tf.layers.Layer): string {
  const name = (layer.getConfig() as { activation?: unknown })['activation']
  return typeof name === 'string' ? name : 'linear'
}
