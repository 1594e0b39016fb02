import type { JudgingChoice } from '../shared/train.ts'

/** What all rows share. */
export interface TableSettings extends JudgingChoice {
  readonly trainRows: number
  readonly validationRows: number
  readonly testRows: number
}
