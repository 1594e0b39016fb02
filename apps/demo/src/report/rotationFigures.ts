import * as Plot from '@observablehq/plot'
import { IMAGE_SIDE } from '../mnist/idx.ts'
import type { RotationStep } from '../run/evaluationFile.ts'
import { drawFigure, type Figure } from './figure.ts'
import { color } from './palette.ts'
import { pngDataUri } from './pngDataUri.ts'

const SIZE = { width: 440, height: 320, marginTop: 54 } as const

/** How uncertainty and errors grow while digits are turned; the example digit stands above its angle. */
export function rotationFigures(rotation: readonly RotationStep[]): Figure[] {
  return [uncertainty(rotation), errors(rotation)]
}

function uncertainty(rotation: readonly RotationStep[]): Figure {
  const deterministic = rotation.every((step) => step.deterministicEntropy !== null)
  const dash = '4,3'
  const caption = 'Mean predictive entropy and mutual information, in nats, against the angle by which the digits are turned.'
  const key = [
    { label: 'Entropy', color: color('series-3') },
    { label: 'of which mutual information', color: color('series-1') },
    ...(deterministic ? [{ label: 'Entropy of the deterministic network', color: color('series-4'), dash }] : []),
  ]
  const line = (y: keyof RotationStep, stroke: string, strokeDasharray?: string): Plot.Markish =>
    Plot.lineY(rotation, {
      x: 'degrees',
      y,
      stroke,
      strokeWidth: 2,
      ...(strokeDasharray === undefined ? {} : { strokeDasharray }),
    })
  return drawFigure(
    { name: 'rotation', caption, key },
    {
      ...SIZE,
      x: angles(rotation),
      y: { label: 'nats', grid: true, ticks: 5, zero: true },
      marks: [
        Plot.areaY(rotation, { x: 'degrees', y: 'mutualInformation', fill: color('series-1'), fillOpacity: 0.18 }),
        line('mutualInformation', color('series-1')),
        ...(deterministic ? [line('deterministicEntropy', color('series-4'), dash)] : []),
        line('entropy', color('series-3')),
        Plot.dot(rotation, {
          x: 'degrees',
          y: 'entropy',
          fill: color('series-3'),
          r: 3,
          title: ({ degrees, entropy, mutualInformation }: RotationStep) =>
            `${degrees} degrees: entropy ${entropy.toFixed(3)}, mutual information ${mutualInformation.toFixed(3)} nats`,
        }),
        Plot.image(rotation, {
          x: 'degrees',
          src: (step: RotationStep) => pngDataUri(Buffer.from(step.example.pixels, 'base64'), IMAGE_SIDE),
          frameAnchor: 'top',
          dy: -32,
          width: 27,
          height: 27,
          imageRendering: 'pixelated',
        }),
      ],
    },
  )
}

function errors(rotation: readonly RotationStep[]): Figure {
  const caption = 'Share of wrong answers of the same network, against the angle.'
  return drawFigure(
    { name: 'rotation-error', caption },
    {
      ...SIZE,
      x: angles(rotation),
      y: { label: 'wrong answers (%)', grid: true, ticks: 5, domain: [0, 100], percent: true },
      marks: [
        Plot.lineY(rotation, { x: 'degrees', y: 'error', stroke: color('series-3'), strokeWidth: 2 }),
        Plot.dot(rotation, {
          x: 'degrees',
          y: 'error',
          fill: color('series-3'),
          r: 3,
          title: ({ degrees, error }: RotationStep) => `${degrees} degrees: ${(100 * error).toFixed(1)} % wrong`,
        }),
      ],
    },
  )
}

function angles(rotation: readonly RotationStep[]): Plot.ScaleOptions {
  const ticks = rotation.map((step) => step.degrees).filter((degrees) => degrees % 30 === 0)
  return { label: 'turned by (degrees)', ticks, inset: 14 }
}
