/** What every error of this package is: a stable `code` for programs, a text for people that says what happened, what was expected and what to do. */
export abstract class OnnxError extends Error {
  abstract readonly code: string

  constructor(message: string) {
    super(message)
    this.name = new.target.name
  }
}

export interface UnsupportedLayer {
  readonly name: string
  readonly className: string
  readonly reason?: string
}

/** A layer that has no counterpart here: the text lists every such layer of the model. */
export class UnsupportedLayerError extends OnnxError {
  readonly code = 'unsupported-layer'

  readonly layers: readonly UnsupportedLayer[]

  /** @param layers the layers, each with what stands in the way */
  constructor(layers: readonly UnsupportedLayer[]) {
    const list = layers.map((layer) => `  ${layer.name} (${layer.className})${layer.reason == null ? '' : `: ${layer.reason}`}`)
    super(
      `${layers.length === 1 ? 'One layer' : `${layers.length} layers`} of the model cannot be written as ONNX:\n${list.join('\n')}\n` +
        'Replace or remove them, or register a lowering with registerLowering(className, lowering).',
    )
    this.layers = layers
  }
}

/** An option that is out of range, or does not fit the model. */
export class InvalidOptionError extends OnnxError {
  readonly code = 'invalid-option'
}

/** A model that is not ready to be exported: not built, or of a form that ONNX has no word for. */
export class InvalidModelError extends OnnxError {
  readonly code = 'invalid-model'
}

/** A weight that is NaN or infinite, or a posterior's variance below zero. */
export class InvalidWeightError extends OnnxError {
  readonly code = 'invalid-weight'
}

/** A broken graph: a defect of a lowering, never of the user's model. */
export class GraphInvariantError extends OnnxError {
  readonly code = 'graph-invariant'

  readonly violations: readonly string[]

  /** @param violations one sentence each */
  constructor(violations: readonly string[]) {
    super(
      `The graph breaks ${violations.length === 1 ? 'an invariant' : `${violations.length} invariants`}:\n  ${violations.join('\n  ')}`,
    )
    this.violations = violations
  }
}

/** A model whose weights no single file can hold. */
export class ModelTooLargeError extends OnnxError {
  readonly code = 'model-too-large'

  /** @param bytes how many the model would have */
  constructor(bytes: number) {
    super(
      `The model has ${bytes} bytes; a protobuf file holds less than 2 GiB. Write it with exportModelToFile or exportLayersModelToFile, which put the weights into a second file.`,
    )
  }
}

/** Nodes that onnxruntime would run on the CPU although the CUDA provider is asked for. */
export class MissingCudaKernelError extends OnnxError {
  readonly code = 'missing-cuda-kernel'

  readonly nodes: readonly string[]

  /** @param nodes one sentence each */
  constructor(nodes: readonly string[]) {
    super(
      `onnxruntime has no CUDA kernel for ${nodes.length === 1 ? 'a node' : `${nodes.length} nodes`} of this graph, so they would run on the CPU:\n` +
        `  ${nodes.join('\n  ')}\nExport with cuda: 'optional' if that is all right.`,
    )
    this.nodes = nodes
  }
}

/** Bytes that are no ONNX model, or a damaged one. */
export class CorruptModelError extends OnnxError {
  readonly code = 'corrupt-model'
}

/** A good ONNX file that this package did not write, or that asks for another kind of predictor. */
export class ForeignModelError extends OnnxError {
  readonly code = 'foreign-model'
}

/** Rows, noise or options that the loaded model cannot take. */
export class InvalidInputError extends OnnxError {
  readonly code = 'invalid-input'
}

/** onnxruntime is not installed, or refuses the model or the machine. */
export class RuntimeUnavailableError extends OnnxError {
  readonly code = 'runtime-unavailable'
}

/** A file that cannot be read or written. */
export class FileAccessError extends OnnxError {
  readonly code = 'file-access'
}
