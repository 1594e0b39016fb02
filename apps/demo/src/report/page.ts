import { DETERMINISTIC, PRIOR_SIGMA } from '../contestants.ts'
import { decimals, duration, integer, megabytes, percent, scientific } from '../format.ts'
import type { EvaluatedModel } from '../run/evaluationFile.ts'
import { comparisonTable, gradientVarianceTable, titleOf } from './comparison.ts'
import { digitCards } from './digits.ts'
import type { Figure } from './figure.ts'
import { gradientVarianceFigure } from './gradientVarianceFigure.ts'
import { Html, html } from './html.ts'
import { learningCurves } from './learningCurves.ts'
import { color } from './palette.ts'
import { charts, tableHtml } from './parts.ts'
import { type ReliabilitySeries, reliabilityDiagram } from './reliabilityDiagram.ts'
import { type ReportInput, remarks } from './remarks.ts'
import { rotationFigures } from './rotationFigures.ts'
import { PAGE_CSS } from './style.ts'

/**
 * Makes the report of a run.
 *
 * @returns the page, which needs no other file and no network, and its figures for use elsewhere
 */
export function renderReport(input: ReportInput): { readonly page: string; readonly figures: readonly Figure[] } {
  const curves = learningCurves(input.training)
  const series = reliabilitySeries(input)
  const reliability = series.length > 0 ? [reliabilityDiagram(series)] : []
  const variance = input.evaluation.gradientVariance.length > 0 ? [gradientVarianceFigure(input.evaluation.gradientVariance)] : []
  const rotation = input.evaluation.rotation.length > 0 ? rotationFigures(input.evaluation.rotation) : []
  const body = html`<header>
<h1>What a Bayesian network knows, and what it knows it does not</h1>
<p class="lead">${intro(input)}</p>
${input.run.reduced === null ? null : html`<p class="banner"><b>Not the full run.</b> ${input.run.reduced}</p>`}
${tiles(input)}
</header>
<main>
${comparison(input)}
${learning(input, curves)}
${gradientVariance(input, variance)}
${calibration(input, reliability)}
${certainty(input)}
${rotated(input, rotation)}
${onnx(input)}
${provenance(input)}
</main>
<footer>Made by <code>tfjs-bayes</code>. This page is one file: it loads nothing.</footer>`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tfjs-bayes: digits and doubts</title>
<style>${new Html(PAGE_CSS)}</style>
</head>
<body>
${body}
</body>
</html>
`.markup
  return { page, figures: [...curves, ...variance, ...reliability, ...rotation] }
}

function intro({ run, training }: ReportInput): string {
  const { settings } = run
  const count = training.models.length
  return (
    `${NUMBERS[count] ?? count} network${count === 1 ? '' : 's'} of 784-${settings.hidden}-${settings.hidden}-10 units learned ` +
    `${integer(settings.trainRows)} handwritten digits for ${settings.epochs} epoch${settings.epochs === 1 ? '' : 's'}, from the same initial weights and in the same order. ` +
    `A Bayesian network has a distribution over each weight, N(μ, σ²), instead of a number; averaging ${settings.samples} draws gives answers that say how sure they are.`
  )
}

const NUMBERS: Readonly<Record<number, string>> = { 1: 'One', 2: 'Two', 3: 'Three', 4: 'Four' }

function tiles({ evaluation, prediction, run }: ReportInput): Html | null {
  const judged = evaluation.models.find((model) => model.name === (evaluation.judgedBy ?? DETERMINISTIC))
  if (judged === undefined) return null
  const differences = (prediction?.scores ?? []).flatMap((score) =>
    score.largestDifference === null ? [] : [score.largestDifference],
  )
  const tile = (value: string, label: string): Html => html`<li><b>${value}</b><span>${label}</span></li>`
  return html`<ul class="tiles">
${tile(percent(judged.test.error), `test error, ${titleOf(judged.name)}, mean of ${evaluation.samples} draws`)}
${tile(decimals(judged.test.nll, 3), 'test NLL in nats per digit, of the same')}
${tile(decimals(judged.train.elbo, 3), `its ELBO per training example (KL ${decimals(judged.train.klPerExample, 3)})`)}
${differences.length > 0 ? tile(scientific(Math.max(...differences)), 'largest difference between onnxruntime and tfjs under the same noise') : tile(duration(judged.secondsPerEpoch), `per epoch on ${run.machine.cores} cores`)}
</ul>`
}

function comparison(input: ReportInput): Html {
  return html`<section>
<h2>Side by side</h2>
<p>ELBO, its negative log-likelihood and its KL divergence are nats per training example at the kept weights (ELBO = −NLL − KL).
The test columns come from the mean of ${input.evaluation.samples} draws; the indented rows from one pass with the posterior means.
Lower is better in all columns but the ELBO. Seconds per epoch: median, training steps only.</p>
${tableHtml(comparisonTable(input.evaluation))}
<h3>What to make of it</h3>
<ul class="remarks">${remarks(input).map(({ topic, text }) => html`<li><b>${topic}.</b> ${text}</li>`)}</ul>
</section>`
}

function learning({ training }: ReportInput, curves: readonly Figure[]): Html {
  const ended = training.models.map((model) => `${titleOf(model.name)}: epoch ${model.keptEpoch}`).join('; ')
  return html`<section>
<h2>Learning curves</h2>
<p>Training values are running means over the epoch; validation values are taken at its end. A ring marks the epoch that the validation ELBO chose (${ended}).
The ELBO falls apart into the two other charts: how well the digits are explained, and what the posterior costs.</p>
${charts(curves)}
</section>`
}

function gradientVariance({ evaluation, run }: ReportInput, figures: readonly Figure[]): Html | null {
  if (figures.length === 0 || evaluation.gradientVarianceAt === null) return null
  return html`<section>
<h2>Why the estimator matters: gradient variance</h2>
<p>Variance of the loss gradient per parameter, over ${run.settings.gradientDraws} noise draws on each of ${run.settings.gradientBatches} fixed minibatches,
averaged over the weights of a layer. All estimators at the weights of ${titleOf(evaluation.gradientVarianceAt)}, so that nothing but the estimator differs.</p>
${charts(figures, html`<div class="beside">${tableHtml(gradientVarianceTable(evaluation.gradientVariance))}</div>`)}
</section>`
}

function reliabilitySeries({ evaluation }: ReportInput): ReliabilitySeries[] {
  const lrt = evaluation.models.find((model) => model.name === evaluation.judgedBy)
  const deterministic = evaluation.models.find((model) => model.name === DETERMINISTIC)
  return [
    ...(lrt === undefined
      ? []
      : [
          { label: `${titleOf(lrt.name)}, ${evaluation.samples} draws`, color: color('series-3'), score: lrt.test },
          { label: 'its mean weights', color: color('series-1'), dash: '4,3', score: lrt.testAtMean! },
        ]),
    ...(deterministic === undefined
      ? []
      : [{ label: titleOf(DETERMINISTIC), color: color('series-4'), dash: '1,3', score: deterministic.test }]),
  ]
}

function calibration({ evaluation }: ReportInput, figures: readonly Figure[]): Html | null {
  if (figures.length === 0) return null
  const describe = ({ name, test }: EvaluatedModel): Html =>
    html`<li>${titleOf(name)}: ECE ${decimals(test.ece)}, mean confidence ${percent(Math.abs(test.overconfidence))} ${test.overconfidence < 0 ? 'below' : 'above'} its accuracy.</li>`
  return html`<section>
<h2>Does it know how sure to be?</h2>
<p>On the dotted line a network is right exactly as often as it says. Above it, it is too modest; below, too sure of itself.
The size of a dot follows the number of test digits in its bin; bins with fewer than 10 digits are left out.</p>
${charts(
  figures,
  html`<div class="beside"><h3>Expected calibration error, 15 bins of equal width</h3>
<ul class="remarks">${evaluation.models.map(describe)}</ul></div>`,
)}
</section>`
}

function certainty({ evaluation }: ReportInput): Html | null {
  if (evaluation.judgedBy === null) return null
  return html`<section>
<h2>The digits it is least sure about</h2>
<p>By the entropy of the predictive distribution of ${titleOf(evaluation.judgedBy)} (at most ln 10 = 2.303 nats). The bars are its ten probabilities:
<span style="color:var(--good)">green</span> the true class, <span style="color:var(--bad)">red</span> a wrong answer.
Mutual information is the part of the entropy that comes from not knowing the weights; the rest is in the digit.</p>
${digitCards(evaluation.leastCertain)}
<h3>… and the ones it is most sure about, no class twice</h3>
${digitCards(evaluation.mostCertain)}
</section>`
}

function rotated({ evaluation, run }: ReportInput, figures: readonly Figure[]): Html | null {
  if (figures.length === 0) return null
  const steps = evaluation.rotation.filter((step) => step.degrees % 30 === 0)
  return html`<section>
<h2>Turning the digits</h2>
<p>The first ${run.settings.rotatedDigits} test digits, turned counter-clockwise in steps. No network has seen a turned digit. Means over the digits, ${evaluation.samples} draws each.</p>
${charts(figures)}
<h3>One of them, step by step</h3>
${digitCards(
  steps.map((step) => step.example),
  steps.map((step) => `${step.degrees}°`),
)}
</section>`
}

function onnx({ export: exported, prediction }: ReportInput): Html {
  if (exported === null)
    return html`<section><h2>The same network in onnxruntime</h2><p>This run was not exported: the commands <code>export</code> and <code>predict</code> do that.</p></section>`
  const rows = exported.files.map((file) => {
    const score = prediction?.scores.find((one) => one.kind === file.kind)
    if (score === undefined) return [file.file, megabytes(file.bytes), '', '', '', '', '', '']
    return [
      file.file,
      megabytes(file.bytes),
      score.samples === null ? integer(score.rows) : `${integer(score.rows)} × ${score.samples}`,
      percent(score.error),
      decimals(score.nll),
      decimals(score.entropy),
      duration(score.seconds),
      score.largestDifference === null ? '–' : scientific(score.largestDifference),
    ]
  })
  const numeric = ['size', 'rows × draws', 'error', 'NLL', 'entropy', 'time', 'difference to tfjs']
  return html`<section>
<h2>The same network in onnxruntime</h2>
<p>${titleOf(exported.model)}, exported with its means, with its noise as an input and with its noise drawn in the graph, and run by onnxruntime-node${prediction === null ? '' : ` (${prediction.provider})`}.
With the noise as an input both engines get the same numbers, and the largest difference over all outputs (probabilities, entropies, mutual information) is rounding;
with the noise drawn inside, the draws are others and the figures agree up to Monte-Carlo error.</p>
${tableHtml({
  columns: [{ heading: 'file' }, ...numeric.map((heading) => ({ heading, numeric: true }))],
  rows,
})}
</section>`
}

function provenance({ run, training, export: exported }: ReportInput): Html {
  const { settings, machine } = run
  const entries: [string, string][] = [
    ['seed', String(settings.seed)],
    [
      'data',
      `${integer(settings.trainRows)} to train, ${integer(settings.validationRows)} to validate and choose, ${integer(settings.testRows)} to test once`,
    ],
    [
      'networks',
      `784-${settings.hidden}-${settings.hidden}-10, ReLU; ${training.models.map((m) => `${titleOf(m.name)}: ${integer(m.parameters)} parameters`).join('; ')}`,
    ],
    ['prior', `N(0, ${PRIOR_SIGMA}²) on every weight and bias`],
    ['start', 'He-normal means from the seed, σ = softplus(−4) ≈ 0.018'],
    [
      'optimizer',
      `Adam, learning rate 0.001, batches of ${settings.batchSize}, ${settings.epochs} epochs, KL / N with N = ${integer(settings.trainRows)}`,
    ],
    ['draws', `S = ${settings.samples}`],
    ['backend', `${run.backend.name}: ${run.backend.message}`],
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${machine.platform}`],
    [
      'versions',
      Object.entries(run.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ...(exported === null ? [] : ([['exported', `${exported.files.map((file) => file.file).join(', ')}`]] as [string, string][])),
  ]
  return html`<section>
<h2>Settings and versions</h2>
<dl>${entries.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>
</section>`
}
