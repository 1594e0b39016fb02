import type { Experiment } from './framework/experiment.ts'
import { mnistTable } from './mnistTable/mnistTable.ts'

/** Every experiment, in the order in which the help lists them. */
export const EXPERIMENTS: readonly Experiment[] = [mnistTable]
