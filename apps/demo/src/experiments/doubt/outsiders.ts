/** What is held against digits. */
export const OUTSIDERS = ['shuffled pixels', 'uniform noise', 'digits turned by 90°'] as const

export type Outsider = (typeof OUTSIDERS)[number]
