import { parseHTML } from 'linkedom'
import { expect, test } from 'vitest'
import { cellsOf, parseReport } from '../../test/parseReport.ts'
import { sampleRun } from '../../test/sampleRun.ts'
import { CONTESTANTS, DETERMINISTIC } from '../contestants.ts'
import type { RunFiles } from '../run/runFolder.ts'
import { standaloneSvg } from './figure.ts'
import { renderReport } from './page.ts'

const run = sampleRun()

test('a whole run: every part is on the page, and its numbers are those of the files', () => {
  const { page, figures } = renderReport(run)
  const document = parseReport(page)
  expect([...document.querySelectorAll('h2')].map((heading) => heading.textContent)).toEqual([
    'Side by side',
    'Learning curves',
    'Why the estimator matters: gradient variance',
    'Does it know how sure to be?',
    'The digits it is least sure about',
    'Turning the digits',
    'The same network in onnxruntime',
    'Settings and versions',
  ])
  const [comparison, variance, onnx] = [...document.querySelectorAll('table')].map(cellsOf)
  expect(comparison![1]).toEqual([
    'Weight sampling, Monte-Carlo KL',
    '−0.5000',
    '0.1600',
    '0.3600',
    '3.24\u00a0%',
    '0.1260',
    '0.0384',
    '4.4',
  ])
  expect(comparison!.at(-1)).toEqual(['Deterministic', '–', '0.1600', '–', '1.82\u00a0%', '0.0928', '0.0126', '2.0'])
  expect(comparison).toHaveLength(1 + 4 + 3)
  expect(variance).toHaveLength(1 + 6)
  expect(onnx!.map((row) => row.at(-1))).toEqual(['difference to tfjs', '3.2e−7', '6.1e−7', '–'])
  expect(figures.map((figure) => figure.name)).toEqual([
    'elbo',
    'nll',
    'kl',
    'gradient-variance',
    'reliability',
    'rotation',
    'rotation-error',
  ])
  expect(document.querySelectorAll('figure svg')).toHaveLength(figures.length)
  expect(document.querySelectorAll('.digit img')).toHaveLength(6 + 6 + 7)
  expect(document.querySelector('.banner')).toBeNull()
})

test('the same run gives the same bytes', () => {
  expect(renderReport(run).page).toBe(renderReport(sampleRun()).page)
})

test('a figure as a file is well-formed, says its key and brings its colours', () => {
  for (const figure of renderReport(run).figures) {
    const svg = standaloneSvg(figure)
    const { document } = parseHTML(`<body>${svg}</body>`) as unknown as { document: Document }
    const root = document.querySelector('svg')!
    expect(root.getAttribute('xmlns')).toBe('http://www.w3.org/2000/svg')
    expect(svg).toContain('@media (prefers-color-scheme: dark)')
    const used = new Set([...svg.matchAll(/var\(--([\w-]+)\)/g)].map(([, name]) => name))
    for (const name of used) if (name !== 'plot-background') expect(svg).toContain(`--${name}:`)
    for (const { label } of figure.key) expect(root.textContent).toContain(label)
  }
})

test('one line a network, and each point says its number', () => {
  const { figures } = renderReport(run)
  const elbo = figures[0]!
  const { document } = parseHTML(`<body>${elbo.svg}</body>`) as unknown as { document: Document }
  expect(document.querySelectorAll('[aria-label="line"] path')).toHaveLength(3 + 3)
  const titles = [...document.querySelectorAll('title')].map((title) => title.textContent)
  const { elbo: value } = run.training.models[2]!.epochs[0]!
  expect(titles).toContain(`Local reparameterization, training, epoch 1: ${value.toFixed(4)} nats`)
})

test('a run that was stopped after the first network is reported as far as it goes, and says so', () => {
  const stopped: Pick<RunFiles, 'run' | 'training' | 'evaluation'> = {
    run: { ...run.run, reduced: 'Tiny run: & <small>.' },
    training: { models: [{ ...run.training.models[3]!, stopped: 'aborted' }] },
    evaluation: {
      ...run.evaluation,
      models: run.evaluation.models.filter((model) => model.name === DETERMINISTIC),
      gradientVariance: [],
      gradientVarianceAt: null,
      judgedBy: null,
      mostCertain: [],
      leastCertain: [],
      rotation: [],
    },
  }
  const { page, figures } = renderReport({ ...stopped, export: null, prediction: null })
  const document = parseReport(page)
  expect(document.querySelector('.banner')!.textContent).toContain('Tiny run: & <small>.')
  expect(document.body.textContent).toContain('Deterministic has 10 of 10 epochs')
  expect(document.body.textContent).toContain(`${CONTESTANTS[0]!.title} is missing`)
  expect(document.body.textContent).toContain('This run was not exported')
  expect(figures.map((figure) => figure.name)).toEqual(['elbo', 'nll', 'kl', 'reliability'])
})
