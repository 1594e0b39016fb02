/** Layers of tfjs that no graph can stand for, and why. */
export const impossibleLayers: Readonly<Record<string, string>> = {
  RandomWidth: 'it draws a new width for every batch, at inference too, so that its output has no shape',
  CenterCrop:
    'tfjs overwrites the shape of its input with that of its output, so that nothing in the model says any more how much it crops; use Cropping2D',
  CategoryEncoding:
    'tfjs overwrites the shape of its input with that of its output, so that the model takes no input that the layer could encode; encode before the model',
}
