import { doubt } from './doubt/doubt.ts'
import { estimatorRace } from './estimatorRace/estimatorRace.ts'
import type { Experiment } from './framework/experiment.ts'
import { gradientNoise } from './gradientNoise/gradientNoise.ts'
import { mnistTable } from './mnistTable/mnistTable.ts'
import { overPruning } from './overPruning/overPruning.ts'
import { pruning } from './pruning/pruning.ts'
import { regression } from './regression/regression.ts'

/** Every experiment, in the order in which the help lists them. */
export const EXPERIMENTS: readonly Experiment[] = [
  mnistTable,
  pruning,
  doubt,
  regression,
  estimatorRace,
  gradientNoise,
  overPruning,
]
