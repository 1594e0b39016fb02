/** Colours of the report and its figures as CSS custom properties, for light and dark surroundings. */

type Scheme = Readonly<
  Record<
    'ink' | 'muted' | 'rule' | 'page' | 'card' | 'accent' | `series-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}` | 'good' | 'bad',
    string
  >
>

/** Series colours keep apart for colour-blind readers; every curve is also told by its dash or its label. */
const LIGHT: Scheme = {
  ink: '#1c2430',
  muted: '#5d6877',
  rule: '#dde2e8',
  page: '#f6f7f9',
  card: '#ffffff',
  accent: '#1f5fbf',
  'series-1': '#b4560d',
  'series-2': '#d99a1c',
  'series-3': '#1f5fbf',
  'series-4': '#6b7684',
  'series-5': '#1f7a4d',
  'series-6': '#8a3ea8',
  'series-7': '#0b8a94',
  'series-8': '#c2347a',
  good: '#1f7a4d',
  bad: '#b3261e',
}

const DARK: Scheme = {
  ink: '#e7ebf0',
  muted: '#9aa6b5',
  rule: '#303946',
  page: '#12161c',
  card: '#1a2029',
  accent: '#74a9ff',
  'series-1': '#f08d49',
  'series-2': '#f2c94c',
  'series-3': '#74a9ff',
  'series-4': '#9aa6b5',
  'series-5': '#5fd095',
  'series-6': '#c792ea',
  'series-7': '#4fd1d9',
  'series-8': '#ff8ac4',
  good: '#5fd095',
  bad: '#ff8a80',
}

/** The style rules that define the colours on `:root` and follow the reader's colour scheme. */
export const PALETTE_CSS: string = `:root{color-scheme:light dark;${rules(LIGHT)}}@media (prefers-color-scheme: dark){:root{${rules(DARK)}}}`

/** A colour of the palette as CSS. */
export const color = (name: keyof Scheme): string => `var(--${name})`

const SERIES: readonly string[] = ([1, 2, 3, 4, 5, 6, 7, 8] as const).map((index) => color(`series-${index}`))

/** The colour of the contestant at a place in the list of contestants. */
export const seriesColor = (index: number): string => SERIES[index % SERIES.length]!

function rules(scheme: Scheme): string {
  return Object.entries(scheme)
    .map(([name, value]) => `--${name}:${value};`)
    .join('')
}
