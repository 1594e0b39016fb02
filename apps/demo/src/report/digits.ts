import { decimals, percent, scientific } from '../format.ts'
import { IMAGE_SIDE } from '../mnist/idx.ts'
import type { JudgedDigit } from '../run/evaluationFile.ts'
import { type Html, html } from './html.ts'
import { pngDataUri } from './pngDataUri.ts'

/**
 * Test digits as cards: the picture, the predictive distribution as ten bars, and what is uncertain about it.
 *
 * @param captions one above each picture, or none
 */
export function digitCards(digits: readonly JudgedDigit[], captions: readonly string[] = []): Html {
  return html`<ul class="digits">${digits.map((digit, i) => card(digit, captions[i]))}</ul>`
}

function card(digit: JudgedDigit, caption: string | undefined): Html {
  const answer = digit.probabilities.indexOf(Math.max(...digit.probabilities))
  const right = answer === digit.label
  const image = pngDataUri(Buffer.from(digit.pixels, 'base64'), IMAGE_SIDE)
  return html`<li class="digit">
${caption === undefined ? null : html`<p class="caption">${caption}</p>`}
<img src="${image}" width="84" height="84" alt="Test digit ${digit.index}, a ${digit.label}">
<div class="bars" role="img" aria-label="${digit.probabilities.map((p, k) => `${k}: ${percent(p, 1)}`).join(', ')}">${digit.probabilities.map(
    (probability, k) => bar(probability, k, digit.label, answer),
  )}</div>
<div class="classes" aria-hidden="true">${digit.probabilities.map((_, k) => html`<span>${k}</span>`)}</div>
<p><b>${answer}</b> at ${percent(digit.probabilities[answer]!, 1)}<br>${right ? html`<span class="good">✓ right</span>` : html`<span class="bad">✗ it is ${digit.label}</span>`}</p>
<p class="note">entropy ${small(digit.entropy)}<br><abbr title="mutual information">mut. inf.</abbr> ${small(digit.mutualInformation)}</p>
</li>`
}

function bar(probability: number, k: number, label: number, answer: number): Html {
  const kind = k === label ? 'right' : k === answer ? 'wrong' : ''
  return html`<i class="${kind}" style="height:${(100 * probability).toFixed(1)}%" title="${k}: ${percent(probability, 1)}"></i>`
}

/** Three decimals, or what is left of a number that has none there. */
const small = (value: number): string => (value < 0.001 ? scientific(value) : decimals(value, 3))
